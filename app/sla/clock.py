"""The clock: a fold over a ticket's events, the same however often and in which order it is made.

1. Events are taken in the order in which they took effect; those before the start act at it.
2. An exclusion that was withdrawn, and an end that was taken back, never happened.
3. The clock runs from the start, but not while it is paused or excluded for any reason.
4. The promise is that of the severity and policy in force at the end (or when the clock was met):
   it is measured from the same start, with the same pauses, whatever was in force before.
5. A promise met at the very second of its limit is kept; past it, it is broken.
6. A breach that was written down stays, with the severity and policy under which it happened.

Parts of a second are dropped from every event: what is counted is whole seconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.sla.clock_state import (
    ClockEvent,
    ClockState,
    Cycle,
    Halt,
    Window,
    whole_second,
)
from app.sla.counting import Counter, counter_of
from app.sla.policy import Policy, Target
from app.sla.terms import ClockEventKind, ClockKind, ClockStatus, Severity

__all__ = ["ClockEvent", "ClockState", "Cycle", "Halt", "Window", "fold"]

_PAUSE = ("pause", "")


def fold(
    kind: ClockKind, events: Sequence[ClockEvent], policies: Mapping[str, Policy]
) -> ClockState:
    """Return where one clock stands after a ticket's events, in whatever order they are given.

    ``policies`` holds every policy version the events name, by their key.
    """
    mine = [event for event in events if event.clock is None or event.clock is kind]
    mine.sort(key=lambda event: (whole_second(event.at), event.seq))
    start = next((event for event in mine if event.kind is ClockEventKind.STARTED), None)
    if start is None:
        return ClockState(kind, ClockStatus.PENDING)
    walk = _Walk(kind, policies, start)
    for event in _standing(mine):
        walk.take(event)
    return walk.result()


def _standing(events: list[ClockEvent]) -> list[ClockEvent]:
    """Return the events without those that were withdrawn or taken back, and without starts."""
    withdrawn = {event.ref for event in events if event.kind is ClockEventKind.WITHDRAWN}
    taken_back = max(
        (place for place, e in enumerate(events) if e.kind is ClockEventKind.REINSTATED), default=-1
    )
    return [
        event
        for place, event in enumerate(events)
        if not (event.kind in _EXCLUSION and event.ref in withdrawn)
        and not (event.kind in _END and place < taken_back)
        and event.kind not in _NO_STEP
    ]


_EXCLUSION = frozenset({ClockEventKind.EXCLUDED, ClockEventKind.INCLUDED})
_END = frozenset({ClockEventKind.MET, ClockEventKind.CANCELLED})
_NO_STEP = frozenset({ClockEventKind.STARTED, ClockEventKind.WITHDRAWN, ClockEventKind.REINSTATED})


@dataclass(slots=True)
class _Due:
    """When a promise is used up: an instant, or what is left while the clock stands still."""

    at: datetime | None
    left: int
    # It lies in a stretch that is over, so nothing that comes can move it.
    certain: bool = False


_NOT_DUE = _Due(None, 0)


class _Walk:
    """Takes events one by one; what it has seen so far is its state."""

    def __init__(self, kind: ClockKind, policies: Mapping[str, Policy], start: ClockEvent) -> None:
        self.kind = kind
        self.policies = policies
        self.began = whole_second(start.at)
        self.severity: Severity | None = start.severity
        self.policy: str | None = start.policy
        self.promised_at = self.began
        self.running_since: datetime | None = self.began
        self.open: dict[tuple[str, str], Halt] = {}
        self.windows: list[Window] = []
        self.halts: list[Halt] = []
        self.retargets: list[ClockEvent] = []
        self.breaches: list[ClockEvent] = []
        self.past: list[Cycle] = []
        self.round_seq = start.seq
        self.ended: ClockEvent | None = None
        self.ended_at: datetime | None = None

    def take(self, event: ClockEvent) -> None:
        """Let one event act; after the end only a breach is still written down."""
        at = max(whole_second(event.at), self.began)
        if event.kind is ClockEventKind.BREACHED:
            self.break_promise(event)
        elif self.ended is None:
            _ACTS[event.kind](self, event, at)

    def break_promise(self, event: ClockEvent) -> None:
        # A word to the customer that was entered late began a round that the engine did not know
        # of when it wrote this breach: the breach is the earlier round's.
        if self.past and event.seq < self.round_seq:
            last = self.past[-1]
            broke = last.breached_at or whole_second(event.at)
            self.past[-1] = replace(last, breached_at=broke)
        else:
            self.breaches.append(event)

    def halt(self, event: ClockEvent, at: datetime) -> None:
        key = _key(event)
        if key in self.open:
            return
        if self.running_since is not None:
            if at > self.running_since:
                self.windows.append(Window(self.running_since, at))
            self.running_since = None
        self.open[key] = Halt(event, at, None)

    def go_on(self, event: ClockEvent, at: datetime) -> None:
        halt = self.open.pop(_key(event), None)
        if halt is None:
            return
        self.halts.append(replace(halt, end=at, ended_by=event))
        if not self.open:
            self.running_since = at

    def retarget(self, event: ClockEvent, at: datetime) -> None:
        severity = event.severity or self.severity
        policy = event.policy or self.policy
        if (severity, policy) == (self.severity, self.policy):
            return
        before = self.promise()
        self.severity, self.policy = severity, policy
        if self.promise() != before:
            self.promised_at = at
        self.retargets.append(event)

    def update(self, event: ClockEvent, at: datetime) -> None:
        """Close a round of ``next_update`` and begin the next; nothing to the other clocks."""
        if self.kind is not ClockKind.NEXT_UPDATE:
            return
        state = self._state(self.result_windows(at), at)
        self.past.append(Cycle(self.began, at, state.limit_at, state.breached_at))
        self.began = self.promised_at = at
        self.round_seq = event.seq
        self.windows.clear()
        self.halts.clear()
        self.retargets.clear()
        self.breaches.clear()
        self.open = {key: replace(halt, start=at) for key, halt in self.open.items()}
        if self.running_since is not None:
            self.running_since = at

    def end(self, event: ClockEvent, at: datetime) -> None:
        self.ended, self.ended_at = event, at

    def promise(self) -> Target | None:
        """Return what is promised now; None when nothing is."""
        if self.policy is None or self.severity is None:
            return None
        return self.policies[self.policy].target(self.severity, self.kind)

    def result_windows(self, until: datetime | None) -> tuple[Window, ...]:
        if self.running_since is None or self.running_since == until:
            return tuple(self.windows)
        return (*self.windows, Window(self.running_since, until))

    def result(self) -> ClockState:
        return self._state(self.result_windows(self.ended_at), self.ended_at)

    def _state(self, windows: tuple[Window, ...], ended_at: datetime | None) -> ClockState:
        promise, calendar = self.promise(), None
        target = limit = _NOT_DUE
        broke = whole_second(self.breaches[0].at) if self.breaches else None
        left: tuple[int | None, int | None] = (None, None)
        if self.policy is not None and promise is not None:
            calendar = self.policies[self.policy].calendar(promise)
            counter = counter_of(promise, calendar)
            target = self._due(counter, counter.units(promise.target_s))
            limit = self._due(counter, counter.units(promise.limit_s))
            broke = broke or self._broke(limit, ended_at)
            if self.running_since is None and ended_at is None:
                left = (counter.left_s(target.left), counter.left_s(limit.left))
        return ClockState(
            kind=self.kind,
            state=self._status(owed=promise is not None),
            started_at=self.began,
            severity=self.severity,
            policy=self.policy,
            promise=promise,
            calendar=calendar,
            target_at=target.at,
            limit_at=limit.at,
            remaining_target_s=left[0],
            remaining_limit_s=left[1],
            met_at=self._ended_as(ClockEventKind.MET),
            cancelled_at=self._ended_as(ClockEventKind.CANCELLED),
            breached_at=broke,
            promised_at=self.promised_at,
            breaches=tuple(self.breaches),
            windows=windows,
            halts=(*self.halts, *(replace(halt, end=ended_at) for halt in self.open.values())),
            retargets=tuple(self.retargets),
            past=tuple(self.past),
        )

    def _broke(self, limit: _Due, ended_at: datetime | None) -> datetime | None:
        """Return when the promise broke, if the events leave no doubt about it."""
        if limit.at is None:
            return None
        late = limit.certain if ended_at is None else limit.at < ended_at
        return max(limit.at, self.promised_at) if late else None

    def _due(self, counter: Counter, units: int) -> _Due:
        """Return when ``units`` are used up by the stretches in which the clock ran.

        A stretch that ends at the very second does not use the promise up: the clock stands still
        with nothing left, and falls due when it goes on.
        """
        for window in self.windows:
            if window.end is None:
                continue
            at = counter.reach(window.start, units)
            if at < window.end:
                return _Due(at, 0, certain=True)
            units -= counter.used(window.start, window.end)
        if self.running_since is None:
            return _Due(None, units)
        return _Due(counter.reach(self.running_since, units), 0)

    def _status(self, *, owed: bool) -> ClockStatus:
        if self._ended_as(ClockEventKind.MET) is not None:
            return ClockStatus.MET
        if self._ended_as(ClockEventKind.CANCELLED) is not None:
            return ClockStatus.CANCELLED
        if not owed:
            return ClockStatus.PENDING
        return ClockStatus.RUNNING if self.running_since is not None else ClockStatus.PAUSED

    def _ended_as(self, kind: ClockEventKind) -> datetime | None:
        return self.ended_at if self.ended is not None and self.ended.kind is kind else None


def _key(event: ClockEvent) -> tuple[str, str]:
    """Return what a halt and its end have in common."""
    return ("exclusion", event.ref) if event.kind in _EXCLUSION else _PAUSE


_ACTS = {
    ClockEventKind.PAUSED: _Walk.halt,
    ClockEventKind.EXCLUDED: _Walk.halt,
    ClockEventKind.RESUMED: _Walk.go_on,
    ClockEventKind.INCLUDED: _Walk.go_on,
    ClockEventKind.RETARGETED: _Walk.retarget,
    ClockEventKind.UPDATED: _Walk.update,
    ClockEventKind.MET: _Walk.end,
    ClockEventKind.CANCELLED: _Walk.end,
}
