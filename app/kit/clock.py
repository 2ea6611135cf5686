"""The only place that asks the machine for the time.

Everything below the edge takes ``now`` as an argument. The edge holds a ``Clock``: the machine's,
a sped-up one for the demo, or one that stands still until it is moved, for tests.
"""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from typing_extensions import override


class Clock(Protocol):
    """Tells the time, and how long a stretch of that time takes on the wall."""

    def now(self) -> datetime:
        """Return the present instant, UTC and aware."""
        ...

    def on_wall(self, seconds: float) -> float:
        """Return how many seconds on the wall ``seconds`` of this clock take."""
        ...

    def of_wall(self, seconds: float) -> timedelta:
        """Return how far this clock moves in ``seconds`` on the wall: for leases and retries."""
        ...


class MachineClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC)

    def on_wall(self, seconds: float) -> float:
        """Return ``seconds``: this clock runs at the wall's speed."""
        return seconds

    def of_wall(self, seconds: float) -> timedelta:
        """Return ``seconds`` as they are."""
        return timedelta(seconds=seconds)


class FastClock(MachineClock):
    """A clock that starts at ``origin`` and runs ``speed`` times as fast as the wall."""

    def __init__(self, origin: datetime, *, speed: float) -> None:
        if speed <= 0:
            raise ValueError("speed must be above zero")
        self._origin = origin
        self._speed = speed
        self._started = time.monotonic()

    @override
    def now(self) -> datetime:
        elapsed = time.monotonic() - self._started
        return self._origin + timedelta(seconds=elapsed * self._speed)

    @override
    def on_wall(self, seconds: float) -> float:
        return seconds / self._speed

    @override
    def of_wall(self, seconds: float) -> timedelta:
        return timedelta(seconds=seconds * self._speed)


class StillClock(MachineClock):
    """A clock that moves only when told to, for tests and replays."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._lock = threading.Lock()

    @override
    def now(self) -> datetime:
        with self._lock:
            return self._now

    def move(self, by: timedelta) -> datetime:
        """Move the clock forward and return the new time."""
        if by < timedelta(0):
            raise ValueError("a clock does not run backwards")
        with self._lock:
            self._now += by
            return self._now
