"""Clocks and the steps that their ladders have taken."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from app.models import Clock, LadderStep
from app.models.base import Id


def of_ticket(session: Session, ticket_id: Id) -> Sequence[Clock]:
    """Return the ticket's clocks."""
    return session.exec(select(Clock).where(Clock.ticket_id == ticket_id)).all()


def of_tickets(session: Session, ticket_ids: Sequence[Id]) -> Sequence[Clock]:
    """Return the clocks of these tickets."""
    return session.exec(select(Clock).where(col(Clock.ticket_id).in_(ticket_ids))).all()


def claim_due(session: Session, now: datetime, limit: int) -> Sequence[Clock]:
    """Lock the clocks whose alarm is due, longest due first, leaving out what others hold."""
    query = (
        select(Clock)
        .where(col(Clock.next_alarm_at) <= now)
        .order_by(col(Clock.next_alarm_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.exec(query).all()


def claim(session: Session, ids: Sequence[Id]) -> Sequence[Clock]:
    """Lock these clocks, leaving out what others hold."""
    query = select(Clock).where(col(Clock.id).in_(ids)).with_for_update(skip_locked=True)
    return session.exec(query).all()


def next_alarm(session: Session) -> datetime | None:
    """Return when the next alarm is due; None when no clock waits for one."""
    query = (
        select(Clock.next_alarm_at)
        .where(col(Clock.next_alarm_at).is_not(None))
        .order_by(col(Clock.next_alarm_at))
        .limit(1)
    )
    return session.exec(query).first()


def steps(session: Session, clock_id: Id, run: int) -> Sequence[LadderStep]:
    """Return what this run of the clock's ladder has done, in order."""
    query = (
        select(LadderStep)
        .where(LadderStep.clock_id == clock_id, LadderStep.run == run)
        .order_by(col(LadderStep.fired_at), col(LadderStep.id))
    )
    return session.exec(query).all()


def steps_of_ticket(session: Session, ticket_id: Id) -> Sequence[LadderStep]:
    """Return every step taken for a ticket, in order."""
    query = (
        select(LadderStep)
        .where(LadderStep.ticket_id == ticket_id)
        .order_by(col(LadderStep.fired_at), col(LadderStep.id))
    )
    return session.exec(query).all()
