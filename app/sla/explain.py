"""How each deadline came about: machine-readably here, in words in ``explain_words``.

The explanation is made of the same windows and counted by the same calendar as the deadline, so
the stretches add up to the elapsed time to the second; a test holds this.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.sla.clock_state import ClockEvent, ClockState, Halt, whole_second
from app.sla.hours import Calendar
from app.sla.opening import DayKind, public_holidays
from app.sla.terms import ClockEventKind, Counting, Exclusion

# The languages in which the `holidays` library names the days; where it has none, it keeps its own.
_NAMES_IN = {"nb": "no", "en": "en_US"}


@dataclass(frozen=True, slots=True)
class Counted:
    """A stretch that counted, and its whole seconds."""

    start: datetime
    end: datetime
    seconds: int


@dataclass(frozen=True, slots=True)
class Stood:
    """A pause or an exclusion: when, who said so and why; ``end`` is None while it lasts.

    ``because`` is the agreement's exception; None for a pause.
    """

    excluded: bool
    because: Exclusion | None
    start: datetime
    end: datetime | None
    actor: str
    reason: str
    ref: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A day that is not an ordinary one of the week, and why."""

    on: date
    kind: DayKind
    name: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """One clock, told: where it stands at ``now``, and every stretch that led there."""

    state: ClockState
    now: datetime
    counted: tuple[Counted, ...]
    stood: tuple[Stood, ...]
    skipped: tuple[Skipped, ...]
    elapsed_s: int
    breached_at: datetime | None

    def to_dict(self) -> dict[str, object]:
        """Return plain data for JSON; instants are RFC 3339 in UTC."""
        state, promise = self.state, self.state.promise
        return {
            "kind": state.kind.value,
            "state": state.state.value,
            "severity": state.severity.value if state.severity else None,
            "policy": state.policy,
            "received_at": _text(state.started_at),
            "basis": None
            if promise is None or state.calendar is None
            else {
                "counting": promise.counting.value,
                "target_s": promise.target_s,
                "limit_s": promise.limit_s,
                "time_zone": state.calendar.rules.tz,
                "promised_at": _text(state.promised_at),
            },
            "counted": [
                {"from": _text(part.start), "to": _text(part.end), "seconds": part.seconds}
                for part in self.counted
            ],
            "elapsed_s": self.elapsed_s,
            "stood_still": [
                {
                    "kind": "exclusion" if halt.excluded else "pause",
                    "because": halt.because.value if halt.because else None,
                    "from": _text(halt.start),
                    "to": _text(halt.end),
                    "actor": halt.actor,
                    "reason": halt.reason,
                    "ref": halt.ref,
                }
                for halt in self.stood
            ],
            "skipped_days": [
                {"date": day.on.isoformat(), "kind": day.kind.value, "name": day.name}
                for day in self.skipped
            ],
            "rounds": [
                {
                    "from": _text(over.started_at),
                    "to": _text(over.ended_at),
                    "limit_at": _text(over.limit_at),
                    "breached_at": _text(over.breached_at),
                }
                for over in state.past
            ],
            "changes": [_change(event) for event in state.retargets],
            "target_at": _text(state.target_at),
            "limit_at": _text(state.limit_at),
            "remaining_target_s": state.remaining_target_s,
            "remaining_limit_s": state.remaining_limit_s,
            "met_at": _text(state.met_at),
            "cancelled_at": _text(state.cancelled_at),
            "kept": state.kept,
            "breached_at": _text(self.breached_at),
            "breaches": [_change(event) for event in state.breaches],
        }


def explain(state: ClockState, now: datetime, *, language: str = "nb") -> Explanation:
    """Return how a clock came to stand where it stands at ``now``.

    ``language`` chooses the names of public holidays. The days told as skipped are those from the
    start to the limit (or to ``now``, when that is later or the clock stands still).
    """
    now = whole_second(now)
    return Explanation(
        state=state,
        now=now,
        counted=tuple(_counted(state, now)),
        stood=tuple(_stood(halt) for halt in state.halts if halt.start <= now),
        skipped=tuple(_skipped(state, now, language)),
        elapsed_s=state.elapsed(now),
        breached_at=state.breached_at or state.due_breach(now),
    )


def _counted(state: ClockState, now: datetime) -> Iterator[Counted]:
    if state.promise is None or state.calendar is None:
        return
    for start, end in state.windows_until(now):
        if state.promise.counting is Counting.BUSINESS_HOURS:
            for opening, closing in state.calendar.stretches(start, end):
                yield _part(opening, closing)
        else:
            yield _part(start, end)


def _part(start: datetime, end: datetime) -> Counted:
    passed = end - start
    return Counted(start, end, passed // timedelta(seconds=1))


def _stood(halt: Halt) -> Stood:
    began = halt.began
    return Stood(
        excluded=halt.excluded,
        because=began.because,
        start=halt.start,
        end=halt.end,
        actor=began.actor,
        reason=began.reason,
        ref=began.ref,
    )


def _skipped(state: ClockState, now: datetime, language: str) -> Iterator[Skipped]:
    """Yield the days with a rule of their own; only in business hours do they matter."""
    calendar, promise = state.calendar, state.promise
    if calendar is None or promise is None or promise.counting is not Counting.BUSINESS_HOURS:
        return
    if state.started_at is None:
        return
    end = state.ended_at or max(state.limit_at or now, now)
    on = state.started_at.astimezone(calendar.tz).date()
    last = end.astimezone(calendar.tz).date()
    while on <= last:
        day = calendar.day(on)
        if day.kind is not DayKind.WEEK:
            yield Skipped(on, day.kind, day_name(calendar, on, language) or day.name)
        on += timedelta(days=1)


def day_name(calendar: Calendar, on: date, language: str) -> str:
    """Return what a public holiday is called; empty when the day is none or has no name."""
    rules = calendar.rules
    if rules.country is None or calendar.day(on).kind is not DayKind.PUBLIC_HOLIDAY:
        return ""
    names = public_holidays(rules.country, rules.subdivision, on.year, _NAMES_IN.get(language))
    return names.get(on, "")


def _change(event: ClockEvent) -> dict[str, object]:
    return {
        "kind": ClockEventKind(event.kind).value,
        "at": _text(event.at),
        "severity": event.severity.value if event.severity else None,
        "policy": event.policy,
        "actor": event.actor,
        "reason": event.reason,
    }


def _text(at: datetime | None) -> str | None:
    return None if at is None else whole_second(at).isoformat()
