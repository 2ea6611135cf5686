"""Numbers that want no SMS: by the word of their owners, until they say otherwise."""

import re
from datetime import UTC, datetime
from typing import Final

from sqlmodel import Session

from app.desk.events import CUSTOMER
from app.kit.db import append_row
from app.models import AuditEntry, MailStop
from app.store import quiet

# STOPP is the Norwegian word, and Twilio does not know it.
_STOP: Final = frozenset({"stop", "stopp", "stopall", "unsubscribe", "avmeld"})
_START: Final = frozenset({"start", "ja", "unstop", "yes"})
_FOR_EVER: Final = datetime(9999, 12, 31, tzinfo=UTC)


def says_stop(text: str) -> bool:
    """Tell whether an SMS asks for no more of them: the word alone, however it is written."""
    return _word(text) in _STOP


def says_start(text: str) -> bool:
    """Tell whether an SMS takes that back; of a number that has not stopped them it means other."""
    return _word(text) in _START


def has_stopped(session: Session, number: str, *, now: datetime) -> bool:
    """Tell whether a number wants no SMS."""
    return bool(quiet.no_sms(session, {number}, now))


def stop_sms(session: Session, number: str, *, now: datetime, reason: str) -> None:
    """Send no SMS to a number any more."""
    if has_stopped(session, number, now=now):
        return
    stop = MailStop(scope=quiet.NO_SMS + number, since=now, until=_FOR_EVER, reason=reason)
    quiet.put_stop(session, stop)
    _audit(session, "sms.stopped", number, reason, now=now)


def start_sms(session: Session, number: str, *, now: datetime) -> None:
    """Let a number have SMS again."""
    quiet.lift(session, quiet.NO_SMS + number)
    _audit(session, "sms.started", number, "", now=now)


def _audit(session: Session, action: str, number: str, reason: str, *, now: datetime) -> None:
    append_row(
        session,
        AuditEntry,
        at=now,
        actor=CUSTOMER,
        action=action,
        subject="sms",
        subject_id=None,
        before=None,
        after={"number": number, "reason": reason},
    )


def _word(text: str) -> str:
    return re.sub(r"[^\w]+", "", text).casefold()
