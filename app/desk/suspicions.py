"""Several customers who phone within minutes may have one incident; a person says whether.

Nothing is joined by itself: the tickets are shown together, and one action confirms them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from app.desk import incidents
from app.desk.events import DESK, audit, record
from app.desk.house import House
from app.desk.work import By
from app.kit.errors import Conflict
from app.models import (
    OPEN,
    Event,
    Incident,
    IncidentState,
    Suspicion,
    SuspicionState,
    SuspicionTicket,
    Ticket,
)
from app.sla.terms import Severity
from app.store import calls
from app.store import incidents as store

GRAVE = frozenset({Severity.CRITICAL, Severity.SERIOUS})
FLAG = "suspected_incident"


def look(session: Session, house: House, ticket: Ticket, *, now: datetime) -> Suspicion | None:
    """Look whether others phoned when this ticket's customer did; None where nothing is suspected.

    1. Only grave faults count, and only those that were phoned about within the same minutes.
    2. It takes two customers; two people of one are one.
    3. A ticket joins the suspicion that the others are in. One that was confirmed is shown again;
       those of one that was dismissed say nothing any more.
    """
    within = timedelta(minutes=house.settings.phone.common_minutes)
    if ticket.severity not in GRAVE or not within:
        return None
    session.flush()
    alike = list(calls.phoned_since(session, now - within, GRAVE))
    known = calls.suspicion_of(session, [one.id for one in alike])
    if known is not None and known.state is SuspicionState.DISMISSED:
        decided = calls.suspects(session, known.id, [one.id for one in alike])
        alike = [one for one in alike if one.id not in decided]
        known = None
    numbers = calls.callers_of(session, [one.id for one in alike])
    if len({_whose(one, numbers.get(one.id, "")) for one in alike}) < 2:
        return None
    if known is None:
        known = Suspicion(state=SuspicionState.OPEN, made_at=now, last_at=now)
        session.add(known)
        session.flush()
    there = calls.suspects(session, known.id, [one.id for one in alike])
    _add(session, known, [one for one in alike if one.id not in there], alike, now=now)
    return known


def confirm(
    session: Session, house: House, suspicion: Suspicion, by: By, *, title: str = ""
) -> Incident:
    """Say that it is one incident, and put its open tickets under it.

    Where one of them is under an incident already, or it was confirmed before, it is that one.
    """
    about = [one for _, one in calls.suspected(session, [suspicion.id]) if one.status in OPEN]
    there = next((one.incident_id for one in about if one.incident_id), suspicion.incident_id)
    incident = store.find(session, there, lock=True) if there else None
    alone = [one for one in about if one.incident_id is None]
    if incident is not None and incident.state is IncidentState.OPEN:
        for ticket in alone:
            incidents.join(session, house, incident, ticket, by)
    elif alone:
        incident = incidents.open_incident(
            session, house, title=title or alone[0].subject, about=alone, by=by
        )
    else:
        raise Conflict("none of its tickets is open any more", remedy="Dismiss it.")
    suspicion.incident_id = incident.id
    _decide(session, suspicion, by, SuspicionState.CONFIRMED)
    return incident


def dismiss(session: Session, suspicion: Suspicion, by: By) -> None:
    """Say that the tickets have nothing in common."""
    _decide(session, suspicion, by, SuspicionState.DISMISSED)


def _add(
    session: Session,
    suspicion: Suspicion,
    new: Sequence[Ticket],
    alike: Sequence[Ticket],
    *,
    now: datetime,
) -> None:
    for ticket in new:
        session.add(SuspicionTicket(ticket_id=ticket.id, suspicion_id=suspicion.id))
        ticket.flags = list(dict.fromkeys([*ticket.flags, FLAG]))
        record(
            session,
            ticket,
            Event.SUSPECTED,
            at=now,
            now=now,
            actor=DESK,
            suspicion=str(suspicion.id),
            tickets=sorted(one.number for one in alike if one.id != ticket.id),
        )
    if new:
        suspicion.state = SuspicionState.OPEN
        suspicion.last_at = now


def _decide(session: Session, suspicion: Suspicion, by: By, state: SuspicionState) -> None:
    if suspicion.state is not SuspicionState.OPEN:
        raise Conflict(f"this suspicion is {suspicion.state.value} already")
    suspicion.state = state
    suspicion.decided_at = by.now
    suspicion.decided_by_id = by.agent.id
    for _, ticket in calls.suspected(session, [suspicion.id]):
        ticket.flags = [one for one in ticket.flags if one != FLAG]
        audit(
            session,
            ticket,
            f"suspicion.{state.value}",
            now=by.now,
            actor=by.actor,
            after={"suspicion": str(suspicion.id)},
        )


def _whose(ticket: Ticket, number: str) -> str:
    """Return who is behind a ticket, so that two of one customer's count as one."""
    return str(ticket.customer_id or ticket.contact_id or number)
