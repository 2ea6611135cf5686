"""Whoever a provider says somebody is: which agent that is here, and in which role."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from app.config import OidcProvider
from app.desk import people as desk_people
from app.desk.events import DESK, audit_of
from app.kit.errors import NotAllowed
from app.models import Agent, ExternalIdentity, Role
from app.models.base import Instant
from app.store import people, sign_in


def agent_of(
    session: Session, provider: OidcProvider, claims: Mapping[str, Any], *, now: Instant
) -> Agent:
    """Return the agent that a provider's claims are of, bound to them from the first time on.

    Only an address that the provider has verified binds (OpenID Connect Core, section 5.7): with
    any other, whoever may write an address there could be anybody here. Where groups are mapped to
    roles, they decide the role at each sign-in, and somebody of none of them is not let in.
    """
    role = _role_of(provider, claims)
    issuer, subject = str(claims["iss"]), str(claims["sub"])
    known = sign_in.find_identity(session, issuer, subject)
    agent = people.find_agent(session, known.agent_id) if known else None
    if agent is None:
        agent = _first_time(session, provider, claims, role, now=now)
        session.add(
            ExternalIdentity(issuer=issuer, subject=subject, agent_id=agent.id, created_at=now)
        )
        what: dict[str, object] = {"issuer": issuer}
        audit_of(session, "agent", agent.id, "identity.bound", now=now, actor=DESK, after=what)
    if not agent.active:
        raise NotAllowed("you no longer work here", remedy="Ask an admin.")
    if role is not None and agent.role is not role:
        before: dict[str, object] = {"role": agent.role.value}
        after: dict[str, object] = {"role": role.value, "by": issuer}
        agent.role = role
        audit_of(
            session,
            "agent",
            agent.id,
            "agent.changed",
            now=now,
            actor=DESK,
            before=before,
            after=after,
        )
    return agent


def _role_of(provider: OidcProvider, claims: Mapping[str, Any]) -> Role | None:
    """Return the highest role that the groups give; None where roles are kept here."""
    if not provider.roles:
        return None
    said = claims.get(provider.role_claim, [])
    groups = {said} if isinstance(said, str) else set(map(str, said))
    given = [Role(role) for group, role in provider.roles.items() if group in groups]
    if not given:
        raise NotAllowed("none of your groups may sign in here", remedy="Ask an admin.")
    return max(given, key=list(Role).index)


def _first_time(
    session: Session,
    provider: OidcProvider,
    claims: Mapping[str, Any],
    role: Role | None,
    *,
    now: Instant,
) -> Agent:
    email = str(claims.get("email", "")).lower()
    if claims.get("email_verified") is not True or "@" not in email:
        raise NotAllowed("the provider has not verified your address", remedy="Ask an admin.")
    agent = people.find_agent_by_email(session, email)
    if agent is not None:
        return agent
    if not provider.new_agents:
        raise NotAllowed("nobody of your address works here", remedy="Ask an admin.")
    name = str(claims.get("name") or email)[:200]
    return desk_people.add_agent(
        session, name=name, email=email, role=role or Role.VIEWER, now=now, actor=DESK
    )
