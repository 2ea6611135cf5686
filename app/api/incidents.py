"""Incidents: several tickets with one cause, told of and solved as one."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints
from sqlmodel import Session

from app.api.context import Context, Reader, Writer, ticket_of
from app.api.paging import Page, Paging, cut_all
from app.api.problems import responses
from app.api.ticket_schemas import Body, Reason
from app.desk import incidents as desk
from app.desk.work import By
from app.kit.errors import NotAllowed, NotFound
from app.models import Incident, IncidentState, IncidentUpdate
from app.store import incidents

router = APIRouter(
    prefix="/incidents", tags=["incidents"], responses=responses(401, 403, 404, 409, 422, 503)
)
Text = Annotated[str, StringConstraints(max_length=20_000)]


class UpdateOut(BaseModel):
    """One word to all its customers."""

    at: datetime
    author_id: UUID
    texts: dict[str, str]
    told: int = Field(description="How many customers were told.")
    untold: dict[str, str] = Field(description="By ticket number: why its customer was not.")


class IncidentOut(BaseModel):
    """Several tickets with one cause."""

    id: UUID
    title: str
    state: IncidentState
    taken_by_id: UUID | None
    author_id: UUID
    created_at: datetime
    resolved_at: datetime | None
    tickets: list[int] = Field(description="Their numbers.")
    updates: list[UpdateOut]

    @classmethod
    def of(cls, incident: Incident, numbers: list[int], updates: list[IncidentUpdate]) -> Self:
        """Return the incident with its tickets and what was told of it."""
        own = {"tickets", "updates"}
        plain = {name: getattr(incident, name) for name in cls.model_fields if name not in own}
        told = [UpdateOut.model_validate(one, from_attributes=True) for one in updates]
        return cls(**plain, tickets=numbers, updates=told)


class IncidentIn(Body):
    """What has happened, and which tickets tell of it."""

    title: Reason = Field(examples=["Betaling er nede hos leverandøren"])
    tickets: list[int] = Field(default_factory=list, max_length=1000)


class TicketsIn(Body):
    """Which tickets."""

    tickets: list[int] = Field(min_length=1, max_length=1000)


class LeaveIncidentIn(Body):
    """Why its cause is another."""

    reason: Reason


class WordIn(Body):
    """What to tell, in each language that its customers read."""

    texts: dict[str, Text] = Field(examples=[{"nb": "Vi er på saken.", "en": "We are on it."}])


class ToldOut(BaseModel):
    """How many customers were told, and why others were not."""

    told: int
    untold: dict[int, str] = Field(description="By ticket number.")


class DoneOut(BaseModel):
    """How many open tickets it was done to."""

    tickets: int


class IncidentPage(Page[IncidentOut]):
    """A page of incidents."""


class WantedIncidents(Paging):
    """Which incidents are asked for."""

    state: IncidentState | None = None


@router.get("", operation_id="list_incidents")
def list_incidents(context: Reader, wanted: Annotated[WantedIncidents, Query()]) -> IncidentPage:
    """List the incidents, the latest first; what was told of each is read with it alone."""
    with context.reading() as session:
        found = incidents.listing(session, wanted.state)
        numbers = incidents.numbers_of(session, [one.id for one in found])
        seen = incidents.numbers_of(session, [one.id for one in found], agent=context.agent)
    rows = [one for one in found if seen[one.id] or not numbers[one.id]]
    page, cursor = cut_all(
        rows,
        wanted,
        datetime,
        UUID,
        key=lambda row: (row.created_at, row.id),
        newest_first=True,
    )
    items = [IncidentOut.of(one, seen[one.id], []) for one in page]
    return IncidentPage(items=items, next=cursor)


@router.post("", operation_id="open_incident", status_code=201)
def post_incident(context: Writer, body: IncidentIn) -> IncidentOut:
    """Say that these tickets have one cause."""
    with context.db.writing() as session:
        about = [
            ticket_of(session, context.agent, number, lock=True)
            for number in sorted(set(body.tickets))
        ]
        by = _by(context)
        incident = desk.open_incident(session, context.house, title=body.title, about=about, by=by)
        return _shown(session, context, incident)


@router.get("/{incident_id}", operation_id="get_incident")
def get_incident(context: Reader, incident_id: UUID) -> IncidentOut:
    """Read one incident, with what was told of it."""
    with context.reading() as session:
        return _shown(session, context, _found(session, context, incident_id))


@router.post("/{incident_id}/tickets", operation_id="join_incident")
def post_tickets(context: Writer, incident_id: UUID, body: TicketsIn) -> IncidentOut:
    """Put further tickets under it."""
    with context.db.writing() as session:
        incident = _found(session, context, incident_id, lock=True)
        for number in sorted(set(body.tickets)):
            ticket = ticket_of(session, context.agent, number, lock=True)
            desk.join(session, context.house, incident, ticket, _by(context))
        return _shown(session, context, incident)


@router.post("/{incident_id}/tickets/{number}/leave", operation_id="leave_incident")
def post_leave(
    context: Writer, incident_id: UUID, number: int, body: LeaveIncidentIn
) -> IncidentOut:
    """Take a ticket out of it."""
    with context.db.writing() as session:
        incident = _found(session, context, incident_id, lock=True)
        ticket = ticket_of(session, context.agent, number, lock=True)
        desk.leave(session, incident, ticket, _by(context), reason=body.reason)
        return _shown(session, context, incident)


@router.post("/{incident_id}/take", operation_id="take_incident")
def post_take(context: Writer, incident_id: UUID) -> DoneOut:
    """Take it and every open ticket of it."""
    with context.db.writing() as session:
        incident = _found(session, context, incident_id, lock=True)
        return DoneOut(tickets=desk.take(session, context.house, incident, _by(context)))


@router.post("/{incident_id}/work", operation_id="start_work_on_incident")
def post_work(context: Writer, incident_id: UUID) -> DoneOut:
    """Say that work on every open ticket of it has begun."""
    with context.db.writing() as session:
        incident = _found(session, context, incident_id, lock=True)
        return DoneOut(tickets=desk.start_work(session, context.house, incident, _by(context)))


@router.post("/{incident_id}/updates", operation_id="tell_of_incident")
def post_update(context: Writer, incident_id: UUID, body: WordIn) -> ToldOut:
    """Write to every customer of it, each in their language."""
    with context.db.writing() as session:
        incident = _found(session, context, incident_id, lock=True)
        told = desk.update(session, context.house, incident, _by(context), texts=body.texts)
        return ToldOut(told=told.told, untold=dict(told.untold))


@router.post("/{incident_id}/resolve", operation_id="resolve_incident")
def post_resolve(context: Writer, incident_id: UUID, body: WordIn) -> ToldOut:
    """Tell every customer that it is over, and solve their tickets."""
    with context.db.writing() as session:
        incident = _found(session, context, incident_id, lock=True)
        told = desk.resolve(session, context.house, incident, _by(context), texts=body.texts)
        return ToldOut(told=told.told, untold=dict(told.untold))


def _by(context: Context) -> By:
    return By(context.agent, context.now)


def _found(
    session: Session, context: Context, incident_id: UUID, *, lock: bool = False
) -> Incident:
    """Return the incident, locked where it is to be changed.

    NotFound where the caller sees none of its tickets; NotAllowed where it would be changed for
    tickets that the caller does not see.
    """
    incident = incidents.find(session, incident_id, lock=lock)
    if incident is not None:
        every = incidents.numbers_of(session, [incident.id])[incident.id]
        seen = incidents.numbers_of(session, [incident.id], agent=context.agent)[incident.id]
        if lock and seen and seen != every:
            raise NotAllowed("it has tickets that you do not see", remedy="Ask who sees them all.")
        if seen or not every:
            return incident
    raise NotFound("there is no such incident", field="incident_id")


def _shown(session: Session, context: Context, incident: Incident) -> IncidentOut:
    session.flush()
    seen = incidents.numbers_of(session, [incident.id], agent=context.agent)[incident.id]
    told = list(incidents.updates_of(session, incident.id))
    out = IncidentOut.of(incident, seen, told)
    for one in out.updates:
        one.untold = {key: why for key, why in one.untold.items() if int(key) in seen}
    return out
