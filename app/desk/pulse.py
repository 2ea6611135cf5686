"""Whether the engine lives and keeps up: asked by /readyz, the metrics, and who watches it.

The engine writes its heartbeat every few seconds; how late it is now is read from what is due.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from app.config import EngineSettings
from app.kit.clock import Clock
from app.store import clocks, heartbeats

ENGINE = "engine"


class PulseState(StrEnum):
    """How the engine is; the metric's label."""

    OK = "ok"
    BEHIND = "behind"  # It lives, but something has been due for too long.
    SILENT = "silent"  # It has not completed a pass for too long.
    NEVER = "never"  # None has ever run on this database.


@dataclass(frozen=True, slots=True)
class Pulse:
    """The engine as it is at one moment."""

    state: PulseState
    # Its last heartbeat; None before the first.
    at: datetime | None
    # How long the oldest alarm has been due, in seconds; nought when none is.
    lag_s: float
    age_s: float | None


@dataclass(frozen=True, slots=True)
class Patience:
    """For how long the engine may be silent, and something due, before it counts."""

    silent: timedelta
    late: timedelta

    @classmethod
    def of(cls, settings: EngineSettings, clock: Clock) -> "Patience":
        """Return what the settings say, which are seconds on the wall."""
        return cls(clock.of_wall(settings.silent_after_s), clock.of_wall(settings.late_after_s))


def pulse_of(session: Session, patience: Patience, *, now: datetime) -> Pulse:
    """Return how the engine is."""
    heartbeat = heartbeats.find(session, ENGINE)
    alarm = clocks.next_alarm(session)
    late = max(timedelta(), now - alarm) if alarm else timedelta()
    if heartbeat is None:
        return Pulse(PulseState.NEVER, None, late.total_seconds(), None)
    age = now - heartbeat.at
    state = PulseState.OK
    if age > patience.silent:
        state = PulseState.SILENT
    elif late > patience.late:
        state = PulseState.BEHIND
    return Pulse(state, heartbeat.at, late.total_seconds(), max(0.0, age.total_seconds()))
