"""Webhooks: other programs that are told of events, and how the telling goes."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, StringConstraints
from sqlmodel import Session

from app.api.context import Context, LeadOfAll
from app.api.customers import Named
from app.api.paging import Page, Paged, Paging, cut, cut_all
from app.api.problems import responses
from app.api.ticket_schemas import Body, Reason
from app.desk import subscriptions as desk
from app.desk.work import By
from app.kit.net import Outside
from app.models import Subscription, SubscriptionDelivery, SubscriptionState
from app.store import subscriptions

router = APIRouter(
    prefix="/webhooks", tags=["webhooks"], responses=responses(401, 403, 404, 409, 422, 503)
)
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=2000)]


class WebhookOut(BaseModel):
    """A program that is told of events."""

    id: UUID
    name: str
    url: str
    kinds: list[str] = Field(description="Types of events; empty for all.")
    place: int = Field(description="Up to where in the feed its deliveries have been made.")
    pending: int = Field(description="Events that it is still to be told of.")
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: str

    @classmethod
    def of(cls, subscription: Subscription, pending: int) -> Self:
        """Return the webhook without its secret."""
        values = {
            name: getattr(subscription, name) for name in cls.model_fields if name != "pending"
        }
        return cls(**values, pending=pending)


class NewWebhookOut(WebhookOut):
    """A webhook with its secret, which is shown this once."""

    secret: str = Field(description="What its requests are signed with (Standard Webhooks).")

    @classmethod
    def shown(cls, subscription: Subscription) -> Self:
        """Return the webhook with its secret."""
        base = WebhookOut.of(subscription, 0).model_dump()
        return cls(**base, secret=subscription.secret)


class WebhookIn(Body):
    """A new webhook."""

    name: Named
    url: Url = Field(examples=["https://example.com/svartid"])
    kinds: list[str] = Field(default_factory=list, examples=[["ticket.opened"]], max_length=100)
    after: int | None = Field(
        None, ge=0, description="From which place in the feed on; left out, from now on."
    )


class WebhookChangeIn(Body):
    """What is to change; what is left out stays."""

    name: Named | None = None
    url: Url | None = None
    kinds: list[str] | None = Field(None, max_length=100)


class ReplayIn(Body):
    """From where everything is told once more."""

    after: int = Field(ge=0, description="A place in the feed.")


class DisableIn(Body):
    """Why it is told nothing more."""

    reason: Reason


class WebhookDeliveryOut(BaseModel):
    """How one event was told."""

    id: UUID
    place: int
    seq: int
    ticket_id: UUID
    kind: str
    state: SubscriptionState
    attempts: int
    next_at: datetime
    first_failed_at: datetime | None
    last_answer: str
    created_at: datetime
    delivered_at: datetime | None

    @classmethod
    def of(cls, row: SubscriptionDelivery) -> Self:
        """Return the delivery."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class WebhookPage(Page[WebhookOut]):
    """A page of webhooks."""


class WebhookDeliveryPage(Page[WebhookDeliveryOut]):
    """A page of deliveries, newest first."""


class WantedDeliveries(Paging):
    """Which deliveries are asked for."""

    state: SubscriptionState | None = None


@router.get("", operation_id="list_webhooks")
def list_webhooks(context: LeadOfAll, wanted: Paged) -> WebhookPage:
    """List the webhooks, by name."""
    with context.reading() as session:
        pending = subscriptions.count_pending(session)
        rows = subscriptions.every(session)
    page, cursor = cut_all(rows, wanted, str, UUID, key=lambda row: (row.name, row.id))
    items = [WebhookOut.of(row, pending.get(row.id, 0)) for row in page]
    return WebhookPage(items=items, next=cursor)


@router.post("", operation_id="add_webhook", status_code=201)
def post_webhook(context: LeadOfAll, body: WebhookIn) -> NewWebhookOut:
    """Tell a program of events by signed requests; the secret is shown this once."""
    desk.check_target(_outside(context), body.url)
    with context.db.writing() as session:
        made = desk.add_subscription(
            session,
            By(context.agent, context.now),
            name=body.name,
            url=body.url,
            kinds=body.kinds,
            after=body.after,
        )
        return NewWebhookOut.shown(made)


