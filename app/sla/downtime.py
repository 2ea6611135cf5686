"""How long a customer was without the service: true time, but for what the agreement excludes.

1. Only a critical fault is downtime; every other one leaves the service running.
2. It begins at the receipt, also where the fault was seen to be critical only later.
3. It ends when the ticket is solved, or lowered since the service is back; opened or raised
   again, it goes on from then.
4. An exclusion is left out, by the same record that stops the clocks. A pause is not: waiting for
   an answer brings no shop back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.sla.clock_state import ClockEvent, whole_second
from app.sla.terms import ClockEventKind, ClockKind, Severity

Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Downtime:
    """The stretches that count and those that are excluded, in order; empty for no downtime."""

    counted: tuple[Stretch, ...] = ()
    excluded: tuple[Stretch, ...] = ()

    @property
    def seconds(self) -> int:
        """Return the seconds that count."""
        return _length(self.counted)

    @property
    def excluded_s(self) -> int:
        """Return the seconds of downtime that are excluded."""
        return _length(self.excluded)


def downtime(events: Sequence[ClockEvent], now: datetime) -> Downtime:
    """Return the downtime of a ticket up to ``now``, from the events that its clocks follow."""
    now = whole_second(now)
    withdrawn = {event.ref for event in events if event.kind is ClockEventKind.WITHDRAWN}
    ordered = sorted(events, key=lambda event: (whole_second(event.at), event.seq))
    start = next((event for event in ordered if event.kind is ClockEventKind.STARTED), None)
    if start is None:
        return Downtime()
    began = whole_second(start.at)
    state = _State(start.severity)
    lasting: list[tuple[datetime, _State]] = [(began, state)]
    for event in ordered:
        if event is not start and not (event.ref and event.ref in withdrawn):
            state = state.after(event)
            lasting.append((max(whole_second(event.at), began), state))
    ends = [*(at for at, _ in lasting[1:]), now]
    parts = [
        (at, min(end, now), state)
        for (at, state), end in zip(lasting, ends, strict=True)
        if at < min(end, now)
    ]
    # Until it was first solved, the fault was all along what it was seen to be in the end.
    first = next((n for n, (_, _, one) in enumerate(parts) if one.solved), len(parts))
    seen = next((n for n, (_, _, one) in enumerate(parts[:first]) if one.critical), 0)
    down = [part for n, part in enumerate(parts) if n < seen or part[2].down]
    return Downtime(
        counted=_joined([(at, end) for at, end, one in down if not one.excluded]),
        excluded=_joined([(at, end) for at, end, one in down if one.excluded]),
    )


@dataclass(frozen=True, slots=True)
class _State:
    """What holds from one event to the next."""

    severity: Severity | None
    solved: bool = False
    excluded: frozenset[str] = field(default_factory=frozenset)

    @property
    def critical(self) -> bool:
        return self.severity is Severity.CRITICAL

    @property
    def down(self) -> bool:
        return self.critical and not self.solved

    def after(self, event: ClockEvent) -> "_State":
        severity, solved, excluded = self.severity, self.solved, self.excluded
        if event.kind is ClockEventKind.RETARGETED:
            severity = event.severity or severity
        elif event.kind is ClockEventKind.EXCLUDED:
            excluded |= {event.ref}
        elif event.kind is ClockEventKind.INCLUDED:
            excluded -= {event.ref}
        elif event.clock is ClockKind.RESOLVE and event.kind is ClockEventKind.MET:
            solved = True
        elif event.clock is ClockKind.RESOLVE and event.kind is ClockEventKind.REINSTATED:
            solved = False
        return _State(severity, solved, excluded)


def _joined(parts: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """Return the stretches with those that touch made one."""
    joined: list[Stretch] = []
    for start, end in parts:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(joined)


def _length(parts: Sequence[Stretch]) -> int:
    return sum(((end - start) // timedelta(seconds=1) for start, end in parts), 0)
