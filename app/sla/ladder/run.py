"""A run of a ladder as far as it has come: what its decisions are made from."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from app.sla.ladder.words import Anchor
from app.sla.terms import ClockKind, Severity

# The number that the record of a handed-back ticket's page carries; real steps count from nought.
HANDED_BACK = -1


class RunState(StrEnum):
    """Where the clock of a run stands."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    CANCELLED = "cancelled"


ENDED = frozenset({RunState.MET, RunState.CANCELLED})


class Timing(Protocol):
    """What a ladder asks of the clock it hangs on."""

    def at_share(self, of: Anchor, share: float) -> datetime | None:
        """Return when this share of the target or limit is used, in the time the clock counts.

        None means that there is no such target or limit.
        """
        ...

    def is_open(self, at: datetime) -> bool:
        """Return whether the desk is open."""
        ...

    def next_opening(self, at: datetime) -> datetime:
        """Return when the desk opens next; ``at`` itself while it is open."""
        ...


@dataclass(frozen=True, slots=True)
class Fired:
    """A step, or a repeat of it, that was fired or recorded as not needed."""

    step: int
    repeat: int
    nominal_at: datetime
    fired_at: datetime
    # The reason that was recorded when it did not page.
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class RunSoFar:
    """One run of the ladder of one clock."""

    kind: ClockKind
    severity: Severity
    started_at: datetime
    # None where the promise has no such time, and while the clock stands still.
    target_at: datetime | None
    limit_at: datetime | None
    taken_at: datetime | None = None
    fired: tuple[Fired, ...] = ()
    state: RunState = RunState.RUNNING
    # When this run began, if later than its clock: a ticket became critical, or was opened anew.
    begun_at: datetime | None = None
    # Never past the limit, whatever is written here.
    snoozed_until: datetime | None = None
    # The last time somebody who had taken it gave it back, and how often that happened.
    handed_back_at: datetime | None = None
    hand_backs: int = 0
    # None means that every hour counts and the desk is always open.
    timing: Timing | None = None

    @property
    def clock(self) -> Timing:
        """Return the run's own timing, or the wall's."""
        return self.timing or WallTiming(self.started_at, self.target_at, self.limit_at)


@dataclass(frozen=True, slots=True)
class WallTiming:
    """Every hour counts, and the desk never closes."""

    started_at: datetime
    target_at: datetime | None
    limit_at: datetime | None

    def at_share(self, of: Anchor, share: float) -> datetime | None:
        """Return the moment on a straight line from the start."""
        end = self.target_at if of is Anchor.TARGET else self.limit_at
        return end and self.started_at + (end - self.started_at) * share

    def is_open(self, at: datetime) -> bool:  # noqa: ARG002 - the protocol gives it
        """Return True: there is no closed hour."""
        return True

    def next_opening(self, at: datetime) -> datetime:
        """Return ``at``: it is open."""
        return at


class Hours(Protocol):
    """What is asked of a calendar; ``app.sla.hours.Calendar`` is one."""

    def add(self, start: datetime, seconds: int) -> datetime:
        """Return when ``seconds`` of working time have passed since ``start``."""
        ...

    def between(self, start: datetime, end: datetime) -> int:
        """Return the working seconds between two instants."""
        ...

    def is_open(self, at: datetime) -> bool:
        """Return whether it is working time."""
        ...

    def next_opening(self, at: datetime) -> datetime:
        """Return when working time begins next."""
        ...


@dataclass(frozen=True, slots=True)
class DeskTiming:
    """Shares are counted in working time, or by the wall, and the desk opens by its calendar."""

    hours: Hours
    started_at: datetime
    target_at: datetime | None
    limit_at: datetime | None
    # Whether the promise counts working time only.
    counts_hours: bool = True
    # How long the clock has stood still so far, in the time that it counts.
    paused_s: int = 0

    def at_share(self, of: Anchor, share: float) -> datetime | None:
        """Return when the share is used, as though all pauses had been at the beginning.

        That is exact for every instant after the last pause, and nothing before it is still asked.
        """
        end = self.target_at if of is Anchor.TARGET else self.limit_at
        if end is None:
            return None
        if not self.counts_hours:
            pause = timedelta(seconds=self.paused_s)
            return self.started_at + pause + (end - self.started_at - pause) * share
        promised = self.hours.between(self.started_at, end) - self.paused_s
        return self.hours.add(self.started_at, self.paused_s + round(promised * share))

    def is_open(self, at: datetime) -> bool:
        """Return whether the desk is open."""
        return self.hours.is_open(at)

    def next_opening(self, at: datetime) -> datetime:
        """Return when the desk opens next; ``at`` itself while it is open."""
        return at if self.hours.is_open(at) else self.hours.next_opening(at)
