"""Tickets as the API shows and takes them."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from sqlmodel import Session

from app.api.paging import Page, Paging
from app.desk.tickets import StoredAttachment
from app.kit.text import storable
from app.models import Agent, Clock, Draft, Message, MessageKind, Status, Ticket, TicketEvent
from app.sla.severity.reason_words import reasons_in
from app.sla.terms import ClockKind, ClockStatus, Severity
from app.store import clocks as store

# A NUL or half a surrogate pair would be refused by the database.
_Clean = AfterValidator(storable)
Said = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200_000), _Clean
]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), _Clean
]
MaybeReason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000), _Clean]
Address = Annotated[str, StringConstraints(pattern=r"^[^@\s,;<>]+@[^@\s,;<>]+$", max_length=254)]


def _decoded(value: object) -> bytes:
    """Decode base64 strictly: a letter that does not belong there would be left out unseen."""
    if not isinstance(value, str):
        raise ValueError("give the file in base64, as text")  # noqa: TRY004 - pydantic answers 422
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except binascii.Error as error:
        raise ValueError(f"this is not base64: {error}") from error


Bytes = Annotated[bytes, BeforeValidator(_decoded, json_schema_input_type=str)]


class Body(BaseModel):
    """What a request carries; a field that is not known is refused."""

    model_config = ConfigDict(extra="forbid")


class ClockOut(BaseModel):
    """One promise: what we aim at, what the agreement promises, and how it stands."""

    kind: ClockKind
    status: ClockStatus
    started_at: datetime = Field(description="The receipt: every promise counts from here.")
    target_at: datetime | None = Field(description="What we aim at; null while it stands still.")
    limit_at: datetime | None = Field(description="What is promised; past it is a breach.")
    met_at: datetime | None
    breached_at: datetime | None
    target_left_s: int | None = Field(description="Seconds left to the target; negative past it.")
    limit_left_s: int | None = Field(description="Seconds left to the limit; negative past it.")

    @classmethod
    def of(cls, clock: Clock, now: datetime) -> Self:
        """Return the clock as it stands at ``now``."""
        running = clock.status is ClockStatus.RUNNING

        def left(at: datetime | None) -> int | None:
            return int((at - now).total_seconds()) if at and running else None

        return cls(
            kind=clock.kind,
            status=clock.status,
            started_at=clock.started_at,
            target_at=clock.target_at,
            limit_at=clock.limit_at,
            met_at=clock.met_at,
            breached_at=clock.breached_at,
            target_left_s=left(clock.target_at),
            limit_left_s=left(clock.limit_at),
        )


class TicketOut(BaseModel):
    """A ticket."""

    # The clocks' seconds go by whether or not anything changes.
    ETAG: ClassVar = ("version",)

    id: UUID
    number: int = Field(examples=[198])
    subject: str
    status: Status
    severity: Severity
    severity_confidence: float
    severity_reasons: list[str] = Field(
        description="In your own language, bokmål or English; what people wrote as they wrote it."
    )
    confirm_severity: bool = Field(description="The judge was unsure and asks a person to look.")
    suspected_exclusion: str | None
    channel: str
    mailbox: str | None
    language: str
    contact_id: UUID | None
    customer_id: UUID | None
    assignee_id: UUID | None
    agreement_id: UUID | None = Field(description="Null under the house's own promises.")
    policy_id: UUID = Field(description="The policy version that its deadlines are of.")
    received_at: datetime
    created_at: datetime
    updated_at: datetime
    taken_at: datetime | None
    taken_by_id: UUID | None
    snoozed_until: datetime | None
    solved_at: datetime | None
    next_due_at: datetime | None = Field(
        description="When the first of its running promises runs out; null while none runs."
    )
    merged_into_id: UUID | None = Field(description="The ticket that it has become a part of.")
    incident_id: UUID | None = Field(description="The incident that it is one report of.")
    tags: list[str]
    flags: list[str]
    version: int
    intake_lag_s: float = Field(
        description="Seconds from the receipt to the ticket; they count against us."
    )
    clocks: list[ClockOut]

    @classmethod
    def of(cls, ticket: Ticket, clocks: Sequence[Clock], now: datetime, *, language: str) -> Self:
        """Return the ticket with its clocks as they stand at ``now``, for a reader's language."""
        own = {"clocks", "intake_lag_s"}
        values = {name: getattr(ticket, name) for name in cls.model_fields if name not in own}
        values["severity_reasons"] = reasons_in(ticket.severity_reasons, language)
        values["intake_lag_s"] = (ticket.created_at - ticket.received_at).total_seconds()
        ordered = sorted(clocks, key=lambda clock: clock.kind)
        return cls(**values, clocks=[ClockOut.of(clock, now) for clock in ordered])

    @classmethod
    def read(cls, session: Session, ticket: Ticket, reader: Agent, now: datetime) -> Self:
        """Return the ticket likewise, with its clocks as this transaction has left them."""
        session.flush()
        found = store.of_ticket(session, ticket.id)
        return cls.of(ticket, found, now, language=reader.language)


class WriterOut(BaseModel):
    """Somebody who is writing a reply right now."""

    agent_id: UUID
    name: str
    since: datetime
    seen_at: datetime

    @classmethod
    def of(cls, draft: Draft, agent: Agent) -> Self:
        """Return who is writing."""
        return cls(agent_id=agent.id, name=agent.name, since=draft.since, seen_at=draft.seen_at)


