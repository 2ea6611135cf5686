"""Tickets, what was said on them, and the log that everything about them is told from."""

from enum import StrEnum

from sqlalchemy import BigInteger, Column, Index, text
from sqlmodel import Field

from app.models.base import Counter, Document, Id, Instant, Row, Word, blob_link, id_field, link
from app.sla.terms import Severity


class Status(StrEnum):
    """Where a ticket stands."""

    OPEN = "open"
    WAITING = "waiting"  # For the customer; the clocks stand still.
    SOLVED = "solved"
    CLOSED = "closed"


OPEN = frozenset({Status.OPEN, Status.WAITING})


class Channel(StrEnum):
    """How it reached us."""

    EMAIL = "email"
    PHONE = "phone"
    SMS = "sms"
    API = "api"


class MessageKind(StrEnum):
    """What an entry on a ticket is."""

    INBOUND = "inbound"  # From the customer.
    REPLY = "reply"  # From a person of ours to the customer.
    AUTOMATIC = "automatic"  # From the desk itself to the customer.
    NOTE = "note"  # Among staff; never leaves the house.


_IS_DUE = text("next_due_at IS NOT NULL")


class Ticket(Row, table=True):
    """A fault or a question, from receipt to solution."""

    __tablename__ = "ticket"
    __table_args__ = (
        Index("ix_ticket_status_number", "status", "number"),
        Index("ix_ticket_received_at", "received_at", "number"),
        Index("ix_ticket_updated_at", "updated_at", "number"),
        # The queue: what is due first, of all or of one person's. Closed tickets are not in it.
        Index(
            "ix_ticket_next_due_at",
            "next_due_at",
            "number",
            sqlite_where=_IS_DUE,
            postgresql_where=_IS_DUE,
        ),
        Index(
            "ix_ticket_assignee_id_next_due_at",
            "assignee_id",
            "next_due_at",
            "number",
            sqlite_where=_IS_DUE,
            postgresql_where=_IS_DUE,
        ),
    )

    id: Id = id_field()
    # What people say: counted up from 1, never used twice.
    number: int = Field(sa_column=Column(Counter, unique=True, nullable=False))
    subject: str
    status: Status = Field(default=Status.OPEN, sa_column=Column(Word(Status), nullable=False))
    channel: Channel = Field(sa_column=Column(Word(Channel), nullable=False))
    mailbox: str | None = None
    severity: Severity = Field(sa_column=Column(Word(Severity), nullable=False))
    severity_confidence: float = 0.0
    severity_reasons: list[str] = Field(sa_column=Column(Document, nullable=False))
    # The judge was unsure and asks a person to look.
    confirm_severity: bool = False
    suspected_exclusion: str | None = None
    language: str
    time_zone: str
    contact_id: Id | None = link("contact", index=True, nullable=True)
    customer_id: Id | None = link("customer", index=True, nullable=True)
    assignee_id: Id | None = link("agent", index=True, nullable=True)
    # Frozen when the promise is made.
    # None for a ticket of nobody's, or of a customer without an agreement: the house's promises.
    agreement_id: Id | None = link("agreement", nullable=True)
    policy_id: Id = link("policy_version")
    ladder_id: Id = link("ladder_version")
    # When the customer's report reached our side; every clock starts here.
    received_at: Instant
    created_at: Instant
    updated_at: Instant
    taken_at: Instant | None = None
    taken_by_id: Id | None = link("agent", nullable=True)
    # Nobody is paged before this, but never past a limit.
    snoozed_until: Instant | None = None
    # When whoever had taken it gave it back last, and how often that happened.
    handed_back_at: Instant | None = None
    hand_backs: int = 0
    solved_at: Instant | None = None
    # When the first of its running promises runs out; None while none runs. Kept by the clocks.
    next_due_at: Instant | None = None
    # The ticket that it has become a part of: what is said about it is said there.
    merged_into_id: Id | None = link("ticket", index=True, nullable=True)
    # What it and others have for a cause, where that is known.
    incident_id: Id | None = link("incident", index=True, nullable=True)
    # In lower case, by name; ``ticket_tag`` holds the same, to be found by.
    tags: list[str] = Field(
        default_factory=list,
        sa_column=Column(Document, nullable=False, server_default=text("'[]'")),
    )
    # Something about how it came in that staff must see, such as "unreadable".
    flags: list[str] = Field(sa_column=Column(Document, nullable=False))
    # Counted up by every change; the ETag.
    version: int = 1


class Message(Row, table=True):
    """An entry on a ticket: a mail in, a reply out, a note."""

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_ticket_id_at", "ticket_id", "at"),)

    id: Id = id_field()
    ticket_id: Id = link("ticket")
    kind: MessageKind = Field(sa_column=Column(Word(MessageKind), nullable=False))
    at: Instant
    author: str
    from_address: str = ""
    to_addresses: list[str] = Field(sa_column=Column(Document, nullable=False))
    cc_addresses: list[str] = Field(sa_column=Column(Document, nullable=False))
    subject: str = ""
    text: str = ""
    # Sanitised; for display.
    html: str | None = None
    # The newest text alone, when it differs from the whole: a view, nothing is cut away.
    reply_text: str | None = None
    # human, auto_reply, bulk or bounce, and why.
    verdict: str = "human"
    verdict_reason: str = ""
    message_id: str | None = None
    problems: list[str] = Field(sa_column=Column(Document, nullable=False))
    inbound_id: Id | None = link("inbound_mail", nullable=True)


