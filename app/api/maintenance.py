"""Maintenance windows: announce, list, call off."""

from datetime import datetime
from typing import Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from app.api.context import Lead, Reader
from app.api.paging import Page, Paged, cut_all
from app.api.problems import responses
from app.api.ticket_schemas import Body, Reason
from app.desk import maintenance as desk
from app.desk.work import By
from app.kit.errors import NotFound
from app.models import MaintenanceWindow
from app.store import maintenance, people

router = APIRouter(
    prefix="/maintenance", tags=["maintenance"], responses=responses(401, 403, 404, 422, 503)
)


class WindowOut(BaseModel):
    """Work that was announced."""

    id: UUID
    title: str
    starts_at: datetime
    ends_at: datetime = Field(description="As announced; work that goes on past it counts.")
    everyone: bool
    customers: list[UUID]
    created_at: datetime
    cancelled_at: datetime | None

    @classmethod
    def of(cls, window: MaintenanceWindow, customers: frozenset[UUID]) -> Self:
        """Return the window."""
        plain = {name: getattr(window, name) for name in cls.model_fields if name != "customers"}
        return cls(**plain, customers=sorted(customers))


class WindowPage(Page[WindowOut]):
    """A page of windows."""


class WindowIn(Body):
    """What is done, when, and whom it touches."""

    title: Reason = Field(examples=["Oppgradering av databasen"])
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    customers: list[UUID] = Field(default_factory=list, max_length=10_000)
    everyone: bool = False


class CancelIn(Body):
    """Why."""

    reason: Reason


@router.get("", operation_id="list_maintenance")
def list_windows(context: Reader, wanted: Paged) -> WindowPage:
    """List every window, the latest first."""
    with context.reading() as session:
        seen = people.visible_customer_ids(session, context.agent)
        rows = [
            (window, named & seen)
            for window, named in maintenance.listing(session)
            if window.everyone or named & seen
        ]
    page, cursor = cut_all(
        rows,
        wanted,
        datetime,
        UUID,
        key=lambda found: (found[0].starts_at, found[0].id),
        newest_first=True,
    )
    return WindowPage(items=[WindowOut.of(*found) for found in page], next=cursor)


@router.post("", operation_id="announce_maintenance", status_code=201)
def post_window(context: Lead, body: WindowIn) -> WindowOut:
    """Announce a window; open tickets it touches are told by letter."""
    with context.db.writing() as session:
        found = people.customers_by_id(session, body.customers)
        seen = people.visible_customer_ids(session, context.agent)
        missing = set(body.customers) - (found.keys() & seen)
        if missing:
            raise NotFound(f"there is no customer {min(missing)}", field="customers")
        plan = desk.Plan(
            title=body.title,
            starts_at=body.starts_at,
            ends_at=body.ends_at,
            customers=list(found.values()),
            everyone=body.everyone,
        )
        window = desk.announce(session, context.house, plan, By(context.agent, context.now))
        return WindowOut.of(window, frozenset(found))


@router.get("/{window_id}", operation_id="get_maintenance")
def get_window(context: Reader, window_id: UUID) -> WindowOut:
    """Read one window."""
    with context.reading() as session:
        seen = people.visible_customer_ids(session, context.agent)
        for window, named in maintenance.listing(session):
            if window.id == window_id and (window.everyone or named & seen):
                return WindowOut.of(window, named & seen)
    raise NotFound("there is no such window", field="window_id")


@router.post("/{window_id}/cancel", operation_id="cancel_maintenance", responses=responses(409))
def post_cancel(context: Lead, window_id: UUID, body: CancelIn) -> None:
    """Call it off, or break it off."""
    get_window(context, window_id)
    with context.db.writing() as session:
        window = maintenance.find(session, window_id)
        if window is None:
            raise NotFound("there is no such window", field="window_id")
        desk.cancel(
            session, context.house, window, By(context.agent, context.now), reason=body.reason
        )
