"""The canaries' queries: which are due, missing, or came."""

from datetime import datetime

from sqlmodel import Session, col, delete, func, select

from app.models import Canary
from app.models.base import Id


def newest(session: Session, mailbox: str) -> Canary | None:
    """Return the mailbox's last canary; None before its first."""
    query = (
        select(Canary)
        .where(Canary.mailbox == mailbox)
        .order_by(col(Canary.slot_at).desc())
        .limit(1)
    )
    return session.exec(query).first()


def last_that_came(session: Session, mailbox: str) -> Canary | None:
    """Return the mailbox's newest canary that came back; None where none ever did."""
    query = (
        select(Canary)
        .where(Canary.mailbox == mailbox, col(Canary.came_at).is_not(None))
        .order_by(col(Canary.slot_at).desc())
        .limit(1)
    )
    return session.exec(query).first()


def first_missing(
    session: Session, mailbox: str, now: datetime, *, after: datetime | None, lock: bool = False
) -> Canary | None:
    """Return the first canary of after ``after`` that should be back and is not; None without."""
    query = (
        select(Canary)
        .where(Canary.mailbox == mailbox, Canary.due_at <= now, col(Canary.came_at).is_(None))
        .order_by(col(Canary.slot_at))
        .limit(1)
    )
    if after is not None:
        query = query.where(Canary.slot_at > after)
    return session.exec(query.with_for_update() if lock else query).first()


def last_return(session: Session, mailbox: str) -> datetime | None:
    """Return when a canary of the mailbox last came back; None where none ever did."""
    query = select(func.max(Canary.came_at)).where(Canary.mailbox == mailbox)
    return session.exec(query).one()


def last_alarmed(session: Session, mailbox: str) -> Canary | None:
    """Return the mailbox's canary that somebody was last told is missing; None without one."""
    query = (
        select(Canary)
        .where(Canary.mailbox == mailbox, col(Canary.alarmed_at).is_not(None))
        .order_by(col(Canary.alarmed_at).desc())
        .limit(1)
    )
    return session.exec(query).first()


def find(session: Session, canary_id: Id) -> Canary | None:
    """Return a canary, locked; None when it is unknown or long gone."""
    return session.exec(select(Canary).where(Canary.id == canary_id).with_for_update()).first()


def forget(session: Session, mailbox: str, before: datetime) -> None:
    """Delete a mailbox's canaries that were sent before a moment."""
    session.connection().execute(
        delete(Canary).where(col(Canary.mailbox) == mailbox, col(Canary.slot_at) < before)
    )
