"""How many pages a ladder would have sent for one clock of a past ticket.

The clock's life is walked through from one event to the next. In each stretch its deadlines are
those that were known then:

1. A clock that stands still, is met or owes nothing fires nothing.
2. In between, the engine's own decisions are taken, as if everybody whom a step names could be
   reached: so what is overtaken is left out, and who has taken the ticket is left in peace.
3. A new round of news, and a ticket opened anew, begin the ladder again.

A step is one page, however many people it reaches; a snooze is not followed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise

from typing_extensions import override

from app.desk import clocks
from app.models import Event, TicketEvent
from app.sla.clock import ClockEvent, ClockState, fold
from app.sla.clock_state import Halt, whole_second
from app.sla.ladder import (
    DeskTiming,
    Fired,
    Ladder,
    PageChannel,
    Receiver,
    RunSoFar,
    first_alarm,
)
from app.sla.policy import Policy
from app.sla.terms import ClockKind, ClockStatus, Counting, Exclusion, Severity
from escalation.ladder import Directory, Method, Reach, decide


def count_pages(
    ladder: Ladder,
    kind: ClockKind,
    events: Sequence[ClockEvent],
    policies: Mapping[str, Policy],
    *,
    log: Sequence[TicketEvent],
    now: datetime,
) -> int:
    """Return the pages of a clock up to ``now``; 0 where the ladder has no step for it.

    ``events`` are what the ``log`` says to the clocks, but for the policies that are tried.
    """
    changes = {whole_second(event.at) for event in events}
    changes |= {whole_second(row.at) for row in log if row.kind in _HANDS}
    edges = [*sorted(change for change in changes if change < now), now]
    climb = _Climb(ladder)
    for begin, end in pairwise(edges):
        state = fold(kind, _known(events, begin), policies)
        if state.state is ClockStatus.RUNNING:
            climb.on(state, _hands(log, begin), begin, end)
    return climb.pages


@dataclass(frozen=True, slots=True)
class _Hands:
    """In whose hands a ticket was at a time."""

    taken_at: datetime | None = None
    handed_back_at: datetime | None = None
    hand_backs: int = 0


_HANDS = frozenset({Event.TAKEN, Event.HANDED_BACK, Event.REOPENED})


def _hands(log: Sequence[TicketEvent], at: datetime) -> _Hands:
    hands = _Hands()
    for row in log:
        if row.kind not in _HANDS or whole_second(row.at) > at:
            continue
        if row.kind == Event.TAKEN:
            hands = replace(hands, taken_at=hands.taken_at or row.at)
        elif row.kind == Event.HANDED_BACK:
            hands = _Hands(None, row.at, hands.hand_backs + 1)
        else:
            hands = _Hands(hand_backs=hands.hand_backs)
    return hands


def _known(events: Sequence[ClockEvent], at: datetime) -> list[ClockEvent]:
    """Return what had happened by a time, and the maintenance that was announced for later."""
    planned = {one.ref for one in events if one.because is Exclusion.PLANNED_MAINTENANCE}
    return [one for one in events if whole_second(one.at) <= at or (one.ref and one.ref in planned)]


@dataclass
class _Climb:
    """One clock's ladder, and how far it has been climbed."""

    ladder: Ladder
    pages: int = 0
    _run: tuple[int, datetime | None] | None = None
    _fired: list[Fired] = field(default_factory=list)

    def on(self, state: ClockState, hands: _Hands, begin: datetime, end: datetime) -> None:
        """Let what is due from ``begin`` until before ``end`` fall."""
        reopened = max((over for over in map(_solved_until, state.halts) if over), default=None)
        if self._run != (run := (len(state.past), reopened)):
            self._run, self._fired = run, []
        while True:
            so_far = self._so_far(state, hands, begin, reopened)
            alarm = first_alarm(self.ladder, so_far)
            if alarm is None or (at := max(alarm, begin)) >= end:
                return
            decision = decide(self.ladder, so_far, at, _EVERYBODY)
            self.pages += len(decision.fired)
            self._fired += [
                Fired(shot.step, shot.repeat, shot.nominal_at, at) for shot in decision.fired
            ]
            self._fired += [
                Fired(skip.step, skip.repeat, skip.nominal_at, at, skip.reason)
                for skip in decision.skipped
            ]

    def _so_far(
        self, state: ClockState, hands: _Hands, begin: datetime, reopened: datetime | None
    ) -> RunSoFar:
        promise = state.promise
        assert promise and state.calendar and state.started_at and state.severity  # noqa: PT018, S101 - it runs
        moved = state.promised_at
        later = [at for at in (moved, reopened) if at is not None and at > state.started_at]
        begun = max(later, default=None)
        back = hands.handed_back_at
        return RunSoFar(
            kind=state.kind,
            severity=state.severity,
            started_at=state.started_at,
            target_at=state.target_at,
            limit_at=state.limit_at,
            taken_at=hands.taken_at,
            fired=tuple(self._fired),
            begun_at=begun,
            handed_back_at=back if back and back >= (begun or state.started_at) else None,
            hand_backs=hands.hand_backs,
            timing=DeskTiming(
                hours=state.calendar,
                started_at=state.started_at,
                target_at=state.target_at,
                limit_at=state.limit_at,
                counts_hours=promise.counting is Counting.BUSINESS_HOURS,
                paused_s=clocks.paused_s(state, now=begin),
            ),
        )


def _solved_until(halt: Halt) -> datetime | None:
    """Return when a ticket that was solved was opened anew; None for any other standstill."""
    return halt.end if halt.began.reason == clocks.SOLVED else None


class _Everybody(Directory):
    """Whoever a step names is there and can be reached."""

    @override
    def people(self, receiver: Receiver, at: datetime) -> Sequence[str]:
        return [str(receiver)]

    @override
    def reach(
        self, person: str, how: Sequence[PageChannel], severity: Severity, at: datetime
    ) -> Reach:
        return Reach((Method(PageChannel.MAIL, person),))


_EVERYBODY = _Everybody()
