"""What lets people and programs in: teams, passwords, sessions, identities, kept answers."""

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field

from app.models.base import Document, Id, Instant, Row, id_field, link


class Team(Row, table=True):
    """A team, and what it looks after; an agent belongs to the team that ``Agent.team`` names."""

    __tablename__ = "team"

    id: Id = id_field()
    name: str = Field(unique=True)
    # Tickets of nobody's that came to these mailboxes are the team's.
    mailboxes: list[str] = Field(sa_column=Column(Document, nullable=False))
    created_at: Instant


class TeamCustomer(Row, table=True):
    """A customer that a team looks after."""

    __tablename__ = "team_customer"

    team_id: Id = link("team", primary_key=True)
    customer_id: Id = link("customer", primary_key=True, index=True)


class AgentCustomer(Row, table=True):
    """A customer that an agent who sees named customers only may see."""

    __tablename__ = "agent_customer"

    agent_id: Id = link("agent", primary_key=True)
    customer_id: Id = link("customer", primary_key=True, index=True)


class Credential(Row, table=True):
    """What a person signs in with; nothing here can be read as it was given."""

    __tablename__ = "credential"

    agent_id: Id = link("agent", primary_key=True)
    # Argon2id, with its parameters and salt; None for those who sign in elsewhere.
    password_hash: str | None = None
    password_set_at: Instant | None = None
    # Encrypted with the desk's secret. It counts once a code of it has been given back.
    totp_secret: str | None = None
    totp_since: Instant | None = None
    # The last time step that was used: a code counts once (RFC 6238, section 5.2).
    totp_step: int | None = None
    # SHA-256 of each recovery code that is left.
    recovery_codes: list[str] = Field(sa_column=Column(Document, nullable=False))


class WebSession(Row, table=True):
    """A person signed in with a browser; only the hash of the cookie is kept."""

    __tablename__ = "web_session"

    id: Id = id_field()
    agent_id: Id = link("agent", index=True)
    sha256: str = Field(unique=True)
    created_at: Instant
    last_used_at: Instant
    expires_at: Instant
    revoked_at: Instant | None = None
    # What helps a person to recognise it.
    address: str = ""
    browser: str = ""


class SignInTries(Row, table=True):
    """How often signing in failed of late, for an address or an account."""

    __tablename__ = "sign_in_tries"

    # "address:192.0.2.1" or "account:ola@desk.example".
    key: str = Field(primary_key=True)
    failures: int
    last_at: Instant
    # Nothing is even tried before this.
    blocked_until: Instant | None = None


class ExternalIdentity(Row, table=True):
    """Who somebody is at an OpenID Connect provider (OpenID Connect Core 1.0, section 5.7)."""

    __tablename__ = "external_identity"

    issuer: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    agent_id: Id = link("agent", index=True)
    created_at: Instant


class KeptAnswer(Row, table=True):
    """The answer to a request with an Idempotency-Key, written with its effect."""

    __tablename__ = "kept_answer"

    # SHA-256 of who asked and the key.
    key: str = Field(primary_key=True)
    # SHA-256 of what was asked.
    asked: str
    created_at: Instant
    expires_at: Instant = Field(index=True)
    status: int = 0
    headers: dict[str, str] = Field(sa_column=Column(Document, nullable=False))
    # Encrypted with the key itself, which we do not keep.
    body: bytes = Field(default=b"", sa_column=Column(LargeBinary, nullable=False))
