"""How the staff are reached, when they are away, and every page that was sent to one of them."""

from enum import StrEnum

from sqlalchemy import Column, Index, UniqueConstraint, text
from sqlmodel import Field

from app.models.base import Document, Id, Instant, Row, Word, id_field, link
from app.sla.ladder import PageChannel


class ContactMethod(Row, table=True):
    """One way to a person; nothing is sent there before its code has been given back."""

    __tablename__ = "contact_method"
    __table_args__ = (UniqueConstraint("agent_id", "channel", "address"),)

    id: Id = id_field()
    agent_id: Id = link("agent", index=True)
    # The person's own order, the first is tried first.
    position: int
    channel: PageChannel = Field(sa_column=Column(Word(PageChannel), nullable=False))
    address: str
    # high, low or both: for critical tickets, for all others.
    urgencies: list[str] = Field(sa_column=Column(Document, nullable=False))
    verified_at: Instant | None = None
    # Of the code, with its method's id; the code itself is kept only in the message that bears it.
    code_sha256: str | None = None
    code_until: Instant | None = None
    code_tries: int = 0
    created_at: Instant


class Leave(Row, table=True):
    """A stretch of time in which a person is not reached."""

    __tablename__ = "leave"

    id: Id = id_field()
    agent_id: Id = link("agent", index=True)
    starts_at: Instant
    ends_at: Instant
    note: str = ""
    created_at: Instant


class PageState(StrEnum):
    """Where a page to a person stands."""

    HELD = "held"  # Goes out a little later, with others.
    SENT = "sent"  # By one method or more; another is tried when they fail.
    CONFIRMED = "confirmed"  # The other side says that it has arrived.
    DECLINED = "declined"  # The person cannot: another is paged at once.
    HANDED_ON = "handed_on"  # No method of this person's was left: another person is paged.
    ENDED = "ended"  # The ticket was taken, or its clock ended, before more was needed.


class Page(Row, table=True):
    """One person told of one step: by which methods so far, and which are left.

    A person has one page a step and repeat, whatever crashes; its deliveries carry its id.
    """

    __tablename__ = "page"
    __table_args__ = (
        UniqueConstraint("clock_id", "run", "step", "repeat", "person"),
        Index(
            "ix_page_check_at",
            "check_at",
            sqlite_where=text("check_at IS NOT NULL"),
            postgresql_where=text("check_at IS NOT NULL"),
        ),
        Index(
            "ix_page_person_sent_at",
            "person",
            "sent_at",
            sqlite_where=text("sent_at IS NOT NULL"),
            postgresql_where=text("sent_at IS NOT NULL"),
        ),
        Index(
            "ix_page_lead_id",
            "lead_id",
            sqlite_where=text("lead_id IS NOT NULL"),
            postgresql_where=text("lead_id IS NOT NULL"),
        ),
    )

    id: Id = id_field()
    ticket_id: Id = link("ticket", index=True)
    clock_id: Id = link("clock")
    run: int
    step: int
    repeat: int
    name: str
    nominal_at: Instant
    # An agent's id, a webhook's name, or "catch_all".
    person: str
    reason: str = ""
    # [channel, address] of each method, in the order in which they are tried.
    methods: list[list[str]] = Field(sa_column=Column(Document, nullable=False))
    # How many of them have been used.
    used: int
    state: PageState = Field(sa_column=Column(Word(PageState), nullable=False))
    # When the engine looks at it: a delivery failed, or nothing was heard for too long.
    check_at: Instant | None = None
    # The page whose message tells of this one, too; None where it has a message of its own.
    lead_id: Id | None = link("page", nullable=True)
    # When its last message went into the outbox; None for one that is never bundled.
    sent_at: Instant | None = None
    # While it is held: by how many of its methods it will go out.
    held: int = 0
    created_at: Instant
