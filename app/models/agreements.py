"""What was promised, and to whom: policies and ladders, agreements and sites.

Versions of policies and ladders are unchangeable once they are written. So is an agreement, but
for its status and its end: other terms are a new agreement.
"""

from enum import StrEnum

from sqlalchemy import Column, Index, UniqueConstraint
from sqlmodel import Field

from app.models.base import Document, Id, Instant, Row, Word, id_field, link


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


class PolicyStart(Row, table=True):
    """From when new tickets are opened under a version of a policy; the latest start counts."""

    __tablename__ = "policy_start"
    __table_args__ = (Index("ix_policy_start_name_at", "name", "at"),)

    id: Id = id_field()
    name: str
    policy_id: Id = link("policy_version")
    at: Instant
    created_at: Instant
    actor: str


class LadderStart(Row, table=True):
    """From when new tickets are opened under a version of a ladder; the latest start counts."""

    __tablename__ = "ladder_start"
    __table_args__ = (Index("ix_ladder_start_name_at", "name", "at"),)

    id: Id = id_field()
    name: str
    ladder_id: Id = link("ladder_version")
    at: Instant
    created_at: Instant
    actor: str


class AgreementStatus(StrEnum):
    """Whether an agreement is kept."""

    ACTIVE = "active"
    SUSPENDED = "suspended"  # As for want of payment: faults are received, but not promised on.
    ENDED = "ended"


class Agreement(Row, table=True):
    """What a customer was promised from one moment to another, and what it costs."""

    __tablename__ = "agreement"
    __table_args__ = (Index("ix_agreement_customer_id_valid_from", "customer_id", "valid_from"),)

    id: Id = id_field()
    customer_id: Id = link("customer")
    # The policy by its name: a ticket gets the version in force when it is received. None for the
    # house's own.
    policy: str | None = None
    # A version of the ladder, for its name: a ticket gets the one in force when it is received.
    # None for the house's own.
    ladder_id: Id | None = link("ladder_version", nullable=True)
    # None for the customer's, or else the desk's.
    language: str | None = None
    time_zone: str | None = None
    phone_line: str | None = None
    # A ticket's number in a subject is enough for whoever takes part in it: nothing need prove that
    # the mail comes from where it says.
    number_suffices: bool = False
    # Who is told when the promises change.
    contact_email: str | None = None
    # In hundredths of the currency, as in øre.
    monthly_fee: int = 0
    hourly_rate: int = 0
    currency: str = "NOK"
    status: AgreementStatus = Field(
        default=AgreementStatus.ACTIVE,
        sa_column=Column(Word(AgreementStatus), nullable=False),
    )
    valid_from: Instant
    # The first instant at which it no longer counts; None while no end is known.
    valid_until: Instant | None = None
    created_at: Instant


class Site(Row, table=True):
    """A shop or a brand of a customer's, by the host that it is visited at."""

    __tablename__ = "site"

    id: Id = id_field()
    customer_id: Id = link("customer", index=True)
    name: str
    # In lower case, as in shop.example.
    host: str = Field(unique=True)
    created_at: Instant


class NoticeState(StrEnum):
    """Where a notice of lower promises stands."""

    QUEUED = "queued"
    SENT = "sent"
    DROPPED = "dropped"


class Notice(Row, table=True):
    """A letter to a customer whose promises will be lowered; it leaves when somebody approves."""

    __tablename__ = "notice"
    __table_args__ = (UniqueConstraint("start_id", "agreement_id"),)

    id: Id = id_field()
    # The start of the version that lowers the promises.
    start_id: Id = link("policy_start")
    agreement_id: Id = link("agreement", index=True)
    customer_id: Id = link("customer", index=True)
    # The promises that are lowered, as the letter tells them.
    lowered: list[dict[str, object]] = Field(sa_column=Column(Document, nullable=False))
    state: NoticeState = Field(
        default=NoticeState.QUEUED, sa_column=Column(Word(NoticeState), nullable=False)
    )
    created_at: Instant
    decided_at: Instant | None = None
    decided_by: Id | None = link("agent", nullable=True)
