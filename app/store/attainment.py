"""What was promised in a month and what was kept, counted from the clocks' rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case
from sqlmodel import Session, col, func, select

from app.models import Clock, Ticket
from app.models.base import Id
from app.sla.terms import ClockKind, Severity
from app.store.ticket_lists import Condition


@dataclass(frozen=True, slots=True)
class Counted:
    """Promises of one kind on tickets of one customer and severity."""

    # None for tickets of nobody's.
    customer_id: Id | None
    kind: ClockKind
    severity: Severity
    promised: int
    # Met, and never broken.
    kept: int
    # Broken, whether it was met later or not.
    broken: int


def count(
    session: Session,
    since: datetime,
    until: datetime,
    *,
    customers: Sequence[Id] = (),
    visible: Sequence[Condition] = (),
) -> list[Counted]:
    """Count the promises on tickets that were received from ``since`` on and before ``until``.

    A part of another ticket is not counted: its promises are that one's.
    """
    broken = col(Clock.breached_at).is_not(None)
    kept = col(Clock.met_at).is_not(None) & ~broken
    query = (
        select(  # type: ignore[call-overload] # more columns than SQLModel has spelled out
            Ticket.customer_id,
            Clock.kind,
            Ticket.severity,
            func.count(),
            func.sum(case((kept, 1), else_=0)),
            func.sum(case((broken, 1), else_=0)),
        )
        .join(Ticket, col(Ticket.id) == col(Clock.ticket_id))
        .where(
            col(Ticket.received_at) >= since,
            col(Ticket.received_at) < until,
            col(Ticket.merged_into_id).is_(None),
            *visible,
        )
        .group_by(col(Ticket.customer_id), col(Clock.kind), col(Ticket.severity))
    )
    if customers:
        query = query.where(col(Ticket.customer_id).in_(customers))
    return [Counted(*row) for row in session.exec(query)]
