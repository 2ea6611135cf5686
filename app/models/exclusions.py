"""Time that does not count against the house: exclusions, and the windows that make some."""

from enum import StrEnum

from sqlalchemy import Column
from sqlmodel import Field

from app.models.base import Id, Instant, Row, Word, id_field, link
from app.sla.terms import Exclusion as ExclusionKind


class ExclusionStatus(StrEnum):
    """Whether an exclusion counts."""

    PROPOSED = "proposed"  # Waits for a second person.
    IN_FORCE = "in_force"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # It counted once, and is now as if it never had.


class MaintenanceWindow(Row, table=True):
    """Work that was announced: the time it covers is excluded for the customers it names."""

    __tablename__ = "maintenance_window"

    id: Id = id_field()
    title: str
    starts_at: Instant
    # As announced; work that goes on past it counts against us.
    ends_at: Instant
    # Everybody's, and not only the customers' that are named.
    everyone: bool = False
    author_id: Id = link("agent")
    created_at: Instant
    cancelled_at: Instant | None = None


class MaintenanceCustomer(Row, table=True):
    """A customer that a window names."""

    __tablename__ = "maintenance_customer"

    window_id: Id = link("maintenance_window", primary_key=True)
    customer_id: Id = link("customer", primary_key=True)


class Exclusion(Row, table=True):
    """A stretch of a ticket's time that does not count: why, by whom, and what shows it.

    Clocks, downtime and billing all decide from this one record. It is never changed but for its
    end and its status; the ticket's log tells every step.
    """

    __tablename__ = "exclusion"

    id: Id = id_field()
    ticket_id: Id = link("ticket", index=True)
    kind: ExclusionKind = Field(sa_column=Column(Word(ExclusionKind), nullable=False))
    status: ExclusionStatus = Field(sa_column=Column(Word(ExclusionStatus), nullable=False))
    starts_at: Instant
    # None while it lasts.
    ends_at: Instant | None = None
    reason: str
    # In words; empty where a file shows it.
    evidence: str
    # None for what a maintenance window does by itself.
    author_id: Id | None = link("agent", nullable=True)
    window_id: Id | None = link("maintenance_window", index=True, nullable=True)
    created_at: Instant
    # Who approved or refused it, where a second person was asked.
    decided_by: Id | None = link("agent", nullable=True)
    decided_at: Instant | None = None
    withdrawn_by: Id | None = link("agent", nullable=True)
    withdrawn_at: Instant | None = None
    # When the customer was told; None where they were not, and the log says why.
    told_at: Instant | None = None


class ExclusionFile(Row, table=True):
    """A file on the ticket that shows that an exclusion is right."""

    __tablename__ = "exclusion_file"

    exclusion_id: Id = link("exclusion", primary_key=True)
    attachment_id: Id = link("attachment", primary_key=True)
