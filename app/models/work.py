"""What staff keep beside what is said: links, tags, time, drafts; views and templates."""

from enum import StrEnum

from sqlalchemy import Column, Index, UniqueConstraint
from sqlmodel import Field

from app.models.base import Document, Id, Instant, Row, Word, id_field, link


class LinkKind(StrEnum):
    """How a ticket is bound to another one."""

    RELATED = "related"  # Neither comes first.
    DUPLICATE_OF = "duplicate_of"
    CAUSED_BY = "caused_by"
    SPLIT_FROM = "split_from"


class TicketLink(Row, table=True):
    """One ticket bound to another: the first is ``kind`` the second."""

    __tablename__ = "ticket_link"

    ticket_id: Id = link("ticket", primary_key=True)
    other_id: Id = link("ticket", index=True, primary_key=True)
    kind: LinkKind = Field(sa_column=Column(Word(LinkKind), primary_key=True))
    created_at: Instant
    created_by: Id = link("agent")


class TicketTag(Row, table=True):
    """A word that staff have put on a ticket, in lower case."""

    __tablename__ = "ticket_tag"
    __table_args__ = (Index("ix_ticket_tag_tag", "tag", "ticket_id"),)

    ticket_id: Id = link("ticket", primary_key=True)
    tag: str = Field(primary_key=True)


class SavedView(Row, table=True):
    """A list of tickets that somebody looks at often: the words of its query, by name."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("agent_id", "name"),)

    id: Id = id_field()
    agent_id: Id = link("agent")
    name: str
    # Shown to everybody, and not only to its owner.
    shared: bool = False
    query: dict[str, list[str]] = Field(sa_column=Column(Document, nullable=False))
    created_at: Instant


class TimeEntry(Row, table=True):
    """Minutes of somebody's work on a ticket; one that was wrong is withdrawn, never deleted."""

    __tablename__ = "time_entry"
    __table_args__ = (Index("ix_time_entry_ticket_id", "ticket_id"),)

    id: Id = id_field()
    ticket_id: Id = link("ticket")
    agent_id: Id = link("agent")
    minutes: int
    billable: bool
    note: str = ""
    # When the work was done.
    at: Instant
    created_at: Instant
    withdrawn_at: Instant | None = None


class ReplyTemplate(Row, table=True):
    """Words that are answered with often; ``{{ contact_name }}`` and its like are filled in."""

    __tablename__ = "reply_template"

    id: Id = id_field()
    name: str = Field(unique=True)
    # None for whatever language the ticket has.
    language: str | None = None
    text: str
    created_at: Instant
    updated_at: Instant


class Draft(Row, table=True):
    """Somebody writes a reply: until when they were last seen to, and what they have so far."""

    __tablename__ = "draft"

    ticket_id: Id = link("ticket", primary_key=True)
    agent_id: Id = link("agent", primary_key=True)
    text: str = ""
    since: Instant
    seen_at: Instant
