"""The exclusion that a maintenance window makes by itself on a ticket."""

from datetime import datetime

from sqlmodel import Session

from app.desk.events import DESK
from app.desk.exclusion_log import log_exclusion
from app.models import Exclusion, ExclusionStatus, MaintenanceWindow, Ticket
from app.sla.terms import Exclusion as Kind


def exclude_window(
    session: Session, ticket: Ticket, window: MaintenanceWindow, *, now: datetime
) -> Exclusion:
    """Exclude the time that was announced, and no more: work that goes on past it counts.

    A window that was broken off while it lasted excludes what it covered until then.
    """
    exclusion = Exclusion(
        ticket_id=ticket.id,
        kind=Kind.PLANNED_MAINTENANCE,
        status=ExclusionStatus.IN_FORCE,
        starts_at=window.starts_at,
        ends_at=window.cancelled_at or window.ends_at,
        reason=window.title,
        evidence=f"Announced {window.created_at.isoformat(timespec='seconds')}.",
        window_id=window.id,
        created_at=now,
    )
    session.add(exclusion)
    log_exclusion(session, ticket, exclusion, now=now, actor=DESK)
    return exclusion
