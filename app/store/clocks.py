"""Clocks and the steps that their ladders have taken."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ScalarSelect
from sqlmodel import Session, col, select

from app.models import Clock, LadderStep
from app.models.base import Id
from app.sla.terms import Severity

RANKS = tuple(severity.rank for severity in Severity)


def _next_of(urgency: int) -> ScalarSelect[datetime | None]:
    """Return the first entry of one urgency's stretch of the index."""
    return (
        select(Clock.next_alarm_at)
        .where(Clock.urgency == urgency, col(Clock.next_alarm_at).is_not(None))
        .order_by(col(Clock.next_alarm_at))
        .limit(1)
        .scalar_subquery()
    )


_NEXT_ALARMS = select(*[_next_of(rank) for rank in RANKS])


def of_ticket(session: Session, ticket_id: Id) -> Sequence[Clock]:
    """Return the ticket's clocks."""
    return session.exec(select(Clock).where(Clock.ticket_id == ticket_id)).all()


def claim_due(
    session: Session, now: datetime, limit: int, urgencies: Iterable[int] = RANKS
) -> list[Clock]:
    """Lock the clocks whose alarm is due, leaving out what others hold.

    The worst tickets' come first, and of equals what has been due longest. ``urgencies`` are those
    of which something is due, where that is known.
    """
    found: list[Clock] = []
    for urgency in sorted(urgencies):
        if len(found) == limit:
            break
        query = (
            select(Clock)
            .where(Clock.urgency == urgency, col(Clock.next_alarm_at) <= now)
            .order_by(col(Clock.next_alarm_at))
            .limit(limit - len(found))
            .with_for_update(skip_locked=True)
        )
        found += session.exec(query)
    return found


def claim(session: Session, ids: Sequence[Id]) -> Sequence[Clock]:
    """Lock these clocks, leaving out what others hold."""
    query = select(Clock).where(col(Clock.id).in_(ids)).with_for_update(skip_locked=True)
    return session.exec(query).all()


def next_alarms(session: Session) -> dict[int, datetime]:
    """Return when the next alarm of each urgency is due; those that wait for none are left out."""
    found = session.connection().execute(_NEXT_ALARMS).one()
    return {rank: at for rank, at in zip(RANKS, found, strict=True) if at is not None}


def next_alarm(session: Session) -> datetime | None:
    """Return when the next alarm is due; None when no clock waits for one."""
    return min(next_alarms(session).values(), default=None)


def steps(session: Session, clock_id: Id, run: int) -> Sequence[LadderStep]:
    """Return what this run of the clock's ladder has done, in order."""
    query = (
        select(LadderStep)
        .where(LadderStep.clock_id == clock_id, LadderStep.run == run)
        .order_by(col(LadderStep.fired_at), col(LadderStep.id))
    )
    return session.exec(query).all()


def steps_of(session: Session, claimed: Sequence[Clock]) -> dict[Id, list[LadderStep]]:
    """Return what the present run of each of these clocks has done, in order."""
    found: dict[Id, list[LadderStep]] = {clock.id: [] for clock in claimed}
    runs = {clock.id: clock.run for clock in claimed}
    query = (
        select(LadderStep)
        .where(col(LadderStep.clock_id).in_(runs))
        .order_by(col(LadderStep.fired_at), col(LadderStep.id))
    )
    for row in session.exec(query):
        if row.run == runs[row.clock_id]:
            found[row.clock_id].append(row)
    return found


def steps_of_ticket(session: Session, ticket_id: Id) -> Sequence[LadderStep]:
    """Return every step taken for a ticket, in order."""
    query = (
        select(LadderStep)
        .where(LadderStep.ticket_id == ticket_id)
        .order_by(col(LadderStep.fired_at), col(LadderStep.id))
    )
    return session.exec(query).all()
