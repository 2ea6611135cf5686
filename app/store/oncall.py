"""Schedules, how people are reached, their leave, and pages."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, func, select

from app.models import Agent, ContactMethod, Leave, ScheduleVersion
from app.models.base import Id
from app.sla.ladder import PageChannel


def schedules_in_force(session: Session) -> Sequence[ScheduleVersion]:
    """Return the newest version of every schedule, by name."""
    newest = (
        select(ScheduleVersion.name, func.max(ScheduleVersion.version).label("version"))
        .group_by(col(ScheduleVersion.name))
        .subquery()
    )
    query = (
        select(ScheduleVersion)
        .join(
            newest,
            (col(ScheduleVersion.name) == newest.c.name)
            & (col(ScheduleVersion.version) == newest.c.version),
        )
        .order_by(col(ScheduleVersion.name))
    )
    return session.exec(query).all()


def newest_schedule(session: Session, name: str) -> ScheduleVersion | None:
    """Return the schedule in force; None when there never was one of this name."""
    query = (
        select(ScheduleVersion)
        .where(ScheduleVersion.name == name)
        .order_by(col(ScheduleVersion.version).desc())
        .limit(1)
    )
    return session.exec(query).first()


def methods(session: Session) -> Sequence[ContactMethod]:
    """Return everybody's methods, each person's in the person's own order."""
    query = select(ContactMethod).order_by(
        col(ContactMethod.agent_id), col(ContactMethod.position), col(ContactMethod.id)
    )
    return session.exec(query).all()


def methods_of(session: Session, agent_id: Id) -> Sequence[ContactMethod]:
    """Return one person's methods in their order."""
    query = (
        select(ContactMethod)
        .where(ContactMethod.agent_id == agent_id)
        .order_by(col(ContactMethod.position), col(ContactMethod.id))
    )
    return session.exec(query).all()


def find_method(session: Session, method_id: Id, *, lock: bool = False) -> ContactMethod | None:
    """Return a method; None when there is no such id."""
    query = select(ContactMethod).where(ContactMethod.id == method_id)
    return session.exec(query.with_for_update() if lock else query).first()


def find_by_phone(session: Session, number: str) -> Agent | None:
    """Return the active agent who has verified this number; None when nobody has."""
    query = (
        select(Agent)
        .join(ContactMethod, col(ContactMethod.agent_id) == col(Agent.id))
        .where(
            ContactMethod.address == number,
            col(ContactMethod.channel).in_([PageChannel.SMS, PageChannel.VOICE]),
            col(ContactMethod.verified_at).is_not(None),
            col(Agent.active).is_(True),
        )
        .order_by(col(ContactMethod.verified_at))
    )
    return session.exec(query).first()


def remove_method(session: Session, method: ContactMethod) -> None:
    """Forget a method."""
    session.delete(method)


def leave_after(session: Session, at: datetime) -> Sequence[Leave]:
    """Return everybody's leave that ends after an instant, earliest first."""
    query = select(Leave).where(col(Leave.ends_at) > at).order_by(col(Leave.starts_at))
    return session.exec(query).all()


def leave_of(session: Session, agent_id: Id) -> Sequence[Leave]:
    """Return one person's leave, earliest first."""
    query = select(Leave).where(Leave.agent_id == agent_id).order_by(col(Leave.starts_at))
    return session.exec(query).all()


def find_leave(session: Session, leave_id: Id) -> Leave | None:
    """Return a leave; None when there is no such id."""
    return session.get(Leave, leave_id)


def remove_leave(session: Session, leave: Leave) -> None:
    """Forget a leave."""
    session.delete(leave)
