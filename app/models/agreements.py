"""What was promised: policies and ladders, each version unchangeable once it is written."""

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field

from app.models.base import Document, Id, Instant, Row, id_field


class PolicyVersion(Row, table=True):
    """Targets, limits and calendars as they stood when a ticket was opened under them."""

    __tablename__ = "policy_version"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Id = id_field()
    name: str
    version: int
    # SHA-256 of the body in its canonical form: the same promise is kept once.
    digest: str = Field(unique=True)
    body: dict[str, object] = Field(sa_column=Column(Document, nullable=False))
    created_at: Instant


class LadderVersion(Row, table=True):
    """The steps of escalation as they stood when a run began."""

    __tablename__ = "ladder_version"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Id = id_field()
    name: str
    version: int
    digest: str = Field(unique=True)
    body: dict[str, object] = Field(sa_column=Column(Document, nullable=False))
    created_at: Instant
