"""What a clock's events come to: where it stands, when its promise falls due, what counted."""

from dataclasses import dataclass
from datetime import UTC, datetime

from app.kit.errors import BadInput
from app.sla.counting import counter_of
from app.sla.hours import Calendar
from app.sla.policy import Target
from app.sla.terms import ClockEventKind, ClockKind, ClockStatus, Exclusion, Severity


@dataclass(frozen=True, slots=True)
class ClockEvent:
    """One thing that happened to a ticket's clocks.

    ``at`` is when it took effect and may be corrected later; ``seq`` orders what took effect in
    the same second. ``clock`` is None for all the ticket's clocks. ``policy`` is the key of a
    policy version. ``ref`` ties the beginning, the end and the withdrawal of one exclusion, and
    ``because`` is its kind.
    """

    at: datetime
    seq: int
    kind: ClockEventKind
    clock: ClockKind | None = None
    severity: Severity | None = None
    policy: str | None = None
    reason: str = ""
    actor: str = ""
    ref: str = ""
    because: Exclusion | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch in which the clock ran; ``end`` is None for the one that still goes on."""

    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Halt:
    """A pause or an exclusion, by the event that began it; ``end`` is None while it lasts."""

    began: ClockEvent
    start: datetime
    end: datetime | None
    ended_by: ClockEvent | None = None

    @property
    def excluded(self) -> bool:
        """Tell an exclusion from a pause."""
        return self.began.kind is ClockEventKind.EXCLUDED


@dataclass(frozen=True, slots=True)
class Cycle:
    """One finished round of ``next_update``: from one word to the customer to the next."""

    started_at: datetime
    ended_at: datetime
    limit_at: datetime | None
    breached_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClockState:
    """Where a clock stands after its events.

    ``target_at`` and ``limit_at`` are None when nothing is promised, and while the clock stands
    still with time left; then the ``remaining`` seconds say how much, in the promise's own way of
    counting. A limit that was passed before the standstill keeps its instant.

    ``breached_at`` is the first breach written down, else the one that these events leave no doubt
    about; a clock that still runs past its limit shows it in ``is_breached``.
    """

    kind: ClockKind
    state: ClockStatus
    started_at: datetime | None = None
    severity: Severity | None = None
    policy: str | None = None
    promise: Target | None = None
    calendar: Calendar | None = None
    target_at: datetime | None = None
    limit_at: datetime | None = None
    remaining_target_s: int | None = None
    remaining_limit_s: int | None = None
    met_at: datetime | None = None
    cancelled_at: datetime | None = None
    breached_at: datetime | None = None
    # When the promise now in force was made: the start, or the latest change of it.
    promised_at: datetime | None = None
    # The breaches that were written down, with the severity and policy of their time.
    breaches: tuple[ClockEvent, ...] = ()
    windows: tuple[Window, ...] = ()
    halts: tuple[Halt, ...] = ()
    retargets: tuple[ClockEvent, ...] = ()
    past: tuple[Cycle, ...] = ()

    @property
    def ended_at(self) -> datetime | None:
        """Return when the clock stopped for good; None while it has not."""
        return self.met_at if self.met_at is not None else self.cancelled_at

    @property
    def kept(self) -> bool | None:
        """Tell whether the promise was kept; None while the clock is not met or owes nothing."""
        if self.met_at is None or self.promise is None:
            return None
        return self.limit_at is None or self.met_at <= self.limit_at

    def windows_until(self, now: datetime) -> tuple[tuple[datetime, datetime], ...]:
        """Return the stretches in which the clock ran, none of them beyond ``now``."""
        now = whole_second(now)
        ends = ((window.start, min(window.end or now, now)) for window in self.windows)
        return tuple((start, end) for start, end in ends if start < end)

    def elapsed(self, now: datetime) -> int:
        """Return the seconds that counted so far; never negative, 0 when nothing is promised."""
        if self.promise is None or self.calendar is None:
            return 0
        counter = counter_of(self.promise, self.calendar)
        return sum(counter.seconds(start, end) for start, end in self.windows_until(now))

    def is_breached(self, now: datetime) -> bool:
        """Tell whether the promise is broken; at the very second of the limit it is not yet."""
        return self.breached_at is not None or self.due_breach(now) is not None

    def due_breach(self, now: datetime) -> datetime | None:
        """Return when the promise broke, if that is past and not written down; else None.

        A promise is not broken before it was made: raised to a severity whose limit is long past,
        it breaks at the raise.
        """
        if self.breaches or self.promise is None:
            return None
        if self.breached_at is not None:
            return self.breached_at
        if self.ended_at is not None or self.limit_at is None or self.promised_at is None:
            return None
        broke = max(self.limit_at, self.promised_at)
        return broke if whole_second(now) > self.limit_at and broke <= now else None


def whole_second(at: datetime) -> datetime:
    """Return an instant in UTC without its part of a second, as clocks count."""
    if at.tzinfo is None:
        raise BadInput(f"{at.isoformat()} says no time zone.")
    return at.astimezone(UTC).replace(microsecond=0)
