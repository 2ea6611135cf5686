"""What staff keep on a ticket: links, tags, time, and who is writing."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from app.api.context import Reader, Writer, ticket_of
from app.api.paging import Page, Paged, cut, cut_all
from app.api.problems import responses
from app.api.ticket_lists import visible
from app.api.ticket_schemas import Body, MaybeReason, WriterOut
from app.desk import extras as desk
from app.models import LinkKind, Status, TimeEntry
from app.store import extras

router = APIRouter(tags=["tickets"], responses=responses(401, 403, 404, 422, 503))
_CONFLICT = responses(409)
Text = Annotated[str, StringConstraints(max_length=200_000)]


class LinkOut(BaseModel):
    """A ticket that this one is bound to."""

    number: int
    subject: str
    status: Status
    kind: LinkKind
    first: bool = Field(description="This ticket is `kind` the other; false for the other way.")
    created_at: datetime
    created_by: UUID


class LinkPage(Page[LinkOut]):
    """A page of links, by number."""


class LinkIn(Body):
    """What the ticket is bound to, and how."""

    to: int = Field(description="The other ticket's number.", examples=[197])
    kind: LinkKind = LinkKind.RELATED


class TagsIn(Body):
    """Every tag that the ticket is to have."""

    tags: list[str] = Field(max_length=100, examples=[["faktura", "nettbutikk"]])


class TagOut(BaseModel):
    """A tag, and how many tickets have it."""

    tag: str
    tickets: int


class TagPage(Page[TagOut]):
    """A page of tags, by name."""


class TimeIn(Body):
    """Minutes of work."""

    minutes: int = Field(ge=1, le=1440)
    billable: bool = True
    note: MaybeReason = ""
    at: AwareDatetime | None = Field(None, description="When it was done; left out, now.")


class TimeOut(BaseModel):
    """Minutes of somebody's work."""

    id: UUID
    agent_id: UUID
    minutes: int
    billable: bool
    note: str
    at: datetime
    created_at: datetime
    withdrawn_at: datetime | None = Field(description="It was wrong, and does not count.")

    @classmethod
    def of(cls, entry: TimeEntry) -> Self:
        """Return the entry."""
        return cls(**{name: getattr(entry, name) for name in cls.model_fields})


class TimePage(Page[TimeOut]):
    """A page of time, in the order of the work."""

    minutes: int = Field(description="All that counts, on every page.")
    billable_minutes: int


class DraftIn(Body):
    """What has been written so far."""

    text: Text | None = Field(None, description="Left out, what was kept before stays.")


class DraftOut(BaseModel):
    """Your draft, and who else is writing."""

    text: str
    since: datetime | None = Field(description="Null where you have not begun.")
    others: list[WriterOut] = Field(description="Who else is writing a reply right now.")


@router.get("/tickets/{number}/links", operation_id="list_ticket_links")
def list_links(context: Reader, number: int, wanted: Paged) -> LinkPage:
    """Read what the ticket is bound to, either way, as far as you may see it."""
    with context.reading() as session:
        ticket = ticket_of(session, context.agent, number)
        found = extras.links(session, ticket.id, visible=visible(session, context))
    items = [
        LinkOut(
            number=other.number,
            subject=other.subject,
            status=other.status,
            kind=link.kind,
            first=link.ticket_id == ticket.id,
            created_at=link.created_at,
            created_by=link.created_by,
        )
        for link, other in found
    ]
    page, cursor = cut_all(
        items, wanted, int, str, bool, key=lambda one: (one.number, one.kind.value, one.first)
    )
    return LinkPage(items=list(page), next=cursor)


@router.post(
    "/tickets/{number}/links",
    operation_id="link_ticket",
    status_code=204,
    responses=_CONFLICT,
)
def post_link(context: Writer, number: int, body: LinkIn) -> Response:
    """Bind the ticket to another one; both tell it."""
    with context.changing(number) as (session, ticket, by):
        other = ticket_of(session, context.agent, body.to)
        desk.link(session, ticket, other, by, kind=body.kind)
    return Response(status_code=204)


@router.delete(
    "/tickets/{number}/links/{other}/{kind}", operation_id="unlink_ticket", status_code=204
)
def delete_link(context: Writer, number: int, other: int, kind: LinkKind) -> Response:
    """Undo a link, from either end."""
    with context.changing(number) as (session, ticket, by):
        desk.unlink(session, ticket, ticket_of(session, context.agent, other), by, kind=kind)
    return Response(status_code=204)


