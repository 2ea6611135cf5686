"""When a desk is open on a given local date: the rules of a calendar, as plain data.

Nothing here knows of instants or of daylight saving: a day's hours are seconds on the wall clock,
and ``app.sla.spans`` lays them on the time line.
"""

import functools
import itertools
from bisect import bisect_right
from dataclasses import dataclass
from datetime import MAXYEAR, date, timedelta
from enum import StrEnum

import holidays

DAY_S = 86_400

# An opening and a closing in seconds on the wall clock from the date's own midnight; the closing
# is above DAY_S when the interval runs past midnight.
Interval = tuple[int, int]
Hours = tuple[Interval, ...]
# Monday to Sunday.
Week = tuple[Hours, Hours, Hours, Hours, Hours, Hours, Hours]
MonthDay = tuple[int, int]


class DayKind(StrEnum):
    """Which rule decided a date."""

    EXCEPTION = "exception"  # Hours given for this very date.
    HOLIDAY = "holiday"  # Closed: one of the calendar's own dates.
    PUBLIC_HOLIDAY = "public_holiday"  # Closed: the country's law.
    SHORT = "short"  # A half day, every year.
    WEEK = "week"  # An ordinary day of the week.


@dataclass(frozen=True, slots=True)
class Day:
    """What the rules say about one date.

    ``hours`` are the intervals that begin on the date. ``alone``: nothing that began the day
    before runs into this date.
    """

    kind: DayKind
    hours: Hours
    name: str = ""

    @property
    def alone(self) -> bool:
        """Tell whether the date is cut out of what surrounds it."""
        return self.kind in {DayKind.EXCEPTION, DayKind.HOLIDAY, DayKind.PUBLIC_HOLIDAY}

    @property
    def closed_itself(self) -> bool:
        """Tell whether the date's own 24 hours are taken out of its own intervals too."""
        return self.kind in {DayKind.HOLIDAY, DayKind.PUBLIC_HOLIDAY}


@dataclass(frozen=True, slots=True)
class OpeningRules:
    """A calendar as data, in a canonical order, so that equal calendars are equal values."""

    tz: str
    # The week that holds from a date on; the first from the beginning of time.
    weeks: tuple[tuple[date, Week], ...]
    # Date and name; the name may be empty.
    holidays: tuple[tuple[date, str], ...] = ()
    yearly_holidays: tuple[tuple[MonthDay, str], ...] = ()
    country: str | None = None
    subdivision: str | None = None
    exceptions: tuple[tuple[date, Hours], ...] = ()
    # The desk is open only within these intervals, on days when it would be open anyway.
    short_days: tuple[tuple[MonthDay, Hours], ...] = ()


class OpeningBook:
    """The rules, indexed by date. Immutable after its making."""

    def __init__(self, rules: OpeningRules) -> None:
        self.rules = rules
        self._holidays = dict(rules.holidays)
        self._yearly = dict(rules.yearly_holidays)
        self._exceptions = dict(rules.exceptions)
        self._short = dict(rules.short_days)
        self._since = [since for since, _ in rules.weeks]

    def day(self, on: date) -> Day:
        """Return what holds on a local date; the first rule that speaks decides.

        1. An exception for the date: exactly its hours, even on a holiday.
        2. A closure or holiday of the calendar's own.
        3. A holiday of every year.
        4. A public holiday of the country and subdivision.
        5. A short day of every year: the week's hours within the short ones.
        6. The week that holds on the date.
        """
        exception = self._exceptions.get(on)
        if exception is not None:
            return Day(DayKind.EXCEPTION, exception)
        week = self._week(on)[on.weekday()]
        month_day = (on.month, on.day)
        name = self._holidays.get(on)
        if name is None:
            name = self._yearly.get(month_day)
        if name is not None:
            return Day(DayKind.HOLIDAY, week, name)
        if self.rules.country is not None:
            law = public_holidays(self.rules.country, self.rules.subdivision, on.year)
            if on in law:
                return Day(DayKind.PUBLIC_HOLIDAY, week, law[on])
        short = self._short.get(month_day)
        if short is not None:
            return Day(DayKind.SHORT, _within(week, short))
        return Day(DayKind.WEEK, week)

    def _week(self, on: date) -> Week:
        return self.rules.weeks[bisect_right(self._since, on) - 1][1]

    def may_open_from(self, on: date) -> bool:
        """Return False only when the calendar is surely closed on every date from ``on`` on."""
        if any(hours and day >= on for day, hours in self._exceptions.items()):
            return True
        # A week is over when the next one begins; the last one never is.
        ends = [since for since, _ in self.rules.weeks[1:]] + [date(MAXYEAR, 12, 31)]
        return any(
            _ever_opens(week, self._yearly) and end > on
            for (_, week), end in zip(self.rules.weeks, ends, strict=True)
        )

    def may_open_until(self, on: date) -> bool:
        """Return False only when the calendar is surely closed on every date up to ``on``."""
        if any(hours and day <= on for day, hours in self._exceptions.items()):
            return True
        return any(
            _ever_opens(week, self._yearly) and (index == 0 or since <= on)
            for index, (since, week) in enumerate(self.rules.weeks)
        )

    @property
    def ever_opens(self) -> bool:
        """Tell whether there is any date on which this calendar can be open."""
        return self.may_open_from(date.min)


def _ever_opens(week: Week, yearly: dict[MonthDay, str]) -> bool:
    """Return whether a week that never ends has an open day.

    Every date of the year falls on every day of the week sooner or later (29 February too), so
    one open day of the week and one date that is no yearly holiday are enough.
    """
    return any(week) and len(yearly) < 366


def _within(hours: Hours, limits: Hours) -> Hours:
    """Return the parts of ``hours`` that lie within ``limits``."""
    return tuple(
        sorted(
            (max(start, lower), min(end, upper))
            for (start, end), (lower, upper) in itertools.product(hours, limits)
            if max(start, lower) < min(end, upper)
        )
    )


@functools.lru_cache(maxsize=2048)
def public_holidays(
    country: str, subdivision: str | None, year: int, language: str | None = None
) -> dict[date, str]:
    """Return the public holidays of a country's year by date, with their names.

    Empty for a year that the ``holidays`` library does not know; for Norway that is after 2100.
    """
    found = holidays.country_holidays(
        country, subdiv=subdivision, years=year, language=language, expand=False
    )
    return {day: str(name) for day, name in found.items() if day.year == year}


def knows_country(country: str, subdivision: str | None) -> bool:
    """Return whether the ``holidays`` library knows the country and its subdivision."""
    known = holidays.list_supported_countries(include_aliases=True)
    return country in known and (subdivision is None or subdivision in known[country])


def dates_between(first: date, last: date) -> list[date]:
    """Return every date from ``first`` to ``last``, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
