"""Customers and their contacts; agents and their tokens."""

from enum import StrEnum

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field

from app.models.base import Document, Id, Instant, Row, Word, id_field, link


class Role(StrEnum):
    """What an agent may do; each may do all that the ones before it may."""

    VIEWER = "viewer"
    AGENT = "agent"
    LEAD = "lead"
    ADMIN = "admin"


class Visibility(StrEnum):
    """Whose tickets an agent sees, besides those that are assigned to them."""

    ALL = "all"
    TEAM = "team"  # Those of the customers and mailboxes that their team looks after.
    CUSTOMERS = "customers"  # Those of the customers that are named.


class Customer(Row, table=True):
    """A company that an agreement is made with."""

    __tablename__ = "customer"

    id: Id = id_field()
    name: str
    # Two letters; empty means the desk's own language and zone.
    language: str | None = None
    time_zone: str | None = None
    created_at: Instant


class CustomerDomain(Row, table=True):
    """A mail domain whose senders belong to a customer."""

    __tablename__ = "customer_domain"

    domain: str = Field(primary_key=True)
    customer_id: Id = link("customer", index=True)


class Contact(Row, table=True):
    """A person who writes or calls; the address is kept in lower case."""

    __tablename__ = "contact"

    id: Id = id_field()
    customer_id: Id | None = link("customer", index=True, nullable=True)
    name: str = ""
    email: str | None = Field(default=None, unique=True)
    # E.164, as in +4722000000.
    phone: str | None = Field(default=None, index=True)
    language: str | None = None
    # The contact that they were found to be; what comes from this address is that one's.
    merged_into_id: Id | None = link("contact", nullable=True)
    created_at: Instant


class Agent(Row, table=True):
    """One of the support staff."""

    __tablename__ = "agent"

    id: Id = id_field()
    name: str
    email: str = Field(unique=True)
    phone: str | None = None
    role: Role = Field(sa_column=Column(Word(Role), nullable=False))
    team: str | None = None
    visibility: Visibility = Field(
        default=Visibility.ALL, sa_column=Column(Word(Visibility), nullable=False)
    )
    language: str = "nb"
    active: bool = True
    # None for the desk's own zone.
    time_zone: str | None = None
    # Local times of day, as in 22:00, between which only what is critical makes a noise.
    quiet_from: str | None = None
    quiet_to: str | None = None
    created_at: Instant


class ApiToken(Row, table=True):
    """A bearer token; only its hash is kept."""

    __tablename__ = "api_token"

    id: Id = id_field()
    agent_id: Id = link("agent", index=True)
    name: str
    sha256: str = Field(unique=True)
    created_at: Instant
    expires_at: Instant | None = None
    revoked_at: Instant | None = None
    last_used_at: Instant | None = None
    # None for all that its agent may do.
    scopes: list[str] | None = Field(default=None, sa_column=Column(Document))


class ScheduleVersion(Row, table=True):
    """An on-call schedule as it stood from one moment on; the newest of a name is in force."""

    __tablename__ = "schedule_version"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Id = id_field()
    name: str
    version: int
    body: dict[str, object] = Field(sa_column=Column(Document, nullable=False))
    created_at: Instant
