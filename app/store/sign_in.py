"""What people sign in with, where they are signed in, and how often it failed of late."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select, update

from app.models import Agent, Credential, ExternalIdentity, SignInTries, WebSession
from app.models.base import Id


def find_credential(session: Session, agent_id: Id, *, lock: bool = False) -> Credential | None:
    """Return what an agent signs in with; None for one who has never set anything."""
    query = select(Credential).where(Credential.agent_id == agent_id)
    return session.exec(query.with_for_update() if lock else query).first()


def credential_of(session: Session, agent_id: Id) -> Credential:
    """Return what an agent signs in with, made where there was nothing, and locked."""
    found = find_credential(session, agent_id, lock=True)
    if found is None:
        found = Credential(agent_id=agent_id, recovery_codes=[])
        session.add(found)
        session.flush()
    return found


def find_session(session: Session, sha256: str, now: datetime) -> tuple[WebSession, Agent] | None:
    """Return a session that counts and its active agent; None where it does not count."""
    query = (
        select(WebSession, Agent)
        .join(Agent, col(Agent.id) == col(WebSession.agent_id))
        .where(
            WebSession.sha256 == sha256,
            col(WebSession.revoked_at).is_(None),
            WebSession.expires_at > now,
            col(Agent.active).is_(True),
        )
    )
    return session.exec(query).first()


def touch(session: Session, session_id: Id, now: datetime) -> None:
    """Note that a session was used."""
    session.connection().execute(
        update(WebSession).where(col(WebSession.id) == session_id).values(last_used_at=now)
    )


def sessions_of(session: Session, agent_id: Id, now: datetime) -> Sequence[WebSession]:
    """Return an agent's sessions that count, the newest first."""
    query = (
        select(WebSession)
        .where(
            WebSession.agent_id == agent_id,
            col(WebSession.revoked_at).is_(None),
            WebSession.expires_at > now,
        )
        .order_by(col(WebSession.id).desc())
    )
    return session.exec(query).all()


def tries(session: Session, keys: Sequence[str], *, lock: bool = False) -> dict[str, SignInTries]:
    """Return how often each of these failed, as far as they did, locked in one order."""
    query = select(SignInTries).where(col(SignInTries.key).in_(keys)).order_by(col(SignInTries.key))
    rows = session.exec(query.with_for_update() if lock else query)
    return {row.key: row for row in rows}


def find_identity(session: Session, issuer: str, subject: str) -> ExternalIdentity | None:
    """Return whose identity at a provider this is; None for a stranger."""
    return session.get(ExternalIdentity, (issuer, subject))
