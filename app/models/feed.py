"""Who is told of what happens to tickets, and how the telling went."""

from enum import StrEnum

from sqlalchemy import BigInteger, Column, Index, text
from sqlmodel import Field

from app.models.base import Document, Id, Instant, Row, Word, id_field, link

_PENDING = text("state = 'pending'")


class Subscription(Row, table=True):
    """Another program that is told of events by signed requests."""

    __tablename__ = "subscription"

    id: Id = id_field()
    name: str
    url: str
    # What its requests are signed with (Standard Webhooks).
    secret: str
    # Kinds of events; empty for all.
    kinds: list[str] = Field(sa_column=Column(Document, nullable=False))
    # The place in the feed up to which its deliveries have been made.
    place: int = Field(sa_column=Column(BigInteger, nullable=False))
    created_by: Id = link("agent")
    created_at: Instant
    # None while it is told; it is disabled by us after three days of failing, or by staff.
    disabled_at: Instant | None = None
    disabled_reason: str = ""


class SubscriptionState(StrEnum):
    """Where the delivery of one event to one subscription stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"  # A replay has made another one of it.


class SubscriptionDelivery(Row, table=True):
    """One event that a subscription is told of."""

    __tablename__ = "subscription_delivery"
    __table_args__ = (
        Index(
            "ix_subscription_delivery_due",
            "subscription_id",
            "next_at",
            sqlite_where=_PENDING,
            postgresql_where=_PENDING,
        ),
        # Whether an earlier event of the same ticket is still to be told.
        Index(
            "ix_subscription_delivery_order",
            "subscription_id",
            "ticket_id",
            "place",
            sqlite_where=_PENDING,
            postgresql_where=_PENDING,
        ),
        Index("ix_subscription_delivery_log", "subscription_id", "created_at"),
    )

    id: Id = id_field()
    subscription_id: Id = link("subscription")
    place: int = Field(sa_column=Column(BigInteger, nullable=False))
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    ticket_id: Id = link("ticket")
    kind: str
    state: SubscriptionState = Field(
        default=SubscriptionState.PENDING,
        sa_column=Column(Word(SubscriptionState), nullable=False),
    )
    attempts: int = 0
    # When it may next be claimed: the next try, or the end of the lease.
    next_at: Instant
    # The fence: a result is written only by whoever still holds this token.
    lease_token: str | None = None
    first_failed_at: Instant | None = None
    # What the other side answered, or why it could not be asked.
    last_answer: str = ""
    created_at: Instant
    delivered_at: Instant | None = None
