"""Past tickets under a draft of a policy: what would have been missed, and whom it would page.

Nothing is changed. A ticket's own log is folded with the draft in place of every policy that it
names, so pauses, exclusions and changes of severity are as they were. The pages are the steps of
the ladder that would have fallen (see ``replay_pages``); who would have been reached, and what
they would have done differently, nobody can know.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from app.desk import clocks
from app.desk.house import House
from app.models import Ticket, TicketEvent
from app.models.base import Id
from app.sla.clock import ClockState, fold
from app.sla.policy import Policy
from app.sla.terms import ClockEventKind, ClockKind, Severity
from app.store import tickets
from escalation.replay_pages import count_pages

_DRAFT = "draft"
# Logs are read for so many tickets in one query.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """One promise on one ticket, as it was and as it would have been.

    ``missed`` is None where nothing was or would have been promised.
    """

    number: int
    kind: ClockKind
    severity: Severity
    missed_before: bool | None
    missed_after: bool | None
    limit_before: datetime | None
    limit_after: datetime | None
    pages_before: int
    pages_after: int

    @property
    def newly_missed(self) -> bool:
        """Tell whether the draft would have broken what was kept, or was not promised."""
        return bool(self.missed_after) and not self.missed_before


@dataclass(frozen=True, slots=True)
class Replay:
    """All tickets of a time, and every promise on them under either policy."""

    tickets: int
    outcomes: tuple[Outcome, ...]

    def counts(self) -> dict[str, int]:
        """Return the sums: promises missed and pages, before and after."""
        return {
            "tickets": self.tickets,
            "missed_before": sum(bool(one.missed_before) for one in self.outcomes),
            "missed_after": sum(bool(one.missed_after) for one in self.outcomes),
            "newly_missed": sum(one.newly_missed for one in self.outcomes),
            "newly_kept": sum(
                bool(one.missed_before) and one.missed_after is False for one in self.outcomes
            ),
            "pages_before": sum(one.pages_before for one in self.outcomes),
            "pages_after": sum(one.pages_after for one in self.outcomes),
        }


def replay(
    session: Session,
    house: House,
    draft: Policy,
    *,
    since: datetime,
    until: datetime,
    now: datetime,
) -> Replay:
    """Fold every ticket received from ``since`` until before ``until`` under the draft."""
    rows = tickets.received_between(session, since, until)
    outcomes: list[Outcome] = []
    for first in range(0, len(rows), _AT_ONCE):
        some = rows[first : first + _AT_ONCE]
        logs = tickets.events_of(session, [ticket.id for ticket in some])
        for ticket in some:
            outcomes += _replay_one(session, house, ticket, logs[ticket.id], draft, now=now)
    return Replay(len(rows), tuple(outcomes))


def _replay_one(
    session: Session,
    house: House,
    ticket: Ticket,
    log: Sequence[TicketEvent],
    draft: Policy,
    *,
    now: datetime,
) -> list[Outcome]:
    # What was written down of breaches belongs to the promises of then.
    events = [
        event for event in clocks.clock_events(log) if event.kind is not ClockEventKind.BREACHED
    ]
    named = {str(ticket.policy_id), *(event.policy for event in events if event.policy)}
    actual = {key: house.policy_of(session, Id(key)) for key in named}
    drafted = [replace(event, policy=_DRAFT) if event.policy else event for event in events]
    ladder = house.ladder_of(session, ticket.ladder_id)
    outcomes = []
    for kind in ClockKind:
        before = fold(kind, events, actual)
        after = fold(kind, drafted, {_DRAFT: draft})
        if before.promise is None and after.promise is None:
            continue
        outcomes.append(
            Outcome(
                number=ticket.number,
                kind=kind,
                severity=after.severity or ticket.severity,
                missed_before=_missed(before, now),
                missed_after=_missed(after, now),
                limit_before=before.limit_at,
                limit_after=after.limit_at,
                pages_before=count_pages(ladder, kind, events, actual, log=log, now=now),
                pages_after=count_pages(ladder, kind, drafted, {_DRAFT: draft}, log=log, now=now),
            )
        )
    return outcomes


def _missed(state: ClockState, now: datetime) -> bool | None:
    """Tell whether the promise was broken by now, in this round or an earlier one."""
    if state.promise is None:
        return None
    return state.is_breached(now) or any(cycle.breached_at for cycle in state.past)
