"""The ticket's log: what can happen to a ticket, and how it is written down."""

from sqlmodel import Session

from app.kit.db import append_row, wake_after_commit
from app.kit.wake import Topic
from app.models import Event, Ticket, TicketEvent
from app.models.base import Id, Instant
from app.models.system import AuditEntry

# Actors that are not people of ours.
CUSTOMER = "customer"
DESK = "desk"
# Whoever runs the command on the machine itself.
OPERATOR = "operator"


def record(
    session: Session,
    ticket: Ticket,
    kind: Event,
    *,
    at: Instant,
    now: Instant,
    actor: str,
    **data: object,
) -> None:
    """Write down that something happened to the ticket at ``at``."""
    append_row(
        session,
        TicketEvent,
        ticket_id=ticket.id,
        kind=kind.value,
        at=at,
        recorded_at=now,
        actor=actor,
        data=data,
    )
    wake_after_commit(session, Topic.FEED)


def audit(
    session: Session,
    ticket: Ticket,
    action: str,
    *,
    now: Instant,
    actor: str,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    """Write down who changed what; the ticket's version counts up with it."""
    ticket.version += 1
    ticket.updated_at = now
    audit_of(session, "ticket", ticket.id, action, now=now, actor=actor, before=before, after=after)


def is_audited(session: Session) -> bool:
    """Return whether anything was written down in this transaction."""
    return bool(session.info.get("audited"))


def audit_of(
    session: Session,
    subject: str,
    subject_id: Id | None,
    action: str,
    *,
    now: Instant,
    actor: str,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    """Write down who changed something that is no ticket: an agreement, a policy, a window."""
    session.info["audited"] = True
    append_row(
        session,
        AuditEntry,
        at=now,
        actor=actor,
        action=action,
        subject=subject,
        subject_id=subject_id,
        before=before,
        after=after,
    )