class Attachment(Row, table=True):
    """A file on a message; its bytes are a blob."""

    __tablename__ = "attachment"

    id: Id = id_field()
    message_id: Id = link("message", index=True)
    sha256: str = blob_link()
    name: str
    declared_type: str
    sniffed_type: str
    size: int
    content_id: str | None = None
    inline: bool = False


class ReferenceKind(StrEnum):
    """How we know a Message-ID."""

    OURS = "ours"  # We wrote that message.
    STORED = "stored"  # We received it.
    MENTIONED = "mentioned"  # Another message of the ticket named it.


class MailReference(Row, table=True):
    """A Message-ID that belongs to a ticket: what replies are joined by."""

    __tablename__ = "mail_reference"

    id: Id = id_field()
    # Without angle brackets.
    message_id: str = Field(index=True)
    ticket_id: Id = link("ticket", index=True)
    kind: ReferenceKind = Field(sa_column=Column(Word(ReferenceKind), nullable=False))


class Event(StrEnum):
    """What can happen to a ticket."""

    OPENED = "opened"
    RECEIVED = "received"  # A further message of the customer's.
    ALSO_RECEIVED = "also_received"  # A message of it came to another mailbox of ours too.
    ACKNOWLEDGED = "acknowledged"
    NOT_ACKNOWLEDGED = "not_acknowledged"
    REPLIED = "replied"
    CALLED = "called"  # The customer phoned, or one of ours phoned the customer.
    SPOKEN = "spoken"  # One of ours has spoken with the customer on the phone.
    CALL_BACK_DUE = "call_back_due"  # The customer phoned and reached nobody.
    CALLED_BACK = "called_back"  # Somebody has seen to it, or it was not needed after all.
    SUSPECTED = "suspected"  # Other customers phoned at the same time: one incident, perhaps.
    NOTED = "noted"
    WORK_STARTED = "work_started"
    WAITING = "waiting"
    RESUMED = "resumed"
    SEVERITY_SET = "severity_set"
    ASSIGNED = "assigned"
    TAKEN = "taken"
    HANDED_BACK = "handed_back"
    HANDED_ON = "handed_on"
    SNOOZED = "snoozed"
    PAGE_HELD = "page_held"  # For a moment, to go out with others; and why.
    PAGE_FAILED = "page_failed"  # A page did not reach its person, and what was done then.
    SOLVED = "solved"
    REOPENED = "reopened"
    STEP_FIRED = "step_fired"
    STEP_SKIPPED = "step_skipped"
    LADDER_NOTE = "ladder_note"
    BREACHED = "breached"
    EXCLUSION_PROPOSED = "exclusion_proposed"
    EXCLUSION_REFUSED = "exclusion_refused"
    EXCLUDED = "excluded"  # From `at` on, time does not count.
    INCLUDED = "included"  # From `at` on, it counts again.
    EXCLUSION_WITHDRAWN = "exclusion_withdrawn"
    EXCLUSION_TOLD = "exclusion_told"  # Or why the customer was not.
    POLICY_MOVED = "policy_moved"
    CUSTOMER_SET = "customer_set"
    CORRECTED = "corrected"  # An earlier event of the log took effect at another time.
    CHANGE_TOLD = "change_told"  # That the ticket has moved on; or why the customer was not told.
    LATE_TOLD = "late_told"  # That promised news is late; or why the customer was not told.
    MERGED = "merged"  # Into another ticket.
    MERGED_IN = "merged_in"  # Another ticket has become a part of this one.
    UNMERGED = "unmerged"  # As if it had never been merged.
    UNMERGED_FROM = "unmerged_from"
    SPLIT = "split"  # Some of its messages are another ticket's now.
    LINKED = "linked"
    UNLINKED = "unlinked"
    TAGGED = "tagged"
    UNTAGGED = "untagged"
    TIME_ENTERED = "time_entered"
    TIME_WITHDRAWN = "time_withdrawn"
    INCIDENT_JOINED = "incident_joined"  # Others report the same.
    INCIDENT_LEFT = "incident_left"
    DELIVERED = "delivered"
    DELIVERY_FAILED = "delivery_failed"


class TicketEvent(Row, table=True):
    """What happened to a ticket, in order; nothing here is ever changed.

    ``at`` is when it took effect, ``recorded_at`` when it was written down. The clocks are a
    fold over these rows.
    """

    __tablename__ = "ticket_event"
    __table_args__ = (
        Index("ix_ticket_event_ticket_id_seq", "ticket_id", "seq"),
        Index(
            "ix_ticket_event_place", "place", unique=True, sqlite_where=text("place IS NOT NULL")
        ),
    )

    seq: int | None = Field(
        default=None, sa_column=Column(Counter, primary_key=True, autoincrement=True)
    )
    ticket_id: Id = link("ticket")
    kind: str
    at: Instant
    recorded_at: Instant
    actor: str
    data: dict[str, object] = Field(sa_column=Column(Document, nullable=False))
    # Where it stands in the feed, given once it is committed (``app.store.feed``); None until
    # then, and on SQLite, where ``seq`` tells as much.
    place: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
