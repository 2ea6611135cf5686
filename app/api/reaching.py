"""How the staff are reached: contact methods with their codes, quiet hours, leave."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints
from sqlmodel import Session

from app.api.context import Context, Reader, Writer
from app.api.paging import Page, Paged, cut_all
from app.api.problems import responses
from app.api.ticket_schemas import Body, MaybeReason
from app.desk import reaching as desk
from app.desk import verification
from app.kit.errors import BadInput, NotAllowed, NotFound
from app.models import Agent, ContactMethod, Leave, Role
from app.sla.ladder import PageChannel
from app.store import oncall, people

router = APIRouter(
    prefix="/agents/{agent_id}", tags=["on call"], responses=responses(401, 403, 404, 422, 503)
)
Code = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\d{6}$")]


class MethodOut(BaseModel):
    """One way to a person."""

    id: UUID
    channel: PageChannel
    address: str
    urgencies: list[str]
    verified: bool = Field(description="Nothing is sent to a method that is not.")

    @classmethod
    def of(cls, row: ContactMethod) -> "MethodOut":
        """Return the method."""
        return cls(
            id=row.id,
            channel=row.channel,
            address=row.address,
            urgencies=row.urgencies,
            verified=row.verified_at is not None,
        )


class MethodIn(Body):
    """A way to be reached."""

    channel: PageChannel
    address: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
    urgencies: list[str] = Field(["high", "low"], description="high: critical tickets; low: rest.")


class CodeIn(Body):
    """The code that was sent to a method."""

    code: Code


class OrderIn(Body):
    """Every method's id, the first to be tried first."""

    ids: list[UUID]


class QuietIn(Body):
    """When only what is critical makes a noise; null and null for never."""

    start: str | None = Field(examples=["22:00"])
    end: str | None = Field(examples=["07:00"])
    time_zone: str | None = Field(None, description="Left out, the desk's.")


class LeaveIn(Body):
    """When a person is away."""

    start: AwareDatetime
    end: AwareDatetime
    note: MaybeReason = ""


class LeaveOut(BaseModel):
    """When a person is away."""

    id: UUID
    start: datetime
    end: datetime
    note: str

    @classmethod
    def of(cls, row: Leave) -> "LeaveOut":
        """Return the leave."""
        return cls(id=row.id, start=row.starts_at, end=row.ends_at, note=row.note)


class MethodPage(Page[MethodOut]):
    """A person's methods, the first to be tried first; there is never a second page."""


class LeavePage(Page[LeaveOut]):
    """A page of a person's leave."""


@router.get("/methods", operation_id="list_methods")
def list_methods(context: Reader, agent_id: UUID) -> MethodPage:
    """List a person's methods in the order in which they are tried."""
    with context.reading() as session:
        agent = _own(session, context, agent_id)
        return MethodPage(items=[MethodOut.of(row) for row in oncall.methods_of(session, agent.id)])


@router.get("/methods/{method_id}", operation_id="get_method")
def get_method(context: Reader, agent_id: UUID, method_id: UUID) -> MethodOut:
    """Read one method."""
    with context.reading() as session:
        agent = _own(session, context, agent_id)
        return MethodOut.of(desk.method_of(session, agent, method_id))


@router.post("/methods", operation_id="add_method", status_code=201, responses=responses(409))
def post_method(context: Writer, agent_id: UUID, body: MethodIn) -> MethodOut:
    """Add a method; a code is sent to it, and it counts once that has been given back."""
    with context.db.writing() as session:
        agent = _own(session, context, agent_id)
        new = desk.NewMethod(body.channel, body.address, tuple(body.urgencies))
        method, code = desk.add_method(session, agent, new, now=context.now, actor=context.actor)
        verification.send_code(session, context.house, agent, method, code=code, now=context.now)
        return MethodOut.of(method)


@router.post("/methods/{method_id}/code", operation_id="send_code_again", responses=responses(409))
def post_code(context: Writer, agent_id: UUID, method_id: UUID) -> MethodOut:
    """Send a new code; the one before no longer counts."""
    with context.db.writing() as session:
        agent = _own(session, context, agent_id)
        method = desk.method_of(session, agent, method_id)
        code = desk.new_code(method, now=context.now)
        verification.send_code(session, context.house, agent, method, code=code, now=context.now)
        return MethodOut.of(method)


