"""Exclusions, and the maintenance windows that make some of them."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from app.models import Exclusion, ExclusionStatus, Ticket
from app.models.base import Id


def of_ticket(session: Session, ticket_id: Id) -> Sequence[Exclusion]:
    """Return what was ever claimed on a ticket, in the order in which it was."""
    query = (
        select(Exclusion)
        .where(Exclusion.ticket_id == ticket_id)
        .order_by(col(Exclusion.created_at), col(Exclusion.id))
    )
    return session.exec(query).all()


def find(session: Session, ticket_id: Id, exclusion_id: Id) -> Exclusion | None:
    """Return an exclusion of this ticket; None when it has no such one."""
    query = select(Exclusion).where(Exclusion.id == exclusion_id, Exclusion.ticket_id == ticket_id)
    return session.exec(query).first()


def proposed(session: Session) -> Sequence[tuple[Exclusion, Ticket]]:
    """Return what waits for a second person, oldest first, with its tickets."""
    query = (
        select(Exclusion, Ticket)
        .join(Ticket, col(Ticket.id) == col(Exclusion.ticket_id))
        .where(Exclusion.status == ExclusionStatus.PROPOSED)
        .order_by(col(Exclusion.created_at), col(Exclusion.id))
    )
    return session.exec(query).all()
