"""Calls: list them, write one down, call a customer back; what several may have in common."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints
from sqlmodel import Session

from app.api.context import Context, Reader, Writer, ticket_of
from app.api.paging import Page, Paged, Paging, cut, cut_all
from app.api.problems import responses
from app.api.ticket_schemas import Body, TicketOut
from app.desk import call_backs, suspicions
from app.desk.call_report import CallReport
from app.desk.calling import call_customer
from app.desk.calls import record_call
from app.desk.work import By
from app.kit.errors import NotFound
from app.kit.ids import new_id
from app.models import Call, CallBack, CallOutcome, Direction, Suspicion, SuspicionState, Ticket
from app.sla.terms import Severity
from app.store import calls, families, tickets

router = APIRouter(tags=["calls"], responses=responses(401, 403, 404, 422, 503))
_CONFLICT = responses(409)
Number = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)]
# The source of calls that an agent has written down.
BY_HAND = "desk"


class CallOut(BaseModel):
    """A call, as far as it is known."""

    id: UUID
    source: str = Field(description="The telephone system that told of it.", examples=["twilio"])
    external_id: str
    direction: Direction
    from_number: str = Field(examples=["+4791234567"])
    to_number: str
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: CallOutcome | None = Field(description="Null while it goes on.")
    agent: str
    agent_id: UUID | None
    note: str
    transcript: str
    severity: Severity | None = Field(description="What was chosen; null where nothing was.")
    recording_url: str
    fetch_error: str | None = Field(description="Why the recording is not here yet.")
    extra: dict[str, object] = Field(description="What the telephone system told besides.")
    problems: list[str]
    contact_id: UUID | None
    customer_id: UUID | None
    ticket: int | None = Field(description="Its ticket's number.", examples=[198])

    @classmethod
    def of(cls, call: Call, ticket: int | None) -> Self:
        """Return the call."""
        values = {name: getattr(call, name) for name in cls.model_fields if name != "ticket"}
        return cls(**values, ticket=ticket)


class CallPage(Page[CallOut]):
    """A page of calls."""


class WantedCalls(Paging):
    """Which calls are asked for."""

    direction: Direction | None = Field(None, description="Only these.")
    outcome: CallOutcome | None = Field(None, description="Only these.")


class CallIn(Body):
    """A call that was taken, or made, on a desk phone."""

    number: Number = Field(
        "", description="The customer's; empty where it was hidden.", examples=["912 34 567"]
    )
    direction: Direction = Direction.INBOUND
    started_at: AwareDatetime | None = Field(None, description="Now, where it is left out.")
    ended_at: AwareDatetime | None = None
    outcome: CallOutcome = CallOutcome.ANSWERED
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)] = Field(
        "", examples=["Ingen får betalt. Gjelder alle kort."]
    )
    severity: Severity | None = Field(
        None, description="As the agent judges it; left out, by the note."
    )
    ticket: int | None = Field(None, description="Left out, the customer's fresh fault, or a new.")


class CallingIn(Body):
    """Whom to call."""

    number: Number | None = Field(
        None, description="Left out: who is to be called back, else the contact, else who phoned."
    )


class CallingOut(BaseModel):
    """The agent's telephone rings; the call is written on the ticket when it is over."""

    delivery: UUID


class CallBackOut(BaseModel):
    """Somebody who reached nobody, and is to be called back."""

    id: UUID
    ticket: int
    subject: str
    severity: Severity
    number: str
    call_id: UUID
    made_at: datetime
    done_at: datetime | None = Field(description="When somebody was called back, or need not be.")

    @classmethod
    def of(cls, task: CallBack, ticket: Ticket) -> Self:
        """Return the task."""
        return cls(
            id=task.id,
            ticket=ticket.number,
            subject=ticket.subject,
            severity=ticket.severity,
            number=task.number,
            call_id=task.call_id,
            made_at=task.made_at,
            done_at=task.done_at,
        )


class CallBackPage(Page[CallBackOut]):
    """A page of tasks."""


class SuspicionOut(BaseModel):
    """Customers who phoned within minutes: one incident, perhaps."""

    id: UUID
    state: SuspicionState
    made_at: datetime
    last_at: datetime
    decided_at: datetime | None
    incident_id: UUID | None = Field(description="What it was confirmed to be.")
    tickets: list[int] = Field(description="Their numbers.", examples=[[198, 199]])


