"""Incidents, their tickets, and what was told of them."""

from collections.abc import Sequence

from sqlmodel import Session, col, select, true

from app.models import Agent, Incident, IncidentState, IncidentUpdate, Ticket
from app.models.base import Id
from app.store import visible


def find(session: Session, incident_id: Id, *, lock: bool = False) -> Incident | None:
    """Return the incident, locked against others where asked; None when there is none."""
    query = select(Incident).where(Incident.id == incident_id)
    return session.exec(query.with_for_update() if lock else query).first()


def listing(session: Session, state: IncidentState | None = None) -> Sequence[Incident]:
    """Return the incidents of a state or all, the latest first."""
    query = select(Incident).order_by(col(Incident.created_at).desc(), col(Incident.id))
    if state is not None:
        query = query.where(Incident.state == state)
    return session.exec(query).all()


def tickets_of(session: Session, incident_id: Id, *, lock: bool = False) -> Sequence[Ticket]:
    """Return an incident's tickets by number."""
    query = select(Ticket).where(Ticket.incident_id == incident_id).order_by(col(Ticket.number))
    return session.exec(query.with_for_update() if lock else query).all()


def numbers_of(
    session: Session, incident_ids: Sequence[Id], *, agent: Agent | None = None
) -> dict[Id, list[int]]:
    """Return the numbers of the tickets of each incident: of all, or of those an agent may see."""
    query = (
        select(Ticket.incident_id, Ticket.number)
        .where(
            col(Ticket.incident_id).in_(incident_ids),
            true() if agent is None else visible.tickets_for(session, agent),
        )
        .order_by(col(Ticket.number))
    )
    found: dict[Id, list[int]] = {one: [] for one in incident_ids}
    for incident, number in session.exec(query):
        if incident is not None:
            found[incident].append(number)
    return found


def updates_of(session: Session, incident_id: Id) -> Sequence[IncidentUpdate]:
    """Return what was told of an incident, oldest first."""
    query = (
        select(IncidentUpdate)
        .where(IncidentUpdate.incident_id == incident_id)
        .order_by(col(IncidentUpdate.at), col(IncidentUpdate.id))
    )
    return session.exec(query).all()
