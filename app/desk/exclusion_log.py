"""How an exclusion is written in a ticket's log: what its clocks are folded from."""

from datetime import datetime

from sqlmodel import Session

from app.desk.events import record
from app.models import Event, Exclusion, Ticket


def log_exclusion(
    session: Session, ticket: Ticket, exclusion: Exclusion, *, now: datetime, actor: str
) -> None:
    """Write from when to when time does not count; both may lie ahead."""
    record(
        session,
        ticket,
        Event.EXCLUDED,
        at=exclusion.starts_at,
        now=now,
        actor=actor,
        exclusion=str(exclusion.id),
        because=exclusion.kind.value,
        reason=exclusion.reason,
    )
    if exclusion.ends_at is not None:
        log_end(session, ticket, exclusion, at=exclusion.ends_at, now=now, actor=actor)


def log_end(
    session: Session,
    ticket: Ticket,
    exclusion: Exclusion,
    *,
    at: datetime,
    now: datetime,
    actor: str,
) -> None:
    """Write that time counts again from ``at`` on."""
    record(
        session,
        ticket,
        Event.INCLUDED,
        at=at,
        now=now,
        actor=actor,
        exclusion=str(exclusion.id),
    )
