"""Whether a ladder reaches anybody, by the staff, the schedules and the methods of today.

Asked when a ladder is saved, by ``svartid doctor``, and once a day: a schedule that was full when
the ladder was written may have run empty since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.config import Settings
from app.desk.schedules import OnCall, on_call
from app.kit.errors import BadInput
from app.models import Agent, Role
from app.models.base import Id
from app.sla.ladder import (
    DeadStep,
    Ladder,
    PageChannel,
    Receiver,
    ReceiverKind,
    check_reachability,
)
from app.store import oncall, people

# Somebody who is on call within so long counts; a schedule that begins next year helps nobody now.
AHEAD = timedelta(days=28)
_PHONES = frozenset({PageChannel.SMS, PageChannel.VOICE})


@dataclass(frozen=True, slots=True)
class Who:
    """The staff as one look finds it."""

    settings: Settings
    agents: Sequence[Agent]
    # The channels of which each has a method that was proved to be theirs.
    channels: Mapping[Id, frozenset[PageChannel]]
    rota: OnCall
    now: datetime

    def why_not(self, receiver: Receiver, how: tuple[PageChannel, ...]) -> str:
        """Return why a receiver cannot be reached by these channels; empty when it can."""
        kind, name = receiver.kind, receiver.name
        if kind is ReceiverKind.CATCH_ALL:
            return "" if self.settings.policy.catch_all else "policy.catch_all is not set"
        if kind is ReceiverKind.WEBHOOK:
            return "" if name in self.settings.webhooks else f"there is no webhooks.{name}"
        found = self._people(receiver)
        if not found:
            return "nobody" + (f" in the next {AHEAD.days} days" if "on_call" in kind else "")
        wanted = set(how)
        if not wanted <= _PHONES:
            # The address that somebody signs in with needs no code, and is tried last.
            return ""
        if any(wanted & self.channels.get(one.id, frozenset()) for one in found):
            return ""
        return "nobody with a verified " + " or ".join(sorted(one.value for one in wanted))

    def _people(self, receiver: Receiver) -> list[Agent]:
        kind, name = receiver.kind, receiver.name
        if kind in {ReceiverKind.ON_CALL, ReceiverKind.ON_CALL_NEXT}:
            if name not in self.rota.schedules:
                # A desk without this schedule has everybody on call, and nobody who comes next.
                everybody = kind is ReceiverKind.ON_CALL
                return [one for one in self.agents if everybody and one.role is Role.AGENT]
            coming = self.rota.shifts(name, self.now, self.now + AHEAD)
            emails = {shift.person for shift in coming}
            return [one for one in self.agents if one.email in emails]
        return [one for one in self.agents if _is(one, kind, name)]


def _is(agent: Agent, kind: ReceiverKind, name: str) -> bool:
    match kind:
        case ReceiverKind.TEAM:
            return agent.team == name
        case ReceiverKind.AGENT:
            return name in {agent.email, str(agent.id)}
        case ReceiverKind.ROLE:
            return agent.role == name
        case _:
            return False


def who_is_there(session: Session, settings: Settings, *, now: datetime) -> Who:
    """Read the staff, the schedules and the methods."""
    channels: dict[Id, set[PageChannel]] = {}
    for method in oncall.methods(session):
        if method.verified_at is not None:
            channels.setdefault(method.agent_id, set()).add(method.channel)
    return Who(
        settings=settings,
        agents=people.active_agents(session),
        channels={agent: frozenset(found) for agent, found in channels.items()},
        rota=on_call(session, since=now),
        now=now,
    )


def dead_steps(
    session: Session, settings: Settings, ladder: Ladder, *, now: datetime
) -> tuple[DeadStep, ...]:
    """Return the steps of a ladder that reach nobody; empty is what one wants."""
    return check_reachability(ladder, who_is_there(session, settings, now=now).why_not)


def refuse_unreachable(
    session: Session, settings: Settings, ladder: Ladder, *, now: datetime
) -> None:
    """Refuse a ladder with a step that reaches nobody, saying which, and why."""
    dead = dead_steps(session, settings, ladder, now=now)
    if dead:
        raise BadInput(
            "; ".join(in_words(one) for one in dead),
            field=f"steps[{dead[0].step}]" if dead[0].step < len(ladder.steps) else "catch_all",
            remedy="Fill the schedule, verify a phone, or name a fallback.",
        )


def in_words(dead: DeadStep) -> str:
    """Return one dead step in a line."""
    return f"“{dead.name}” reaches nobody ({', '.join(dead.reasons)})"
