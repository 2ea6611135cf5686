"""The clocks of a ticket, and what they have set off."""

from sqlalchemy import Column, Index, UniqueConstraint, text
from sqlmodel import Field

from app.models.base import Document, Id, Instant, Row, Word, id_field, link
from app.sla.terms import ClockKind, ClockStatus


class Clock(Row, table=True):
    """One promise on one ticket: a fold over its events, kept as a row so that it can be polled."""

    __tablename__ = "clock"
    __table_args__ = (
        UniqueConstraint("ticket_id", "kind"),
        # The engine's only question: which alarms are due?
        Index(
            "ix_clock_due",
            "urgency",
            "next_alarm_at",
            sqlite_where=text("next_alarm_at IS NOT NULL"),
            postgresql_where=text("next_alarm_at IS NOT NULL"),
        ),
    )

    id: Id = id_field()
    ticket_id: Id = link("ticket")
    kind: ClockKind = Field(sa_column=Column(Word(ClockKind), nullable=False))
    status: ClockStatus = Field(sa_column=Column(Word(ClockStatus), nullable=False))
    started_at: Instant
    # None while the clock stands still.
    target_at: Instant | None = None
    limit_at: Instant | None = None
    met_at: Instant | None = None
    # When the limit was passed unmet; once recorded it stays.
    breached_at: Instant | None = None
    # What the engine waits for; None when nothing is to come.
    next_alarm_at: Instant | None = None
    # Counted up when a new start makes the ladder begin again.
    run: int = 1
    # When this run began, where that was later than its clock: the ticket became worse or was
    # opened anew.
    begun_at: Instant | None = None
    # How long it has stood still so far, in seconds of the time that it counts.
    paused_s: int = 0
    failures: int = 0
    # The rank of its ticket's severity: of what is due, the worst is worked on first.
    urgency: int = 0


class LadderStep(Row, table=True):
    """One step of one run of one clock's ladder: fired once, or recorded as not needed."""

    __tablename__ = "ladder_step"
    __table_args__ = (UniqueConstraint("clock_id", "run", "step", "repeat"),)

    id: Id = id_field()
    clock_id: Id = link("clock")
    ticket_id: Id = link("ticket", index=True)
    run: int
    step: int
    repeat: int
    name: str
    nominal_at: Instant
    fired_at: Instant
    # Empty when it paged; else why it did not.
    skipped: str = ""
    paged: list[str] = Field(sa_column=Column(Document, nullable=False))