@router.put("/tickets/{number}/tags", operation_id="set_ticket_tags")
def put_tags(context: Writer, number: int, body: TagsIn) -> TagsIn:
    """Let the ticket have exactly these tags."""
    with context.changing(number) as (session, ticket, by):
        desk.set_tags(session, ticket, by, tags=body.tags)
        return TagsIn(tags=ticket.tags)


@router.get("/tags", operation_id="list_tags")
def list_tags(context: Reader, wanted: Paged) -> TagPage:
    """List the tags in use, by name."""
    after = wanted.after(str)
    with context.reading() as session:
        rows = extras.tags_in_use(
            session,
            after=after[0] if after else None,
            limit=wanted.limit + 1,
            visible=visible(session, context),
        )
    page, cursor = cut(rows, wanted, key=lambda row: (row[0],))
    return TagPage(items=[TagOut(tag=tag, tickets=count) for tag, count in page], next=cursor)


@router.get("/tickets/{number}/time", operation_id="list_ticket_time")
def list_time(context: Reader, number: int, wanted: Paged) -> TimePage:
    """Read the time entered on the ticket, and what it comes to."""
    with context.reading() as session:
        rows = extras.time_of_ticket(session, ticket_of(session, context.agent, number).id)
    page, cursor = cut_all(rows, wanted, datetime, UUID, key=lambda row: (row.at, row.id))
    counting = [row for row in rows if row.withdrawn_at is None]
    return TimePage(
        items=[TimeOut.of(row) for row in page],
        next=cursor,
        minutes=sum(row.minutes for row in counting),
        billable_minutes=sum(row.minutes for row in counting if row.billable),
    )


@router.post("/tickets/{number}/time", operation_id="enter_ticket_time", status_code=201)
def post_time(context: Writer, number: int, body: TimeIn) -> TimeOut:
    """Write down minutes of your work."""
    with context.changing(number) as (session, ticket, by):
        entry = desk.enter_time(
            session,
            ticket,
            by,
            minutes=body.minutes,
            billable=body.billable,
            note=body.note,
            at=body.at,
        )
        return TimeOut.of(entry)


@router.delete(
    "/tickets/{number}/time/{entry_id}",
    operation_id="withdraw_ticket_time",
    status_code=204,
    responses=_CONFLICT,
)
def delete_time(context: Writer, number: int, entry_id: UUID) -> Response:
    """Let an entry not count; it stays to be read."""
    with context.changing(number) as (session, ticket, by):
        desk.withdraw_time(session, ticket, by, entry_id=entry_id)
    return Response(status_code=204)


@router.get("/tickets/{number}/draft", operation_id="get_ticket_draft")
def get_draft(context: Reader, number: int) -> DraftOut:
    """Read your own draft of a reply, and who else is writing one."""
    with context.reading() as session:
        ticket = ticket_of(session, context.agent, number)
        own = extras.find_draft(session, ticket.id, context.agent.id)
        others = desk.writing(session, ticket, now=context.now, but=context.agent.id)
    return DraftOut(
        text=own.text if own else "",
        since=own.since if own else None,
        others=[WriterOut.of(draft, agent) for draft, agent in others],
    )


@router.put("/tickets/{number}/draft", operation_id="keep_ticket_draft")
def put_draft(context: Writer, number: int, body: DraftIn) -> DraftOut:
    """Say that you are writing a reply, at least once a minute; others are warned meanwhile."""
    with context.changing(number) as (session, ticket, by):
        own = desk.note_writing(session, ticket, by, text=body.text)
        session.flush()
        others = desk.writing(session, ticket, now=by.now, but=by.agent.id)
        shown = [WriterOut.of(draft, agent) for draft, agent in others]
        return DraftOut(text=own.text, since=own.since, others=shown)


@router.delete("/tickets/{number}/draft", operation_id="drop_ticket_draft", status_code=204)
def delete_draft(context: Writer, number: int) -> Response:
    """Say that you write no more, and forget the draft."""
    with context.changing(number) as (session, ticket, by):
        extras.end_draft(session, ticket.id, by.agent.id)
    return Response(status_code=204)
