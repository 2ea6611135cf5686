"""Who may do and see what: roles, teams, visibility, and the tokens that let programs in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from app.desk.events import audit_of
from app.desk.work import By
from app.kit.errors import Conflict, NotFound
from app.models import Agent, ApiToken, Role, Team, Visibility
from app.models.base import Id
from app.store import access, people


@dataclass(frozen=True)
class Change:
    """What is to be changed of an agent; what is None stays as it is."""

    name: str | None = None
    phone: str | None = None
    language: str | None = None
    role: Role | None = None
    team: str | None = None
    visibility: Visibility | None = None
    customers: Sequence[Id] | None = None
    active: bool | None = None
    # Of these, None is meant.
    empty: frozenset[str] = field(default_factory=frozenset)


_PLAIN = ("name", "phone", "language", "role", "team", "visibility", "active")


def change_agent(session: Session, agent: Agent, change: Change, by: By) -> None:
    """Change an agent; whoever leaves is signed out everywhere, and their tokens count no more.

    Conflict when nobody would be left who can let people in.
    """
    before: dict[str, object] = {}
    after: dict[str, object] = {}
    for name in _PLAIN:
        value = getattr(change, name)
        if value is None and name not in change.empty:
            continue
        if value != getattr(agent, name):
            before[name], after[name] = getattr(agent, name), value
            setattr(agent, name, value)
    if change.customers is not None:
        had = access.customers_of_agent(session, agent.id)
        before["customers"] = [str(one) for one in had]
        _check_customers(session, change.customers)
        access.set_customers_of_agent(session, agent.id, change.customers)
        after["customers"] = [str(one) for one in change.customers]
    if not agent.active and before.get("active"):
        access.shut_out(session, agent.id, now=by.now)
    session.flush()
    if "role" in before or "active" in before:
        _check_an_admin_is_left(session, before)
    audit_of(
        session,
        "agent",
        agent.id,
        "agent.changed",
        now=by.now,
        actor=by.actor,
        before=before,
        after=after,
    )


def _check_an_admin_is_left(session: Session, before: dict[str, object]) -> None:
    was_admin = before.get("role", Role.ADMIN) is Role.ADMIN
    if was_admin and not any(one.role is Role.ADMIN for one in people.active_agents(session)):
        raise Conflict(
            "there would be no admin left", remedy="Give somebody else the role admin first."
        )


def save_team(
    session: Session, name: str, *, mailboxes: Sequence[str], customers: Sequence[Id], by: By
) -> Team:
    """Say what a team looks after; a team of a new name is made."""
    team = access.find_team(session, name)
    before: dict[str, object] | None = None
    _check_customers(session, customers)
    if team is None:
        team = Team(name=name, mailboxes=list(mailboxes), created_at=by.now)
        session.add(team)
        session.flush()
    else:
        had = access.customers_of_team(session, team.id)
        before = {"mailboxes": team.mailboxes, "customers": [str(one) for one in had]}
        team.mailboxes = list(mailboxes)
    access.set_customers_of_team(session, team.id, customers)
    after: dict[str, object] = {
        "name": name,
        "mailboxes": list(mailboxes),
        "customers": [str(one) for one in customers],
    }
    audit_of(
        session,
        "team",
        team.id,
        "team.saved",
        now=by.now,
        actor=by.actor,
        before=before,
        after=after,
    )
    return team


def remove_team(session: Session, team: Team, by: By) -> None:
    """Forget a team; Conflict while anybody belongs to it."""
    members = [one.name for one in people.all_agents(session) if one.team == team.name]
    if members:
        raise Conflict(
            f"{', '.join(sorted(members)[:5])} belong to it", remedy="Move them elsewhere first."
        )
    access.set_customers_of_team(session, team.id, ())
    audit_of(
        session,
        "team",
        team.id,
        "team.removed",
        now=by.now,
        actor=by.actor,
        before={"name": team.name, "mailboxes": team.mailboxes},
    )
    session.delete(team)


def revoke_token(session: Session, token: ApiToken, *, now: datetime, actor: str) -> None:
    """Let a token count no more; saying it again changes nothing."""
    if token.revoked_at is not None:
        return
    token.revoked_at = now
    audit_of(
        session,
        "agent",
        token.agent_id,
        "token.revoked",
        now=now,
        actor=actor,
        before={"name": token.name, "token": str(token.id)},
    )


def _check_customers(session: Session, ids: Sequence[Id]) -> None:
    missing = set(ids) - people.customers_by_id(session, ids).keys()
    if missing:
        raise NotFound(f"there is no customer {min(missing)}", field="customers")
