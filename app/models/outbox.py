"""What is to leave the house: a row committed together with its cause."""

from enum import StrEnum

from sqlalchemy import Column, Index, text
from sqlmodel import Field

from app.models.base import Document, Id, Instant, Row, Word, id_field, link


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DeliveryClass(StrEnum):
    """How urgent; the order of the list is most urgent first."""

    PAGE = "page"
    RECEIPT = "receipt"
    LETTER = "letter"


class Delivery(Row, table=True):
    """One outgoing mail, from the moment it is owed until it is sent or given up with a reason."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index(
            "ix_delivery_due",
            "urgency",
            "next_at",
            sqlite_where=text("state IN ('pending', 'sending')"),
            postgresql_where=text("state IN ('pending', 'sending')"),
        ),
        Index("ix_delivery_ticket_id", "ticket_id"),
    )

    id: Id = id_field()
    # Built by one function from ids; the same cause never makes two.
    dedupe_key: str = Field(unique=True)
    urgency: int
    kind: DeliveryClass = Field(sa_column=Column(Word(DeliveryClass), nullable=False))
    channel: str = "mail"
    mailbox: str
    recipient: str
    # The letter's fields, as the channel's sender reads them.
    payload: dict[str, object] = Field(sa_column=Column(Document, nullable=False))
    state: DeliveryState = Field(
        default=DeliveryState.PENDING, sa_column=Column(Word(DeliveryState), nullable=False)
    )
    attempts: int = 0
    # When it may next be claimed: the next try, or the end of the lease.
    next_at: Instant
    # The fence: a result is written only by whoever still holds this token.
    lease_token: str | None = None
    last_error: str | None = None
    # What the other side said when it took the message.
    response: str | None = None
    # A mail's Message-ID; of an SMS or a call, Twilio's id once it has one.
    message_id: str | None = Field(default=None, index=True)
    # Twilio's last word on how it goes; it never goes back.
    provider_state: str | None = None
    ticket_id: Id | None = link("ticket", nullable=True)
    # The page that it is a part of; a failure is told to the engine through it.
    page_id: Id | None = link("page", index=True, nullable=True)
    created_at: Instant
    sent_at: Instant | None = None
