"""Versions of policies: when they take effect, who must be told, and which ticket is moved.

A version is never changed. It counts for what is received from its start on; a ticket keeps the
version that it was opened under unless a lead moves it, and the log says so.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.desk import clocks
from app.desk.events import audit, audit_of, record
from app.desk.house import House, keep_version, start_version
from app.desk.notices import Lowering, queue
from app.desk.terms import started_at
from app.desk.work import By
from app.kit.errors import BadInput, Conflict, NotAllowed
from app.models import Customer, Event, Notice, PolicyStart, PolicyVersion, Role, Ticket
from app.models.base import Id
from app.sla.policy import Policy
from app.sla.policy_diff import Effect, effects
from app.store import agreements

# A date that has begun is still "today" to whoever types it.
_TODAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Imported:
    """A version, from when it counts, what that does to the promises, and who must be told."""

    version: PolicyVersion
    start: PolicyStart
    effects: tuple[Effect, ...]
    notices: tuple[tuple[Notice, Customer], ...]


def import_policy(
    session: Session, house: House, policy: Policy, *, at: datetime, now: datetime, actor: str
) -> Imported:
    """Let a policy count from a time on, and queue a notice to each customer who is promised less.

    A promise is not changed backwards: a start before now is now, and one before today BadInput.
    """
    if at <= now - _TODAY:
        raise BadInput("a policy cannot take effect in the past", field="from")
    at = max(at, now)
    before = in_force(session, house, policy.name, at)
    version = keep_version(session, PolicyVersion, policy, now=now)
    if not agreements.policy_starts(session, policy.name) and before is not None:
        # What counted until now goes on counting until then, and before any start is asked for.
        first = keep_version(session, PolicyVersion, before, now=now)
        start_version(session, policy.name, first.id, at=first.created_at, now=now, actor=actor)
    start = start_version(session, policy.name, version.id, at=at, now=now, actor=actor)
    audit_of(
        session,
        "policy",
        version.id,
        "policy.starts",
        now=now,
        actor=actor,
        after={"name": policy.name, "version": version.version, "at": at.isoformat()},
    )
    tried = effects(before, policy, year=at.year) if before is not None else ()
    lowered = [
        Lowering(one.severity, one.kind, _limit_s(before, one), _limit_s(policy, one))
        for one in tried
        if one.lowers
    ]
    notices = queue(session, house, start, lowered, now=now)
    return Imported(version, start, tried, tuple(notices))


def in_force(session: Session, house: House, name: str, at: datetime) -> Policy | None:
    """Return what a policy's name promises at a time; None when it promises nothing yet."""
    found = started_at(agreements.policy_starts(session, name), at)
    if found is not None:
        return house.policy_of(session, found.policy_id)
    return house.policy if house.policy.name == name else None


def all_in_force(session: Session, house: House, at: datetime) -> list[Policy]:
    """Return what each policy that there is promises at a time, by name; the house's always."""
    names = {one.name for one in agreements.policy_starts(session)} | {house.policy.name}
    found = (in_force(session, house, name, at) for name in sorted(names))
    return [policy for policy in found if policy is not None]


def move_ticket(
    session: Session, house: House, ticket: Ticket, by: By, *, policy_id: Id, reason: str
) -> None:
    """Put a ticket under another version; its clocks count from the same start as before."""
    if by.agent.role not in {Role.LEAD, Role.ADMIN}:
        raise NotAllowed("moving a ticket to another policy takes the role lead")
    if not reason.strip():
        raise BadInput("say why the ticket is moved", field="reason")
    if policy_id == ticket.policy_id:
        raise Conflict("the ticket is under this version already")
    before, after = ticket.policy_id, house.policy_of(session, policy_id)
    ticket.policy_id = policy_id
    record(
        session,
        ticket,
        Event.POLICY_MOVED,
        at=by.now,
        now=by.now,
        actor=by.actor,
        policy=str(policy_id),
        name=after.name,
        reason=reason.strip(),
    )
    clocks.refold(session, house, ticket, now=by.now)
    audit(
        session,
        ticket,
        "ticket.policy_moved",
        now=by.now,
        actor=by.actor,
        before={"policy_id": str(before)},
        after={"policy_id": str(policy_id), "reason": reason.strip()},
    )


def _limit_s(policy: Policy | None, effect: Effect) -> int | None:
    target = policy.target(effect.severity, effect.kind) if policy else None
    return target.limit_s if target else None
