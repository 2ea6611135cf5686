"""The three ways to count a promise: every hour, business hours, calendar days.

Each answers two questions about a stretch in which the clock ran: how many units of the promise
it used up, and at which instant a number of units is used up. Units are seconds, but for calendar
days, where they are the midnights at which a local day ends.
"""

from datetime import datetime, timedelta
from typing import Protocol

from typing_extensions import override

from app.sla.hours import Calendar
from app.sla.opening import DAY_S
from app.sla.policy import Target
from app.sla.terms import Counting


class Counter(Protocol):
    """Counts one promise."""

    def units(self, seconds: int) -> int:
        """Return how many units a promise of ``seconds`` is."""
        ...

    def reach(self, start: datetime, units: int) -> datetime:
        """Return the earliest instant by which the units are used up; ``start`` for none."""
        ...

    def used(self, start: datetime, end: datetime) -> int:
        """Return the units used up from ``start`` to ``end``."""
        ...

    def left_s(self, units: int) -> int:
        """Return what is left of a promise in its own seconds."""
        ...

    def seconds(self, start: datetime, end: datetime) -> int:
        """Return the time that counted, for telling people."""
        ...


class EveryHour(Counter):
    """True time, day and night."""

    @override
    def units(self, seconds: int) -> int:
        return seconds

    @override
    def reach(self, start: datetime, units: int) -> datetime:
        return start + timedelta(seconds=units)

    @override
    def used(self, start: datetime, end: datetime) -> int:
        passed = end - start
        return passed.days * DAY_S + passed.seconds

    @override
    def left_s(self, units: int) -> int:
        return units

    @override
    def seconds(self, start: datetime, end: datetime) -> int:
        return self.used(start, end)


class BusinessHours(EveryHour):
    """The calendar's open time."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar

    @override
    def reach(self, start: datetime, units: int) -> datetime:
        return self._calendar.add(start, units)

    @override
    def used(self, start: datetime, end: datetime) -> int:
        return self._calendar.between(start, end)


class CalendarDays(EveryHour):
    """To the end of the n-th local day after the one on which the clock started.

    The day of the start is not counted (as in Norwegian and European law on periods), so one day
    ends at the midnight after tomorrow's last second. A day whose end falls in a pause is not
    counted either. The time told to people is true time.
    """

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar

    @override
    def units(self, seconds: int) -> int:
        # The midnight that ends the day of the start comes before those of the n days.
        return seconds // DAY_S + 1

    @override
    def reach(self, start: datetime, units: int) -> datetime:
        return self._calendar.end_of_day(start, units - 1) if units else start

    @override
    def used(self, start: datetime, end: datetime) -> int:
        zone = self._calendar.tz
        return (end.astimezone(zone).date() - start.astimezone(zone).date()).days

    @override
    def left_s(self, units: int) -> int:
        return units * DAY_S

    @override
    def seconds(self, start: datetime, end: datetime) -> int:
        return EveryHour.used(self, start, end)


def counter_of(target: Target, calendar: Calendar) -> Counter:
    """Return how a promise is counted."""
    if target.counting is Counting.EVERY_HOUR:
        return EveryHour()
    if target.counting is Counting.BUSINESS_HOURS:
        return BusinessHours(calendar)
    return CalendarDays(calendar)
