"""What Twilio tells of a call while nobody waits for an answer: its end, and what was said."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from app.desk.call_report import CallReport
from app.desk.calls import record_call
from app.desk.house import House
from app.kit.db import Database
from app.models import CallOutcome
from app.outbox.twilio.webhook import Webhook
from intake.phone.line import SOURCE

# How a call of a customer's ended, where nobody of ours took it. "completed" is what Twilio calls
# every call that its script has answered.
OUTCOMES = {
    "completed": CallOutcome.ABANDONED,
    "canceled": CallOutcome.ABANDONED,
    "no-answer": CallOutcome.MISSED,
    "busy": CallOutcome.BUSY,
    "failed": CallOutcome.FAILED,
}


def end_call(db: Database, house: House, hook: Webhook) -> None:
    """Note that a call is over: whoever hung up early has a ticket all the same.

    What else is known, that a person took it or a message was left, counts for more, whichever is
    told first.
    """
    outcome = OUTCOMES.get(hook.get("CallStatus"))
    if outcome is None or not hook.get("CallSid"):
        return
    ended = parse_moment(hook.get("Timestamp")) or hook.now
    length = hook.get("CallDuration")
    report = ended_call(
        house,
        sid=hook.get("CallSid"),
        numbers=(hook.get("From"), hook.get("To")),
        started=ended - timedelta(seconds=int(length) if length.isdecimal() else 0),
        ended=ended,
        outcome=outcome,
    )
    with db.writing() as session:
        record_call(session, house, report, now=hook.now)


def ended_call(
    house: House,
    *,
    sid: str,
    numbers: tuple[str, str],
    started: datetime,
    ended: datetime,
    outcome: CallOutcome,
) -> CallReport:
    """Return the report of a call that is over; one that came while the desk was closed says so."""
    is_open = house.policy.calendar().is_open(started)
    abandoned = outcome is CallOutcome.ABANDONED
    return CallReport(
        source=SOURCE,
        external_id=sid,
        from_number=numbers[0],
        to_number=numbers[1],
        started_at=started,
        ended_at=ended,
        outcome=CallOutcome.AFTER_HOURS if abandoned and not is_open else outcome,
    )


def keep_transcript(db: Database, house: House, hook: Webhook) -> None:
    """Keep what was understood of a message, in whichever order its parts come."""
    text, part = _understood(hook)
    sid = hook.query.get("call") or hook.get("CallSid")
    if not text or not sid:
        return
    report = CallReport(
        source=SOURCE,
        external_id=sid,
        from_number=hook.query.get("caller", ""),
        to_number=hook.query.get("line", ""),
        transcript_part=(part, text),
    )
    with db.writing() as session:
        record_call(session, house, report, now=hook.now)


def _understood(hook: Webhook) -> tuple[str, int]:
    """Return a part of what was said, and its place among the parts.

    A message that is transcribed as a whole comes as ``TranscriptionText``; one that is transcribed
    while it is spoken comes in numbered parts.
    """
    whole = hook.get("TranscriptionText")
    if whole:
        return whole, 0
    if hook.get("TranscriptionEvent") != "transcription-content":
        return "", 0
    if hook.get("Final").lower() == "false":
        return "", 0
    try:
        said = json.loads(hook.get("TranscriptionData") or "{}")
    except ValueError:
        return "", 0
    place = hook.get("SequenceId")
    text = said.get("transcript", "") if isinstance(said, dict) else ""
    return str(text), int(place) if place.isdecimal() and len(place) < 9 else 0


def parse_moment(written: str) -> datetime | None:
    """Return a time of Twilio's (RFC 2822); None for what is none."""
    try:
        at = parsedate_to_datetime(written)
    except (ValueError, TypeError, IndexError):
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
