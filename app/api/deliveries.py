"""The outbox: what leaves the house, how it went, and what is done where it did not."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlmodel import Session

from app.api.context import Context, Reader, Writer
from app.api.paging import Page, Paging, cut
from app.api.problems import responses
from app.api.ticket_schemas import Body, DeliveryOut, Reason
from app.desk import resend
from app.desk.work import By
from app.kit.errors import NotFound
from app.models import Delivery, DeliveryClass, DeliveryState
from app.store import deliveries

router = APIRouter(
    prefix="/deliveries", tags=["deliveries"], responses=responses(401, 403, 404, 422, 503)
)
_CONFLICT = responses(409)


class OutboxOut(DeliveryOut):
    """Something sent, or to be sent."""

    ticket_id: UUID | None = Field(description="Null for what is about no ticket.")
    mailbox: str = Field(description="Empty for what is no mail.")
    created_at: datetime

    @classmethod
    def row(cls, delivery: Delivery) -> "OutboxOut":
        """Return the delivery."""
        return cls(**{name: getattr(delivery, name) for name in cls.model_fields})


class OutboxPage(Page[OutboxOut]):
    """A page of deliveries, newest first."""


class WantedDeliveries(Paging):
    """Which deliveries are asked for."""

    state: list[DeliveryState] = Field(default_factory=list, description="May be repeated.")
    kind: list[DeliveryClass] = Field(default_factory=list)
    channel: list[str] = Field(default_factory=list, max_length=20, examples=[["mail"]])


class CallOffIn(Body):
    """Why it is not to leave."""

    reason: Reason


@router.get("", operation_id="list_deliveries")
def list_deliveries(context: Reader, wanted: Annotated[WantedDeliveries, Query()]) -> OutboxPage:
    """List what leaves the house, newest first."""
    after = wanted.after(UUID)
    with context.reading() as session:
        rows = deliveries.listing(
            session,
            context.agent,
            states=wanted.state,
            kinds=wanted.kind,
            channels=wanted.channel,
            before=after[0] if after else None,
            limit=wanted.limit + 1,
        )
    page, cursor = cut(rows, wanted, key=lambda row: (row.id,))
    return OutboxPage(items=[OutboxOut.row(row) for row in page], next=cursor)


@router.get("/{delivery_id}", operation_id="get_delivery")
def get_delivery(context: Reader, delivery_id: UUID) -> OutboxOut:
    """Read one delivery."""
    with context.reading() as session:
        return OutboxOut.row(_delivery(session, context, delivery_id))


@router.post("/{delivery_id}/retry", operation_id="retry_delivery", responses=_CONFLICT)
def post_retry(context: Writer, delivery_id: UUID) -> OutboxOut:
    """Send one that was given up once more; one that waits is tried at once."""
    with context.db.writing() as session:
        delivery = _delivery(session, context, delivery_id)
        resend.send_again(session, delivery, By(context.agent, context.now))
        return OutboxOut.row(delivery)


@router.post("/{delivery_id}/cancel", operation_id="cancel_delivery", responses=_CONFLICT)
def post_cancel(context: Writer, delivery_id: UUID, body: CallOffIn) -> OutboxOut:
    """Let one that has not left not leave."""
    with context.db.writing() as session:
        delivery = _delivery(session, context, delivery_id)
        resend.call_off(session, delivery, By(context.agent, context.now), reason=body.reason)
        return OutboxOut.row(delivery)


def _delivery(session: Session, context: Context, delivery_id: UUID) -> Delivery:
    found = deliveries.find_visible(session, context.agent, delivery_id)
    if found is None:
        raise NotFound(f"there is no delivery {delivery_id}", field="delivery_id")
    return found
