"""Tickets that are one, and tickets that are two: merge, split, and taking back what was wrong."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field, StringConstraints
from sqlmodel import Session

from app.api.context import Context, Writer, ticket_of
from app.api.problems import responses
from app.api.ticket_schemas import Body, MaybeReason, Reason, TicketOut
from app.desk import merging, work
from app.desk.work import By
from app.models import Ticket

router = APIRouter(
    prefix="/tickets", tags=["tickets"], responses=responses(401, 403, 404, 409, 422, 503)
)


class MergeIn(Body):
    """The ticket that it becomes a part of."""

    into: int = Field(description="Its number.", examples=[197])
    reason: MaybeReason = ""


class SplitIn(Body):
    """What becomes a ticket of its own."""

    messages: list[UUID] = Field(min_length=1, max_length=200)
    subject: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = Field(
        "", description="Left out, that of the first message."
    )


class UndoIn(Body):
    """What was wrong, and why."""

    what: Literal["severity", "merge"]
    reason: Reason = Field(examples=["It was another shop."])


@router.post("/{number}/merge", operation_id="merge_ticket")
def post_merge(context: Writer, number: int, body: MergeIn) -> TicketOut:
    """Make the ticket a part of another one, and return that one.

    Replies to either go on there, and both customers' contacts are answered. The older promise and
    the worse severity count.
    """
    with _changing_two(context, number, body.into) as (session, ticket, into, by):
        merging.merge(session, context.house, ticket, into, by, reason=body.reason)
        return TicketOut.read(session, into, context.agent, context.now)


@router.post("/{number}/split", operation_id="split_ticket", status_code=201)
def post_split(context: Writer, number: int, body: SplitIn) -> TicketOut:
    """Make a ticket of its own of some of the customer's messages, and return it."""
    with context.changing(number) as (session, ticket, by):
        new = merging.split(
            session, context.house, ticket, by, messages=body.messages, subject=body.subject
        )
        return TicketOut.read(session, new, context.agent, context.now)


@router.post("/{number}/undo", operation_id="undo_on_ticket")
def post_undo(context: Writer, number: int, body: UndoIn) -> TicketOut:
    """Take the last setting of the severity back, or the ticket's merge into another one."""
    with context.changing(number) as (session, ticket, by):
        if body.what == "merge":
            merging.undo_merge(session, context.house, ticket, by, reason=body.reason)
        else:
            work.undo_severity(session, context.house, ticket, by, reason=body.reason)
        return TicketOut.read(session, ticket, context.agent, context.now)


@contextmanager
def _changing_two(
    context: Context, number: int, other: int
) -> Generator[tuple[Session, Ticket, Ticket, By]]:
    """Open a transaction on two tickets, locked in the order of their numbers."""
    with context.db.writing() as session:
        both = {
            one: ticket_of(session, context.agent, one, lock=True)
            for one in sorted({number, other})
        }
        yield session, both[number], both[other], By(context.agent, context.now)
