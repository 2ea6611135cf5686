"""Twilio's side of the line: its webhooks, each answered in time with a script that is valid.

While the database is slow or away, a step goes on without it: the caller is greeted, may choose,
and leaves a message, whose callback bears all that the ticket needs. A callback that could not be
written down is answered with 503, and Twilio's own list of calls is asked later besides
(``intake.phone.lost``).
"""

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.desk.house import House
from app.kit.db import Database
from app.kit.errors import Unavailable
from app.outbox.twilio.script import Script
from app.outbox.twilio.webhook import FromTwilio, Webhook, promptly
from intake.phone import told
from intake.phone.bridge import Bridge
from intake.phone.line import PATH, Line

router = APIRouter(prefix=PATH, include_in_schema=False)
# Twilio waits for 15 s. A caller would rather wait for three than be sent to a voicemail because
# the database was busy for half a second.
_SAID_WITHIN_S = 3.0
# Nobody waits for these with a telephone at the ear.
_TOLD_WITHIN_S = 5.0


@router.post("")
async def answer(request: Request, hook: FromTwilio) -> Response:
    """Answer a call."""
    line = _line(request, hook)
    return await _script(line.greet, line.greet_anybody)


@router.post("/choice")
async def choice(request: Request, hook: FromTwilio) -> Response:
    """Take the caller's choice."""
    line = _line(request, hook)
    return await _script(line.choose, lambda: line.chosen().leave_message())


@router.post("/connect")
async def connect(request: Request, hook: FromTwilio) -> Response:
    """Ring the next person on call."""
    line = _line(request, hook)
    return await _script(line.connect, line.leave_message)


@router.post("/whisper")
async def whisper(request: Request, hook: FromTwilio) -> Response:
    """Tell whoever picked up what it is about."""
    return _said(_line(request, hook).whisper())


@router.post("/accept")
async def accept(request: Request, hook: FromTwilio) -> Response:
    """Connect the two, or not."""
    line = _line(request, hook)
    return await _script(line.accept, line.accept_blindly)


@router.post("/left")
async def left(request: Request, hook: FromTwilio) -> Response:
    """Thank for a message."""
    line = _line(request, hook)
    return await _script(line.left, line.thank)


@router.post("/recording")
async def recording(request: Request, hook: FromTwilio) -> Response:
    """Take up a recording."""
    return await _noted(_line(request, hook).keep_recording)


@router.post("/transcription")
async def transcription(request: Request, hook: FromTwilio) -> Response:
    """Take up what was understood of a message."""
    db, house = _desk(request)
    return await _noted(lambda: told.keep_transcript(db, house, hook))


@router.post("/status")
async def status(request: Request, hook: FromTwilio) -> Response:
    """Note that a call is over."""
    db, house = _desk(request)
    return await _noted(lambda: told.end_call(db, house, hook))


@router.post("/bridge")
async def bridge(request: Request, hook: FromTwilio) -> Response:
    """Call the customer back, for the agent who has just picked up."""
    return _said(Bridge(*_desk(request), hook).connect())


@router.post("/bridged")
async def bridged(request: Request, hook: FromTwilio) -> Response:
    """Note how calling back went."""
    made = Bridge(*_desk(request), hook)
    return await _script(made.note, made.end)


async def _script(work: Callable[[], Script], otherwise: Callable[[], Script]) -> Response:
    return _said(await promptly(work, otherwise, within_s=_SAID_WITHIN_S))


async def _noted(work: Callable[[], None]) -> Response:
    def is_away() -> None:
        raise Unavailable("this could not be written down", remedy="Send it again.")

    await promptly(work, is_away, within_s=_TOLD_WITHIN_S)
    return Response(status_code=204)


def _line(request: Request, hook: Webhook) -> Line:
    return Line.of(*_desk(request), hook)


def _desk(request: Request) -> tuple[Database, House]:
    return request.app.state.db, request.app.state.house


def _said(script: Script) -> Response:
    return Response(str(script), media_type="text/xml")
