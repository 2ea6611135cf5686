"""One cause behind several tickets, and what all their customers were told of it."""

from enum import StrEnum

from sqlalchemy import Column
from sqlmodel import Field

from app.models.base import Document, Id, Instant, Row, Word, id_field, link


class IncidentState(StrEnum):
    """Whether it goes on."""

    OPEN = "open"
    RESOLVED = "resolved"


class Incident(Row, table=True):
    """What several customers report as one fault each; tickets name it."""

    __tablename__ = "incident"

    id: Id = id_field()
    title: str
    state: IncidentState = Field(
        default=IncidentState.OPEN, sa_column=Column(Word(IncidentState), nullable=False)
    )
    # Whoever has taken it has every ticket of it, those that come later too.
    taken_by_id: Id | None = link("agent", nullable=True)
    author_id: Id = link("agent")
    created_at: Instant
    resolved_at: Instant | None = None


class IncidentUpdate(Row, table=True):
    """One word to every customer of an incident; what was said to whom is on their tickets."""

    __tablename__ = "incident_update"

    id: Id = id_field()
    incident_id: Id = link("incident", index=True)
    at: Instant
    author_id: Id = link("agent")
    # By language, as it was written.
    texts: dict[str, str] = Field(sa_column=Column(Document, nullable=False))
    told: int
    # By the ticket's number: why its customer was not told.
    untold: dict[str, str] = Field(sa_column=Column(Document, nullable=False))
