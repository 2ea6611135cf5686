"""The house's own bookkeeping: counters, heartbeats, the audit log."""

from sqlalchemy import Column
from sqlmodel import Field

from app.models.base import Counter, Document, Id, Instant, Row


class NumberSeries(Row, table=True):
    """The last number given out, where the database has no sequence of its own (SQLite)."""

    __tablename__ = "number_series"

    name: str = Field(primary_key=True)
    value: int


class Heartbeat(Row, table=True):
    """When a loop last completed a pass, and how late the latest due row was since then."""

    __tablename__ = "heartbeat"

    name: str = Field(primary_key=True)
    at: Instant
    lag_s: float = 0.0
    # Of whoever wrote it: an older engine stands aside for a newer one.
    version: int = 1


class Heard(Row, table=True):
    """Something that an outside system has told us; told again, it is not done again."""

    __tablename__ = "heard"

    # Whose it is and its id there: ``sms:SM…``.
    key: str = Field(primary_key=True)
    at: Instant


class AuditEntry(Row, table=True):
    """Who changed what, from what, to what; the database lets nobody change or delete a row."""

    __tablename__ = "audit_entry"

    seq: int | None = Field(
        default=None, sa_column=Column(Counter, primary_key=True, autoincrement=True)
    )
    at: Instant
    actor: str
    action: str
    subject: str = Field(index=True)
    subject_id: Id | None = None
    before: dict[str, object] | None = Field(default=None, sa_column=Column(Document))
    after: dict[str, object] | None = Field(default=None, sa_column=Column(Document))


class AuditLink(Row, table=True):
    """An entry's place in the chain: each link's hash covers the one before it."""

    __tablename__ = "audit_link"

    # From 1, without a gap, in the order in which the entries were sealed.
    position: int = Field(sa_column=Column(Counter, primary_key=True, autoincrement=False))
    seq: int = Field(sa_column=Column(Counter, unique=True, nullable=False))
    # SHA-256 of the hash before it and the entry as it was written.
    hash: str
    sealed_at: Instant