class SuspicionPage(Page[SuspicionOut]):
    """A page of suspicions."""


class WantedSuspicions(Paging):
    """Which suspicions are asked for."""

    state: SuspicionState | None = Field(SuspicionState.OPEN, description="Only these.")


class ConfirmIn(Body):
    """What has happened."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)] = Field(
        "", description="Left out, the first ticket's subject.", examples=["Betaling er nede"]
    )


@router.get("/calls", operation_id="list_calls")
def list_calls(context: Reader, wanted: Annotated[WantedCalls, Query()]) -> CallPage:
    """List calls, the newest first."""
    after = wanted.after(UUID)
    with context.reading() as session:
        rows = calls.listing(
            session,
            context.agent,
            below=after[0] if after else None,
            limit=wanted.limit + 1,
            direction=wanted.direction,
            outcome=wanted.outcome,
        )
        page, cursor = cut(rows, wanted, key=lambda row: (row.id,))
        return CallPage(items=_shown(session, list(page)), next=cursor)


@router.get("/calls/{call_id}", operation_id="get_call")
def get_call(context: Reader, call_id: UUID) -> CallOut:
    """Read one call."""
    with context.reading() as session:
        found = calls.find_visible(session, context.agent, call_id)
        if found is None:
            raise NotFound("there is no such call", field="call_id")
        return _shown(session, [found])[0]


@router.get("/tickets/{number}/calls", operation_id="list_ticket_calls")
def list_ticket_calls(context: Reader, number: int, wanted: Paged) -> CallPage:
    """Read the calls about a ticket, oldest first."""
    with context.reading() as session:
        rows = calls.of_ticket(session, ticket_of(session, context.agent, number).id)
        key = datetime, UUID
        page, cursor = cut_all(rows, wanted, *key, key=lambda row: (row.started_at, row.id))
        return CallPage(items=_shown(session, list(page)), next=cursor)


@router.post("/calls", operation_id="write_call_down", status_code=201)
def post_call(context: Writer, body: CallIn) -> CallOut:
    """Write down a call that was taken on a desk phone: one step, and it is a ticket."""
    inbound = body.direction is not Direction.OUTBOUND
    now = context.now
    answered = body.outcome is CallOutcome.ANSWERED
    began = body.started_at or now
    report = CallReport(
        source=BY_HAND,
        external_id=new_id().hex,
        direction=body.direction,
        from_number=body.number if inbound else "",
        to_number="" if inbound else body.number,
        started_at=began,
        answered_at=began if answered else None,
        ended_at=body.ended_at,
        outcome=body.outcome,
        agent=context.agent.name,
        agent_id=context.agent.id,
        note=body.note,
        severity=body.severity,
        by_agent=True,
        ticket_number=body.ticket,
    )
    with context.db.writing() as session:
        if body.ticket is not None:
            ticket_of(session, context.agent, body.ticket)
        call, ticket = record_call(session, context.house, report, now=now)
        session.flush()
        return CallOut.of(call, ticket.number if ticket else None)


@router.post(
    "/tickets/{number}/call",
    operation_id="call_customer",
    status_code=202,
    responses=_CONFLICT,
)
def post_calling(context: Writer, number: int, body: CallingIn) -> CallingOut:
    """Call the customer: your telephone rings first, and theirs when you press 1."""
    with context.changing(number) as (session, ticket, by):
        delivery = call_customer(session, context.house, ticket, by, number=body.number)
        return CallingOut(delivery=delivery)


@router.get("/call-backs", operation_id="list_call_backs")
def list_call_backs(context: Reader, wanted: Paged) -> CallBackPage:
    """List who is to be called back, the longest waiting first."""
    with context.reading() as session:
        rows = [
            CallBackOut.of(task, ticket)
            for task, ticket in calls.call_backs(session, agent=context.agent)
        ]
    key = datetime, UUID
    page, cursor = cut_all(rows, wanted, *key, key=lambda row: (row.made_at, row.id))
    return CallBackPage(items=list(page), next=cursor)


@router.get("/call-backs/{call_back_id}", operation_id="get_call_back")
def get_call_back(context: Reader, call_back_id: UUID) -> CallBackOut:
    """Read one task, done or not."""
    with context.reading() as session:
        return CallBackOut.of(*_call_back(session, context, call_back_id, lock=False))


@router.post(
    "/call-backs/{call_back_id}/done", operation_id="tick_call_back_off", responses=_CONFLICT
)
def post_call_back_done(context: Writer, call_back_id: UUID) -> TicketOut:
    """Say that somebody was called back, or need not be."""
    with context.db.writing() as session:
        task, ticket = _call_back(session, context, call_back_id, lock=True)
        call_backs.tick_off(session, ticket, task, By(context.agent, context.now))
        return TicketOut.read(session, ticket, context.agent, context.now)


@router.get("/suspicions", operation_id="list_suspicions")
def list_suspicions(context: Reader, wanted: Annotated[WantedSuspicions, Query()]) -> SuspicionPage:
    """List what several calls may have in common, the newest first."""
    with context.reading() as session:
        rows = [
            one
            for one in _suspected(session, list(calls.suspicions(session, wanted.state)))
            if _sees(session, context, one.tickets)
        ]
    key = datetime, UUID
    page, cursor = cut_all(
        rows, wanted, *key, key=lambda row: (row.made_at, row.id), newest_first=True
    )
    return SuspicionPage(items=list(page), next=cursor)


@router.get("/suspicions/{suspicion_id}", operation_id="get_suspicion")
def get_suspicion(context: Reader, suspicion_id: UUID) -> SuspicionOut:
    """Read one suspicion, decided or not."""
    with context.reading() as session:
        found = _suspicion(session, context, suspicion_id, lock=False)
        return _suspected(session, [found])[0]


@router.post(
    "/suspicions/{suspicion_id}/confirm", operation_id="confirm_suspicion", responses=_CONFLICT
)
def post_confirm(context: Writer, suspicion_id: UUID, body: ConfirmIn) -> SuspicionOut:
    """Say that it is one incident, and put all of its tickets under it."""
    with context.db.writing() as session:
        suspicion = _suspicion(session, context, suspicion_id)
        by = By(context.agent, context.now)
        suspicions.confirm(session, context.house, suspicion, by, title=body.title)
        return _decided(session, suspicion)


@router.post(
    "/suspicions/{suspicion_id}/dismiss", operation_id="dismiss_suspicion", responses=_CONFLICT
)
def post_dismiss(context: Writer, suspicion_id: UUID) -> SuspicionOut:
    """Say that these tickets have nothing in common."""
    with context.db.writing() as session:
        suspicion = _suspicion(session, context, suspicion_id)
        suspicions.dismiss(session, suspicion, By(context.agent, context.now))
        return _decided(session, suspicion)


def _sees(session: Session, context: Context, numbers: list[int]) -> bool:
    """Return whether the caller may see every one of these tickets."""
    agent = context.agent
    return all(tickets.find_visible(session, agent, number) is not None for number in numbers)


def _call_back(
    session: Session, context: Context, call_back_id: UUID, *, lock: bool
) -> tuple[CallBack, Ticket]:
    task = calls.find_call_back(session, call_back_id, lock=lock)
    ticket = tickets.find(session, task.ticket_id, lock=lock) if task else None
    if task is None or ticket is None or not _sees(session, context, [ticket.number]):
        raise NotFound("there is no such task", field="call_back_id")
    return task, ticket


def _suspicion(
    session: Session, context: Context, suspicion_id: UUID, *, lock: bool = True
) -> Suspicion:
    found = calls.find_suspicion(session, suspicion_id, lock=lock)
    if found is None or not _sees(session, context, _suspected(session, [found])[0].tickets):
        raise NotFound("there is no such suspicion", field="suspicion_id")
    return found


def _decided(session: Session, suspicion: Suspicion) -> SuspicionOut:
    session.flush()
    return _suspected(session, [suspicion])[0]


def _shown(session: Session, rows: list[Call]) -> list[CallOut]:
    ids = {row.ticket_id for row in rows if row.ticket_id}
    numbers = families.numbers(session, sorted(ids))
    return [CallOut.of(row, numbers[row.ticket_id] if row.ticket_id else None) for row in rows]


def _suspected(session: Session, rows: list[Suspicion]) -> list[SuspicionOut]:
    about = calls.suspected(session, [row.id for row in rows])
    return [
        SuspicionOut(
            id=row.id,
            state=row.state,
            made_at=row.made_at,
            last_at=row.last_at,
            decided_at=row.decided_at,
            incident_id=row.incident_id,
            tickets=[ticket.number for owner, ticket in about if owner == row.id],
        )
        for row in rows
    ]
