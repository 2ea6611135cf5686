"""An event as other programs read it: the same in the feed, in a stream and in a webhook."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.models import Status, Ticket, TicketEvent
from app.sla.terms import Severity


class TicketThen(BaseModel):
    """The ticket as it is when it is told of."""

    id: UUID
    number: int
    subject: str
    status: Status
    severity: Severity
    customer_id: UUID | None
    contact_id: UUID | None
    assignee_id: UUID | None
    next_due_at: datetime | None
    version: int


class FeedEvent(BaseModel):
    """Something that happened to a ticket."""

    place: int = Field(description="Where it stands in the feed: the cursor.", examples=[4711])
    type: str = Field(examples=["ticket.replied"])
    seq: int = Field(description="Its number in the ticket's timeline.")
    at: datetime = Field(description="When it took effect.")
    recorded_at: datetime
    actor: str = Field(examples=["customer"])
    data: dict[str, object]
    ticket: TicketThen

    @classmethod
    def of(cls, place: int, event: TicketEvent, ticket: Ticket) -> Self:
        """Return the event at its place."""
        then = {name: getattr(ticket, name) for name in TicketThen.model_fields}
        return cls(
            place=place,
            type=type_of(event.kind),
            seq=event.seq or 0,
            at=event.at,
            recorded_at=event.recorded_at,
            actor=event.actor,
            data=event.data,
            ticket=TicketThen(**then),
        )


def type_of(kind: str) -> str:
    """Return the event's type as other programs know it."""
    return f"ticket.{kind}"