@router.post("/methods/{method_id}/verify", operation_id="verify_method")
def post_verify(context: Writer, agent_id: UUID, method_id: UUID, body: CodeIn) -> MethodOut:
    """Give the code back."""
    with context.db.writing() as session:
        agent = _own(session, context, agent_id)
        method = desk.method_of(session, agent, method_id)
        right = desk.verify(
            session, agent, method, code=body.code, now=context.now, actor=context.actor
        )
        out = MethodOut.of(method)
    # The failed try is kept, so the refusal comes after its commit.
    if not right:
        raise BadInput(
            "this code is wrong, too old, or was guessed at too often",
            field="code",
            remedy="Ask for a new one.",
        )
    return out


@router.put("/methods/order", operation_id="order_methods")
def put_order(context: Writer, agent_id: UUID, body: OrderIn) -> MethodPage:
    """Put the methods in order."""
    with context.db.writing() as session:
        agent = _own(session, context, agent_id)
        desk.order_methods(session, agent, body.ids, now=context.now, actor=context.actor)
        session.flush()
        return MethodPage(items=[MethodOut.of(row) for row in oncall.methods_of(session, agent.id)])


@router.delete("/methods/{method_id}", operation_id="remove_method", status_code=204)
def delete_method(context: Writer, agent_id: UUID, method_id: UUID) -> None:
    """Forget a method."""
    with context.db.writing() as session:
        agent = _own(session, context, agent_id)
        method = desk.method_of(session, agent, method_id)
        desk.remove_method(session, agent, method, now=context.now, actor=context.actor)


@router.put("/quiet-hours", operation_id="set_quiet_hours", status_code=204)
def put_quiet_hours(context: Writer, agent_id: UUID, body: QuietIn) -> None:
    """Set the hours in which only what is critical makes a noise."""
    with context.db.writing() as session:
        agent = _own(session, context, agent_id)
        desk.set_quiet_hours(
            session,
            agent,
            start=body.start,
            end=body.end,
            time_zone=body.time_zone,
            now=context.now,
            actor=context.actor,
        )


@router.get("/leave", operation_id="list_leave")
def list_leave(context: Reader, agent_id: UUID, wanted: Paged) -> LeavePage:
    """List a person's leave, earliest first."""
    with context.reading() as session:
        agent = _own(session, context, agent_id)
        rows = oncall.leave_of(session, agent.id)
    page, cursor = cut_all(rows, wanted, datetime, UUID, key=lambda row: (row.starts_at, row.id))
    return LeavePage(items=[LeaveOut.of(row) for row in page], next=cursor)


@router.get("/leave/{leave_id}", operation_id="get_leave")
def get_leave(context: Reader, agent_id: UUID, leave_id: UUID) -> LeaveOut:
    """Read one leave."""
    with context.reading() as session:
        return LeaveOut.of(_leave(session, context, agent_id, leave_id))


@router.post("/leave", operation_id="add_leave", status_code=201)
def post_leave(context: Writer, agent_id: UUID, body: LeaveIn) -> LeaveOut:
    """Say that a person is away."""
    with context.db.writing() as session:
        agent = _own(session, context, agent_id)
        leave = desk.add_leave(
            session,
            agent,
            start=body.start,
            end=body.end,
            note=body.note,
            now=context.now,
            actor=context.actor,
        )
        return LeaveOut.of(leave)


@router.delete("/leave/{leave_id}", operation_id="remove_leave", status_code=204)
def delete_leave(context: Writer, agent_id: UUID, leave_id: UUID) -> None:
    """Take leave back."""
    with context.db.writing() as session:
        leave = _leave(session, context, agent_id, leave_id)
        desk.remove_leave(session, leave, now=context.now, actor=context.actor)


def _own(session: Session, context: Context, agent_id: UUID) -> Agent:
    """Return the agent; everybody sees to their own, a lead to everybody's."""
    if agent_id != context.agent.id and context.agent.role not in {Role.LEAD, Role.ADMIN}:
        raise NotAllowed("this is another person's", remedy="Ask them, or a lead.")
    agent = people.find_agent(session, agent_id)
    if agent is None:
        raise NotFound(f"there is no agent {agent_id}", field="agent_id")
    return agent


def _leave(session: Session, context: Context, agent_id: UUID, leave_id: UUID) -> Leave:
    agent = _own(session, context, agent_id)
    leave = oncall.find_leave(session, leave_id)
    if leave is None or leave.agent_id != agent.id:
        raise NotFound("there is no such leave", field="leave_id")
    return leave