class OneTicketOut(TicketOut):
    """A ticket, and who else is at it."""

    writing: list[WriterOut] = Field(description="Who else is writing a reply right now.")


class TicketPage(Page[TicketOut]):
    """A page of tickets."""


class AttachmentOut(BaseModel):
    """A file on a message."""

    id: UUID
    name: str
    content_type: str
    size: int


class MessageOut(BaseModel):
    """An entry on a ticket."""

    id: UUID
    ticket_number: int = Field(description="Another one, where that was merged into this.")
    kind: str
    at: datetime
    author: str
    from_address: str
    to_addresses: list[str]
    cc_addresses: list[str]
    subject: str
    text: str
    reply_text: str | None = Field(description="The newest text alone, where it differs.")
    html: str | None = Field(description="Sanitised.")
    verdict: str
    verdict_reason: str
    problems: list[str]
    attachments: list[AttachmentOut]

    @classmethod
    def of(cls, message: Message, number: int, files: Sequence[AttachmentOut]) -> Self:
        """Return the message of a ticket with its files."""
        own = {"attachments", "ticket_number"}
        values = {name: getattr(message, name) for name in cls.model_fields if name not in own}
        return cls(**values, ticket_number=number, attachments=list(files))


class MessagePage(Page[MessageOut]):
    """A page of what was said, oldest first."""


class WantedMessages(Paging):
    """Which messages of a ticket are asked for."""

    kind: list[MessageKind] = Field(
        default_factory=list, description="May be repeated; `note` for what staff wrote for staff."
    )


class EventOut(BaseModel):
    """Something that happened to a ticket."""

    seq: int
    kind: str
    at: datetime
    recorded_at: datetime
    actor: str
    data: dict[str, object]

    @classmethod
    def of(cls, event: TicketEvent) -> Self:
        """Return the event."""
        return cls(**{name: getattr(event, name) for name in cls.model_fields})


class EventPage(Page[EventOut]):
    """A page of a ticket's log, oldest first."""


class StepOut(BaseModel):
    """A step of the ladder: fired, or recorded as not needed."""

    clock: ClockKind
    run: int
    step: int
    repeat: int
    name: str
    nominal_at: datetime = Field(description="When it was due.")
    fired_at: datetime
    lateness_s: float
    skipped: str = Field(description="Why it paged nobody; empty when it did.")
    paged: list[str]


class DeliveryOut(BaseModel):
    """Something sent, or to be sent, for a ticket."""

    id: UUID
    kind: str
    channel: str
    recipient: str
    state: str
    attempts: int
    next_at: datetime
    sent_at: datetime | None
    last_error: str | None
    response: str | None


class StepPage(Page[StepOut]):
    """A page of the ladder's steps, in the order they were taken."""


class DeliveryPage(Page[DeliveryOut]):
    """A page of what was sent for a ticket, oldest first."""


class FileIn(Body):
    """A file that goes with a reply or a claim."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=150), _Clean]
    content_type: Annotated[str, StringConstraints(max_length=150)] = "application/octet-stream"
    data: Bytes = Field(description="The file itself, in base64.", repr=False)

    def stored(self) -> StoredAttachment:
        """Return the file as the desk keeps it."""
        return StoredAttachment(
            name=self.name,
            declared_type=self.content_type,
            sniffed_type=self.content_type,
            data=self.data,
        )


class ReplyIn(Body):
    """An answer to the customer."""

    text: Said | None = Field(None, examples=["Hei! Vi har funnet feilen og retter den nå."])
    template_id: UUID | None = Field(
        None, description="In place of a text: a template's words, its names filled in."
    )
    html: Annotated[str, StringConstraints(max_length=500_000), _Clean] | None = Field(
        None, description="The same with mark-up; cleaned before it is sent beside the text."
    )
    cc: list[Address] | None = Field(
        None,
        max_length=20,
        description="Left out, whoever was in copy of what is answered; [] for the customer alone.",
    )
    attachments: list[FileIn] = Field(default_factory=list, max_length=20)
    then: Literal["solve", "wait"] | None = Field(
        None, description="Also solve the ticket, or wait for the customer."
    )

    @model_validator(mode="after")
    def _one_text(self) -> Self:
        if (self.text is None) == (self.template_id is None):
            raise ValueError("give a text, or a template")
        return self


class NoteIn(Body):
    """A note among staff."""

    text: Said = Field(examples=["Ring Kari. @ola har loggen."])
    mentions: list[UUID] = Field(
        default_factory=list,
        max_length=50,
        description="Agents who are mailed, beside those whose address begins with a word that "
        "stands behind an @ in the text.",
    )


class AssigneeIn(Body):
    """Who has the ticket."""

    agent_id: UUID | None = Field(description="Null for nobody.")


class SeverityIn(Body):
    """How bad it is, and why."""

    severity: Severity
    reason: Reason = Field(examples=["Nobody can pay, see the log."])


class WaitIn(Body):
    """What the customer is asked for."""

    reason: Reason = Field(examples=["Which browser?"])


class HandOnIn(Body):
    """Who has it from now on, and why."""

    agent_id: UUID
    reason: Reason = Field(examples=["She knows the payment provider."])


class SnoozeIn(Body):
    """Until when nobody is paged, and why."""

    until: AwareDatetime
    reason: Reason = Field(examples=["The provider restarts at two."])


class ReasonIn(Body):
    """Why, in a few words; may be left out."""

    reason: MaybeReason = ""
