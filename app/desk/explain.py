"""How a ticket's deadlines came about: its log, folded from nothing, with people's names."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.desk import clocks
from app.desk.house import House
from app.models import PolicyVersion, Ticket
from app.models.base import Id
from app.sla.clock_state import ClockState
from app.sla.downtime import Downtime, downtime
from app.sla.explain import Explanation, explain
from app.sla.explain_words import explain_in_words
from app.sla.terms import ClockStatus
from app.store import clocks as store
from app.store import people, tickets


@dataclass(frozen=True, slots=True)
class Told:
    """One clock: how it stands, how it came there, and the same in words."""

    # As the engine sees it: a solved ticket's clock is cancelled, though it may run again.
    status: ClockStatus
    explanation: Explanation
    words: tuple[str, ...]


def explain_clocks(
    session: Session, house: House, ticket: Ticket, *, now: datetime, language: str
) -> list[Told]:
    """Return every clock that the ticket has ever had, explained; BadInput for other languages.

    Nothing is read from the clocks' rows but their status: what is told follows from the log
    alone, so it holds the rows to account.
    """
    states = clocks.folded(session, house, ticket)
    rows = {clock.kind: clock.status for clock in store.of_ticket(session, ticket.id)}
    names = _names(session, states.values())
    told = []
    for kind, status in rows.items():
        explanation = explain(states[kind], now, language=language)
        words = explain_in_words(explanation, language=language, names=names)
        told.append(Told(status, explanation, words))
    return sorted(told, key=lambda one: one.explanation.state.kind)


def downtime_of(session: Session, ticket: Ticket, *, now: datetime) -> Downtime:
    """Return how long the ticket's fault kept the customer without the service."""
    return downtime(clocks.clock_events(tickets.events(session, ticket.id)), now)


def _names(session: Session, states: Collection[ClockState]) -> dict[str, str]:
    """Return what people and the policy versions that count or counted are called."""
    names = {f"agent:{agent.id}": agent.name for agent in people.all_agents(session)}
    keys = {state.policy for state in states}
    keys |= {event.policy for state in states for event in state.retargets}
    for key in keys - {None}:
        version = session.get(PolicyVersion, Id(str(key)))
        if version is not None:
            names[str(key)] = f"{version.name} v{version.version}"
    return names
