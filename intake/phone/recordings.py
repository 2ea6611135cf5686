"""Fetches what callers have left, and keeps it on their tickets; apart from any request.

A recording is fetched by its id from the account that is set up, whatever address was posted, so
that nobody can have this machine fetch anything else.
"""

import re
from datetime import datetime, timedelta
from typing import Final, Protocol

from app.desk.call_words import entry
from app.desk.events import DESK, audit
from app.desk.house import House
from app.desk.tickets import StoredAttachment, keep_files
from app.kit.clock import Clock
from app.kit.db import Database
from app.kit.errors import OutsideError, PermanentError
from app.kit.log import logger
from app.models import Call, Message
from app.models.base import Id
from app.store import calls, tickets

log = logger("recordings")
BATCH: Final = 10
_SID: Final = re.compile(r"RE[0-9a-f]{32}")
# A recording is there seconds after the call, as a rule; then ever more rarely, for three days.
_AGAIN: Final = (
    *(timedelta(seconds=10), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10)),
    *(timedelta(hours=1),) * 6,
    *(timedelta(hours=6),) * 11,
)


class Recorder(Protocol):
    """Who has the recordings."""

    def recording(self, sid: str) -> bytes:
        """Return a recording's sound; raise an ``OutsideError``."""
        ...


class Recordings:
    """Fetches what is due."""

    def __init__(self, db: Database, house: House, clock: Clock, recorder: Recorder) -> None:
        self._db = db
        self._house = house
        self._clock = clock
        self._recorder = recorder

    def pass_once(self) -> int:
        """Fetch the recordings that are due; return how many there were."""
        now = self._clock.now()
        with self._db.reading() as session:
            due = calls.due_fetches(session, now, BATCH)
        for call in due:
            self._fetch(call)
        return len(due)

    def _fetch(self, call: Call) -> None:
        try:
            match = _SID.search(call.recording_url)
            if match is None:
                raise PermanentError("this is no recording of Twilio's.")
            sound = self._recorder.recording(match[0])
        except OutsideError as error:
            log.warning("recording not fetched", call=str(call.id), error=str(error))
            self._later(call.id, error)
            return
        self._keep(call.id, match[0], sound)

    def _keep(self, call_id: Id, sid: str, sound: bytes) -> None:
        now = self._clock.now()
        with self._db.writing() as session:
            call = calls.find(session, call_id, lock=True)
            # Another process got there first, or the call has another recording by now.
            if call is None or call.fetch_at is None or sid not in call.recording_url:
                return
            call.fetch_at, call.fetch_error = None, None
            call.fetch_tries += 1
            ticket = tickets.find(session, call.ticket_id, lock=True) if call.ticket_id else None
            message = session.get(Message, call.message_id) if call.message_id else None
            if ticket is None or message is None:
                return
            name = f"{call.started_at.astimezone(self._house.settings.zone):%Y-%m-%d-%H%M}.mp3"
            file = StoredAttachment(
                name=name, declared_type="audio/mpeg", sniffed_type="audio/mpeg", data=sound
            )
            keep_files(session, message.id, [file])
            message.text = entry(call, ticket.language)
            audit(session, ticket, "call.recorded", now=now, actor=DESK, after={"file": name})

    def _later(self, call_id: Id, error: OutsideError) -> None:
        with self._db.writing() as session:
            call = calls.find(session, call_id, lock=True)
            if call is None or call.fetch_at is None:
                return
            call.fetch_at = next_try(call.fetch_tries, error, now=self._clock.now())
            call.fetch_tries += 1
            call.fetch_error = str(error)


def next_try(tries: int, error: OutsideError, *, now: datetime) -> datetime | None:
    """Return when a recording is fetched again; None when it is given up."""
    if isinstance(error, PermanentError) or tries >= len(_AGAIN):
        return None
    return now + _AGAIN[tries]
