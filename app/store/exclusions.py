"""Exclusions, and the maintenance windows that make some of them."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from app.models import Agent, Exclusion, ExclusionFile, ExclusionStatus, Ticket
from app.models.base import Id
from app.store import visible


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


def files(session: Session, exclusion_ids: Sequence[Id]) -> dict[Id, list[Id]]:
    """Return the files that show that these exclusions are right, by the exclusion's id."""
    query = (
        select(ExclusionFile)
        .where(col(ExclusionFile.exclusion_id).in_(exclusion_ids))
        .order_by(col(ExclusionFile.attachment_id))
    )
    found: dict[Id, list[Id]] = {}
    for row in session.exec(query):
        found.setdefault(row.exclusion_id, []).append(row.attachment_id)
    return found


def proposed(session: Session, agent: Agent) -> Sequence[tuple[Exclusion, Ticket]]:
    """Return what waits for a second person, oldest first, with its tickets, as far as seen."""
    query = (
        select(Exclusion, Ticket)
        .join(Ticket, col(Ticket.id) == col(Exclusion.ticket_id))
        .where(Exclusion.status == ExclusionStatus.PROPOSED, visible.tickets_for(session, agent))
        .order_by(col(Exclusion.created_at), col(Exclusion.id))
    )
    return session.exec(query).all()
