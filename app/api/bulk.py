"""One thing done to many tickets, each answered on its own."""

from collections.abc import Iterable
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlmodel import Session

from app.api.alone import each_alone
from app.api.context import Context, Writer, ticket_of
from app.api.problems import Problem, responses
from app.api.ticket_schemas import Body, MaybeReason, Reason, Said
from app.desk import extras, merging, taking, work
from app.desk.mentions import note_to
from app.desk.tickets import take_up
from app.desk.work import By
from app.kit.errors import Conflict, NotFound, SvartidError
from app.models import OPEN, Ticket
from app.sla.terms import Severity
from app.store import people

router = APIRouter(prefix="/tickets", tags=["tickets"], responses=responses(401, 403, 422, 503))
MOST = 1000
Tags = Annotated[list[str], Field(min_length=1, max_length=30)]


class Assign(Body):
    """Hand them to an agent, or to nobody."""

    verb: Literal["assign"]
    agent_id: UUID | None


class SetSeverity(Body):
    """Set the severity."""

    verb: Literal["severity"]
    severity: Severity
    reason: Reason


class Tag(Body):
    """Put tags on, or take them off; others stay."""

    verb: Literal["tag", "untag"]
    tags: Tags


class Wait(Body):
    """Wait for the customer."""

    verb: Literal["wait"]
    reason: Reason


class Simple(Body):
    """Resume, solve or reopen."""

    verb: Literal["resume", "solve", "reopen"]
    reason: MaybeReason = ""


class Take(Body):
    """Take them, or start work on them."""

    verb: Literal["take", "work"]


class Note(Body):
    """Write the same note on each."""

    verb: Literal["note"]
    text: Said


class Merge(Body):
    """Make all of them parts of one."""

    verb: Literal["merge"]
    into: int
    reason: MaybeReason = ""


Action = Annotated[
    Assign | SetSeverity | Tag | Wait | Simple | Take | Note | Merge, Field(discriminator="verb")
]


class RowIn(Body):
    """A ticket, and the version of it that was read."""

    number: int
    version: int | None = Field(None, description="Left out, any.")


class BulkIn(Body):
    """Which tickets, and what is done to each."""

    tickets: list[RowIn] = Field(min_length=1, max_length=MOST)
    action: Action


class RowOut(BaseModel):
    """What became of one ticket."""

    number: int
    status: int = Field(description="As if it had been asked for alone.", examples=[200])
    version: int | None = Field(description="Of the ticket now; null where nothing was done.")
    problem: Problem | None = Field(description="Why nothing was done.")


class BulkOut(BaseModel):
    """What became of each ticket, in the order asked."""

    rows: list[RowOut]
    done: int
    failed: int


@router.post("/bulk", operation_id="change_tickets", responses=responses(404, 409))
@each_alone
def post_bulk(context: Writer, body: BulkIn) -> BulkOut:
    """Do one thing to up to a thousand tickets; what one refuses holds up no other."""
    rows = [_done(context, row, body.action) for row in body.tickets]
    done = sum(row.problem is None for row in rows)
    return BulkOut(rows=rows, done=done, failed=len(rows) - done)


def _done(context: Context, row: RowIn, action: Action) -> RowOut:
    try:
        # A merge locks the other ticket first where its number is lower: no two wait in a circle.
        with context.db.writing() as session:
            into = getattr(action, "into", None)
            if into is not None and into < row.number:
                ticket_of(session, context.agent, into, lock=True)
            ticket = ticket_of(session, context.agent, row.number, lock=True)
            if row.version is not None and row.version != ticket.version:
                return _refused(row, 412, f"ticket {row.number} is at version {ticket.version}")
            _do(session, context, ticket, By(context.agent, context.now), action)
            session.flush()
            return RowOut(number=row.number, status=200, version=ticket.version, problem=None)
    except SvartidError as error:
        return _refused(row, error.status, error.message, error)


def _refused(row: RowIn, status: int, detail: str, error: SvartidError | None = None) -> RowOut:
    problem = Problem(
        title=error.title if error else "It has changed",
        status=status,
        detail=detail,
        field=error.field if error else "version",
        remedy=error.remedy if error else "Read it again.",
    )
    return RowOut(number=row.number, status=status, version=None, problem=problem)


def _do(session: Session, context: Context, ticket: Ticket, by: By, action: Action) -> None:
    house = context.house
    match action:
        case Assign():
            agent = people.find_agent(session, action.agent_id) if action.agent_id else None
            if action.agent_id and agent is None:
                raise NotFound(f"there is no agent {action.agent_id}", field="agent_id")
            work.assign(session, ticket, by, to=agent)
        case SetSeverity():
            work.set_severity(
                session, house, ticket, by, severity=action.severity, reason=action.reason
            )
        case Tag():
            extras.set_tags(session, ticket, by, tags=_tags(ticket.tags, action))
        case Wait():
            work.wait_for_customer(session, house, ticket, by, reason=action.reason)
        case Simple():
            _simple(session, context, ticket, by, action)
        case Take():
            if action.verb == "take":
                taking.take(session, house, ticket, by)
            else:
                work.start_work(session, house, ticket, by)
        case Note():
            note_to(session, house, ticket, by, text=action.text, mentions=())
        case Merge():
            into = ticket_of(session, context.agent, action.into, lock=True)
            merging.merge(session, house, ticket, into, by, reason=action.reason)


def _simple(session: Session, context: Context, ticket: Ticket, by: By, action: Simple) -> None:
    if action.verb == "resume":
        work.resume(session, context.house, ticket, by, reason=action.reason)
    elif action.verb == "solve":
        work.solve(session, context.house, ticket, by, reason=action.reason)
    else:
        work.check_not_merged(ticket)
        if ticket.status in OPEN:
            raise Conflict(f"ticket {ticket.number} is {ticket.status.value}, not solved")
        take_up(session, context.house, ticket, at=by.now, now=by.now, actor=by.actor)


def _tags(before: Iterable[str], action: Tag) -> set[str]:
    named = {extras.tag_of(tag) for tag in action.tags}
    return set(before) | named if action.verb == "tag" else set(before) - named