@router.get("/{webhook_id}", operation_id="get_webhook")
def get_webhook(context: LeadOfAll, webhook_id: UUID) -> WebhookOut:
    """Read one webhook."""
    with context.reading() as session:
        return _shown(session, desk.get_subscription(session, webhook_id))


@router.patch("/{webhook_id}", operation_id="change_webhook")
def patch_webhook(context: LeadOfAll, webhook_id: UUID, body: WebhookChangeIn) -> WebhookOut:
    """Change where it is, or what it is told of."""
    if body.url is not None:
        desk.check_target(_outside(context), body.url)
    with context.db.writing() as session:
        row = desk.get_subscription(session, webhook_id, lock=True)
        desk.change_subscription(
            session,
            row,
            By(context.agent, context.now),
            name=body.name,
            url=body.url,
            kinds=body.kinds,
        )
        return _shown(session, row)


@router.delete("/{webhook_id}", operation_id="remove_webhook", status_code=204)
def delete_webhook(context: LeadOfAll, webhook_id: UUID) -> Response:
    """End it, and forget what it was told."""
    with context.db.writing() as session:
        row = desk.get_subscription(session, webhook_id, lock=True)
        desk.remove(session, row, By(context.agent, context.now))
    return Response(status_code=204)


@router.post("/{webhook_id}/secret", operation_id="rotate_webhook_secret")
def post_secret(context: LeadOfAll, webhook_id: UUID) -> NewWebhookOut:
    """Sign with a new secret from now on; it is shown this once."""
    with context.db.writing() as session:
        row = desk.get_subscription(session, webhook_id, lock=True)
        desk.rotate_secret(session, row, By(context.agent, context.now))
        return NewWebhookOut.shown(row)


@router.post("/{webhook_id}/disable", operation_id="disable_webhook")
def post_disable(context: LeadOfAll, webhook_id: UUID, body: DisableIn) -> WebhookOut:
    """Tell it nothing until it is enabled again; nothing is lost meanwhile."""
    with context.db.writing() as session:
        row = desk.get_subscription(session, webhook_id, lock=True)
        desk.disable(session, row, By(context.agent, context.now), reason=body.reason)
        return _shown(session, row)


@router.post("/{webhook_id}/enable", operation_id="enable_webhook")
def post_enable(context: LeadOfAll, webhook_id: UUID) -> WebhookOut:
    """Tell it again, beginning with what it has missed."""
    with context.db.writing() as session:
        row = desk.get_subscription(session, webhook_id, lock=True)
        desk.enable(session, row, By(context.agent, context.now))
        return _shown(session, row)


@router.post("/{webhook_id}/replay", operation_id="replay_webhook")
def post_replay(context: LeadOfAll, webhook_id: UUID, body: ReplayIn) -> WebhookOut:
    """Tell everything after a place in the feed once more, each under its old `webhook-id`."""
    with context.db.writing() as session:
        row = desk.get_subscription(session, webhook_id, lock=True)
        desk.replay(session, row, By(context.agent, context.now), after=body.after)
        return _shown(session, row)


@router.get("/{webhook_id}/deliveries", operation_id="list_webhook_deliveries")
def list_deliveries(
    context: LeadOfAll, webhook_id: UUID, wanted: Annotated[WantedDeliveries, Query()]
) -> WebhookDeliveryPage:
    """Read how the telling went, newest first."""
    after = wanted.after(UUID)
    with context.reading() as session:
        row = desk.get_subscription(session, webhook_id)
        found = subscriptions.log(
            session,
            row.id,
            state=wanted.state,
            before=after[0] if after else None,
            limit=wanted.limit + 1,
        )
    page, cursor = cut(found, wanted, key=lambda one: (one.id,))
    return WebhookDeliveryPage(items=[WebhookDeliveryOut.of(one) for one in page], next=cursor)


def _shown(session: Session, row: Subscription) -> WebhookOut:
    session.flush()
    return WebhookOut.of(row, subscriptions.count_pending(session).get(row.id, 0))


def _outside(context: Context) -> Outside:
    return Outside(context.house.settings.network.private_targets)
