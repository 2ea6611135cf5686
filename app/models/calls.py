"""Calls, the tasks to call somebody back, and what several calls at once may have in common."""

from enum import StrEnum

from sqlalchemy import Column, Index, UniqueConstraint, text
from sqlmodel import Field

from app.models.base import Document, Id, Instant, Row, Word, id_field, link
from app.sla.terms import Severity


class Direction(StrEnum):
    """Who called whom."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"  # Among ourselves; it is kept, and is no ticket's.


class CallOutcome(StrEnum):
    """How a call ended; where two reports differ, the one that stands first counts."""

    ANSWERED = "answered"  # By a person.
    VOICEMAIL = "voicemail"
    AFTER_HOURS = "after_hours"  # The desk was closed, and nothing was left.
    ABANDONED = "abandoned"  # The caller hung up while waiting.
    BUSY = "busy"
    FAILED = "failed"
    MISSED = "missed"  # Nobody picked it up.

    @property
    def rank(self) -> int:
        """Return 0 for what tells most."""
        return tuple(CallOutcome).index(self)


class Call(Row, table=True):
    """One call, whatever number of reports told of it."""

    __tablename__ = "call"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("ix_call_from_number_started_at", "from_number", "started_at"),
        # Recordings that are still to be fetched, and nothing else.
        Index(
            "ix_call_fetch_at",
            "fetch_at",
            sqlite_where=text("fetch_at IS NOT NULL"),
            postgresql_where=text("fetch_at IS NOT NULL"),
        ),
    )

    id: Id = id_field()
    # Which telephone system told of it, and what that one calls it; the legs of a call that was
    # transferred are one call.
    source: str
    external_id: str
    direction: Direction = Field(sa_column=Column(Word(Direction), nullable=False))
    # E.164; what is no number ("anonymous", an extension) stays as it came.
    from_number: str
    to_number: str
    started_at: Instant
    answered_at: Instant | None = None
    ended_at: Instant | None = None
    # None while it goes on.
    outcome: CallOutcome | None = Field(
        default=None, sa_column=Column(Word(CallOutcome), nullable=True)
    )
    # Who of ours took it or made it: as the telephone system has it, and who that is here.
    agent: str = ""
    agent_id: Id | None = link("agent", nullable=True)
    note: str = ""
    transcript: str = ""
    # What the caller, or the agent who took the call, chose; None where nobody did.
    severity: Severity | None = Field(default=None, sa_column=Column(Word(Severity), nullable=True))
    recording_url: str = ""
    # When the recording is fetched next; None when it is here, or is not ours to fetch.
    fetch_at: Instant | None = None
    fetch_tries: int = 0
    fetch_error: str | None = None
    # What the telephone system told besides, and what was odd about it.
    extra: dict[str, object] = Field(sa_column=Column(Document, nullable=False))
    problems: list[str] = Field(sa_column=Column(Document, nullable=False))
    contact_id: Id | None = link("contact", index=True, nullable=True)
    customer_id: Id | None = link("customer", index=True, nullable=True)
    # None for a call among ourselves, and for one of ours to somebody without a ticket.
    ticket_id: Id | None = link("ticket", index=True, nullable=True)
    # Its entry on the ticket.
    message_id: Id | None = link("message", nullable=True)
    created_at: Instant
    updated_at: Instant


class CallBack(Row, table=True):
    """A task: somebody tried to reach us and did not speak with anybody."""

    __tablename__ = "call_back"

    id: Id = id_field()
    call_id: Id = link("call")
    ticket_id: Id = link("ticket", index=True)
    number: str
    made_at: Instant
    done_at: Instant | None = None
    # Who saw to it; None where the call turned out to be answered.
    done_by_id: Id | None = link("agent", nullable=True)
    # The call by which it was done; None where somebody ticked it off.
    done_call_id: Id | None = link("call", nullable=True)

    __table_args__ = (UniqueConstraint("call_id"),)


class SuspicionState(StrEnum):
    """What came of a suspicion."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class Suspicion(Row, table=True):
    """Several customers phoned within minutes: one incident, perhaps."""

    __tablename__ = "suspicion"

    id: Id = id_field()
    state: SuspicionState = Field(sa_column=Column(Word(SuspicionState), nullable=False))
    made_at: Instant
    # When the last of its tickets came to it; later ones join while it is fresh.
    last_at: Instant
    decided_at: Instant | None = None
    decided_by_id: Id | None = link("agent", nullable=True)
    # What it was confirmed to be.
    incident_id: Id | None = link("incident", nullable=True)


class SuspicionTicket(Row, table=True):
    """A ticket that belongs to a suspicion; it belongs to one at most."""

    __tablename__ = "suspicion_ticket"

    ticket_id: Id = link("ticket", primary_key=True)
    suspicion_id: Id = link("suspicion", index=True)
