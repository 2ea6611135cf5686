"""Lists of tickets: the queue, any other list, what a search finds, and views that are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, ValidationError
from sqlmodel import Session

from app.api.context import Context, Reader, Writer
from app.api.customers import Named
from app.api.paging import Page, Paged, Paging, cut, cut_all
from app.api.problems import responses
from app.api.ticket_json import page_of, shown
from app.api.ticket_schemas import Body, TicketPage
from app.desk import views as desk
from app.desk.work import By
from app.kit.errors import BadInput
from app.models import Channel, SavedView, Status
from app.sla.terms import Severity
from app.store import people, tickets, views
from app.store import ticket_lists as store
from app.store.ticket_lists import AnyRow, Condition, Order, Place, Range, Wanted

router = APIRouter(tags=["tickets"], responses=responses(401, 403, 422, 503))
_MISSING = responses(404)
_MANY = 50


class Filters(Paging):
    """Which tickets; each filter narrows what the others leave, and of a list any one will do."""

    status: list[Status] = Field(default_factory=list, description="May be repeated.")
    severity: list[Severity] = Field(default_factory=list)
    channel: list[Channel] = Field(default_factory=list)
    mailbox: list[str] = Field(default_factory=list, max_length=_MANY)
    customer: list[UUID] = Field(default_factory=list, max_length=_MANY)
    contact: list[UUID] = Field(default_factory=list, max_length=_MANY)
    assignee: list[UUID] = Field(default_factory=list, max_length=_MANY)
    tag: list[str] = Field(default_factory=list, max_length=10, description="All of them.")
    unassigned: bool | None = Field(None, description="False for what somebody has.")
    taken: bool | None = Field(None, description="False for what nobody has taken.")
    merged: bool | None = Field(None, description="False leaves parts of other tickets out.")
    received_since: AwareDatetime | None = None
    received_until: AwareDatetime | None = Field(None, description="Before this.")
    created_since: AwareDatetime | None = None
    created_until: AwareDatetime | None = None
    updated_since: AwareDatetime | None = None
    updated_until: AwareDatetime | None = None
    solved_since: AwareDatetime | None = None
    solved_until: AwareDatetime | None = None

    def wanted(self) -> Wanted:
        """Return the filters as the store takes them."""
        return Wanted(
            statuses=self.status,
            severities=self.severity,
            channels=self.channel,
            mailboxes=self.mailbox,
            customers=self.customer,
            contacts=self.contact,
            assignees=self.assignee,
            tags=[tag.strip().lower() for tag in self.tag],
            unassigned=self.unassigned,
            taken=self.taken,
            merged=self.merged,
            received=Range(self.received_since, self.received_until),
            created=Range(self.created_since, self.created_until),
            updated=Range(self.updated_since, self.updated_until),
            solved=Range(self.solved_since, self.solved_until),
        )


class WantedTickets(Filters):
    """Which tickets, and in which order."""

    view: Literal["next"] | None = Field(
        None,
        description="`next` lists what runs, by when the first of its promises runs out; what is "
        "past its limit comes first, and what is open without a running promise last.",
    )
    whose: Literal["me", "team", "all"] = Field(
        "all", description="Mine; mine, my team's and nobody's; or everybody's."
    )
    sort: Order = Field(Order.NUMBER_DOWN, description="A minus puts the latest first.")


class ViewOut(BaseModel):
    """A list of tickets that somebody looks at often."""

    id: UUID
    name: str
    agent_id: UUID
    shared: bool
    query: dict[str, list[str]] = Field(examples=[{"status": ["open"], "sort": ["-updated_at"]}])
    created_at: datetime


class ViewPage(Page[ViewOut]):
    """A page of views, by name."""


class ViewIn(Body):
    """A view to keep: the parameters of a list of tickets, each with its values."""

    name: Named
    shared: bool = False
    query: dict[str, list[str]] = Field(examples=[{"status": ["open"], "whose": ["team"]}])


@router.get("/tickets", operation_id="list_tickets", response_model=TicketPage)
def list_tickets(context: Reader, wanted: Annotated[WantedTickets, Query()]) -> Response:
    """List tickets, newest first where no order is asked for.

    The pages stay stable while tickets come and change.
    """
    return tickets_page(context, wanted)


@router.get("/views", operation_id="list_views")
def list_views(context: Reader, wanted: Paged) -> ViewPage:
    """List your own views and those that are shared, by name."""
    with context.reading() as session:
        rows = views.seen_by(session, context.agent.id)
    page, cursor = cut_all(rows, wanted, str, UUID, key=lambda row: (row.name, row.id))
    return ViewPage(items=[_view(row) for row in page], next=cursor)


@router.post("/views", operation_id="add_view", status_code=201, responses=responses(409))
def post_view(context: Writer, body: ViewIn) -> ViewOut:
    """Keep a view; it is checked as the list would be."""
    _parsed(body.query)
    with context.db.writing() as session:
        view = desk.add_view(
            session,
            By(context.agent, context.now),
            name=body.name,
            shared=body.shared,
            query=body.query,
        )
        return _view(view)


@router.get("/views/{view_id}", operation_id="get_view", responses=_MISSING)
def get_view(context: Reader, view_id: UUID) -> ViewOut:
    """Read a view of your own, or one that is shared."""
    with context.reading() as session:
        return _view(desk.get_view(session, context.agent.id, view_id))


@router.put("/views/{view_id}", operation_id="change_view", responses=responses(404, 409))
def put_view(context: Writer, view_id: UUID, body: ViewIn) -> ViewOut:
    """Change a view of your own."""
    _parsed(body.query)
    with context.db.writing() as session:
        view = desk.get_own_view(session, By(context.agent, context.now), view_id)
        desk.change_view(session, view, name=body.name, shared=body.shared, query=body.query)
        return _view(view)


@router.delete("/views/{view_id}", operation_id="remove_view", status_code=204, responses=_MISSING)
def delete_view(context: Writer, view_id: UUID) -> Response:
    """Forget a view of your own."""
    with context.db.writing() as session:
        session.delete(desk.get_own_view(session, By(context.agent, context.now), view_id))
    return Response(status_code=204)


@router.get(
    "/views/{view_id}/tickets",
    operation_id="list_view_tickets",
    response_model=TicketPage,
    responses=_MISSING,
)
def list_view_tickets(context: Reader, view_id: UUID, wanted: Paged) -> Response:
    """List the tickets of a view, as they are now and as far as you may see them."""
    with context.reading() as session:
        view = desk.get_view(session, context.agent.id, view_id)
    query = _parsed(view.query)
    query.cursor, query.limit, query.fields = wanted.cursor, wanted.limit, wanted.fields
    return tickets_page(context, query)


def tickets_page(context: Context, wanted: WantedTickets) -> Response:
    """Return the page of tickets that is asked for, with their clocks as they stand."""
    with context.reading() as session:
        seen = [*_whose(session, context, wanted.whose), *visible(session, context)]
        if wanted.view == "next":
            after = wanted.after(datetime | None, int)
            rows: Sequence[AnyRow] = store.queue(
                session,
                wanted.wanted(),
                after=Place(after[1], after[0]) if after else None,
                limit=wanted.limit + 1,
                visible=seen,
            )
            page, cursor = cut(rows, wanted, key=lambda row: (row.next_due_at, row.number))
        else:
            after = wanted.after(datetime | None, int)
            rows = store.listing(
                session,
                wanted.wanted(),
                order=wanted.sort,
                after=Place(after[1], after[0]) if after else None,
                limit=wanted.limit + 1,
                visible=seen,
            )
            page, cursor = cut(
                rows, wanted, key=lambda row: (store.sorted_by(row, wanted.sort), row.number)
            )
        return page_of(shown(session, page, context), cursor)


def visible(session: Session, context: Context) -> list[Condition]:
    """Return what must be true of a ticket that the caller may see."""
    return [tickets.visible_to(session, context.agent)]


def _whose(session: Session, context: Context, whose: str) -> list[Condition]:
    agent = context.agent
    if whose == "me":
        return [store.of_agents([agent.id])]
    if whose == "team":
        mates = people.team_mates(session, agent)
        return [store.of_team([mate.id for mate in mates])]
    return []


def _parsed(query: dict[str, list[str]]) -> WantedTickets:
    several = {
        name
        for name, one in WantedTickets.model_fields.items()
        if str(one.annotation).startswith("list")
    }
    unknown = sorted(set(query) - set(WantedTickets.model_fields) | set(query) & {"cursor"})
    if unknown:
        raise BadInput(f"a list of tickets takes no {unknown[0]!r}", field="query")
    values = {
        name: given if name in several else given[-1] for name, given in query.items() if given
    }
    try:
        return WantedTickets.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(first["msg"], field=f"query.{where}") from error


def _view(view: SavedView) -> ViewOut:
    return ViewOut(**{name: getattr(view, name) for name in ViewOut.model_fields})
