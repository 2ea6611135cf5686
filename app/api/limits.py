"""How often somebody may ask: a token bucket each, in this process's memory.

A bucket holds a minute's worth of requests and is filled evenly. Each process of several counts
for itself: counting in the database would make every read a write (docs/decisions).
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from math import ceil

# So many callers are remembered; whoever is forgotten begins with a full bucket.
_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Left:
    """What is left in the bucket after this request."""

    quota: int
    left: int
    # Seconds until the bucket is full again.
    full_in_s: int
    # Seconds until one request more is let in; 0 when this one is.
    wait_s: int


class Buckets:
    """The buckets of one kind of caller."""

    def __init__(self, a_minute: int) -> None:
        self._quota = a_minute
        self._rate = a_minute / 60
        self._levels: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def take(self, key: str, *, now: datetime) -> Left | None:
        """Take one request out of a caller's bucket; None where there is no limit."""
        if not self._quota:
            return None
        level, at = self._levels.pop(key, (float(self._quota), now))
        level = min(self._quota, level + max(0.0, (now - at).total_seconds()) * self._rate)
        wait = 0 if level >= 1 else ceil((1 - level) / self._rate)
        if not wait:
            level -= 1
        self._levels[key] = level, now
        if len(self._levels) > _REMEMBERED:
            self._levels.popitem(last=False)
        return Left(self._quota, int(level), ceil((self._quota - level) / self._rate), wait)
