"""Maintenance windows, the customers they name, and the tickets they touch."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, or_, select

from app.models import (
    OPEN,
    Exclusion,
    ExclusionStatus,
    MaintenanceCustomer,
    MaintenanceWindow,
    Ticket,
)
from app.models.base import Id

Named = tuple[MaintenanceWindow, frozenset[Id]]


def not_over(session: Session, since: datetime) -> list[Named]:
    """Return the windows that cover any time after ``since``, with the customers they name."""
    window = MaintenanceWindow
    query = (
        select(window)
        .where(
            col(window.ends_at) > since,
            or_(
                col(window.cancelled_at).is_(None),
                (col(window.cancelled_at) > since)
                & (col(window.cancelled_at) > col(window.starts_at)),
            ),
        )
        .order_by(col(window.starts_at), col(window.id))
    )
    return _named(session, session.exec(query).all())


def listing(session: Session) -> list[Named]:
    """Return every window, the latest first."""
    query = select(MaintenanceWindow).order_by(
        col(MaintenanceWindow.starts_at).desc(), col(MaintenanceWindow.id)
    )
    return _named(session, session.exec(query).all())


def find(session: Session, window_id: Id) -> MaintenanceWindow | None:
    """Return the window, locked against others who change it; None when there is none."""
    query = select(MaintenanceWindow).where(MaintenanceWindow.id == window_id)
    return session.exec(query.with_for_update()).first()


def touched(session: Session, window: MaintenanceWindow, customers: Sequence[Id]) -> list[Ticket]:
    """Return the open tickets that a new window excludes time of, locked."""
    query = select(Ticket).where(
        col(Ticket.status).in_(OPEN), col(Ticket.received_at) < window.ends_at
    )
    if not window.everyone:
        query = query.where(col(Ticket.customer_id).in_(customers))
    return list(session.exec(query.order_by(col(Ticket.number)).with_for_update()).all())


def exclusions(session: Session, window: MaintenanceWindow) -> Sequence[tuple[Exclusion, Ticket]]:
    """Return what a window excludes on every ticket that it ever touched, in force and locked."""
    query = (
        select(Exclusion, Ticket)
        .join(Ticket, col(Ticket.id) == col(Exclusion.ticket_id))
        .where(Exclusion.window_id == window.id, Exclusion.status == ExclusionStatus.IN_FORCE)
        .order_by(col(Ticket.number))
        .with_for_update()
    )
    return session.exec(query).all()


def _named(session: Session, windows: Sequence[MaintenanceWindow]) -> list[Named]:
    if not windows:
        return []
    ids = [window.id for window in windows]
    query = select(MaintenanceCustomer).where(col(MaintenanceCustomer.window_id).in_(ids))
    named: dict[Id, set[Id]] = {}
    for row in session.exec(query):
        named.setdefault(row.window_id, set()).add(row.customer_id)
    return [(window, frozenset(named.get(window.id, ()))) for window in windows]
