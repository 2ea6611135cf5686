"""What staff do with a message of the intake ledger: try it again, or ask for a ticket of it."""

from sqlmodel import Session

from app.desk.events import audit_of
from app.kit.db import wake_after_commit
from app.kit.errors import Conflict, NotFound
from app.kit.wake import Topic
from app.models import InboundMail, LedgerState
from app.models.base import Id, Instant
from app.store import mail

# What ended without anything that staff work on.
RETRYABLE = frozenset({LedgerState.QUARANTINED, LedgerState.REFUSED})


def get_message(session: Session, mail_id: Id, *, lock: bool = False) -> InboundMail:
    """Return a message of the ledger; NotFound when there is none."""
    row = mail.find(session, mail_id, lock=lock)
    if row is None:
        raise NotFound(f"there is no message {mail_id}", field="mail_id")
    return row


def retry(session: Session, mail_id: Id, *, actor: str, now: Instant) -> InboundMail:
    """Let a quarantined or refused message walk the steps again; a minimal ticket stays."""
    row = get_message(session, mail_id, lock=True)
    if row.state not in RETRYABLE:
        raise Conflict(
            f"the message is {row.state.value}, not quarantined or refused",
            remedy="Ask for a ticket of its own instead.",
        )
    return _again(session, row, "inbound_mail.retried", actor=actor, now=now)


def make_ticket(session: Session, mail_id: Id, *, actor: str, now: Instant) -> InboundMail:
    """Let a message open a ticket of its own, whatever the steps made of it.

    For what was refused, taken for a duplicate or joined to the wrong ticket, where it stays as
    well.
    """
    row = get_message(session, mail_id, lock=True)
    if row.state in {LedgerState.RECEIVED, LedgerState.OPENED}:
        raise Conflict(
            "the message has opened a ticket already"
            if row.state is LedgerState.OPENED
            else "the message is still to be processed"
        )
    row.open_anyway = True
    return _again(session, row, "inbound_mail.ticket_asked", actor=actor, now=now)


def _again(
    session: Session, row: InboundMail, action: str, *, actor: str, now: Instant
) -> InboundMail:
    before: dict[str, object] = {"state": row.state.value, "reason": row.reason}
    row.state = LedgerState.RECEIVED
    row.next_at = now
    audit_of(session, "inbound_mail", row.id, action, now=now, actor=actor, before=before)
    wake_after_commit(session, Topic.LEDGER)
    return row
