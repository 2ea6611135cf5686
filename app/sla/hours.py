"""Working time: adds it, counts it, finds openings and closings in a calendar.

Exact to the microsecond and right across clock changes, leap days and changes of the calendar:
hours are wall-clock times, so 09:00 to 17:00 is eight true hours on most days, and a night shift
is one shorter or longer when the clock is moved. What an interval, a holiday and an exception mean
is told in ``docs/calendars.md``. All instants returned are in UTC.
"""

import functools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from typing_extensions import override

from app.kit.errors import BadInput
from app.sla.calendar_document import read_rules, write_rules
from app.sla.opening import DAY_S, Day, OpeningBook, OpeningRules
from app.sla.spans import (
    FIRST_DATE,
    LAST_DATE,
    MICRO,
    Spans,
    checked_date,
    earlier,
    first_spans,
    instant,
    later,
    micros,
    reach,
    wall,
)

# All the time in which promises are counted.
_LONGEST_S = (LAST_DATE - FIRST_DATE).days * DAY_S


class _Line:
    """A calendar's time line, longer whenever somebody asks further; shared by equal calendars."""

    __slots__ = ("_spans", "book", "zone")

    def __init__(self, rules: OpeningRules) -> None:
        self.book = OpeningBook(rules)
        self.zone = ZoneInfo(rules.tz)
        # Replaced as a whole: two threads may build the same table, but none sees half of one.
        self._spans: Spans | None = None

    def around(self, at: int) -> Spans:
        return self.covering(at, at)

    def covering(self, first: int, last: int) -> Spans:
        spans = self._spans
        if spans is None:
            spans = first_spans(self.book, self.zone, first)
        for at in (first, last):
            if not spans.low <= at < spans.high:
                spans = reach(self.book, self.zone, spans, at)
        self._spans = spans
        return spans

    def after(self, spans: Spans) -> Spans:
        spans = self._spans = later(self.book, self.zone, spans)
        return spans

    def ahead_of(self, spans: Spans) -> Spans:
        spans = self._spans = earlier(self.book, self.zone, spans)
        return spans


# A table of decades takes megabytes: what nobody holds any longer is soon let go.
@functools.lru_cache(maxsize=64)
def _line(rules: OpeningRules) -> _Line:
    return _Line(rules)


class Calendar:
    """When a desk is open. Unchangeable; equal documents are equal calendars and share tables."""

    __slots__ = ("_on_line", "rules")

    def __init__(self, rules: OpeningRules) -> None:
        self.rules = rules
        self._on_line = _line(rules)

    @classmethod
    def from_dict(cls, document: object) -> "Calendar":
        """Return the calendar of a document; BadInput names the key of what is wrong."""
        return cls(read_rules(document))

    def to_dict(self) -> dict[str, object]:
        """Return the canonical document of this calendar."""
        return write_rules(self.rules)

    @property
    def tz(self) -> ZoneInfo:
        """Return the time zone in which the hours are meant."""
        return self._on_line.zone

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Calendar) and self.rules == other.rules

    @override
    def __hash__(self) -> int:
        return hash(self.rules)

    @override
    def __repr__(self) -> str:
        return f"Calendar({self.to_dict()!r})"

    def add(self, start: datetime, seconds: int) -> datetime:
        """Return the earliest instant by which ``seconds`` of working time have passed.

        A day used up to its last second ends at its closing, not at the next opening. Zero seconds
        is ``start`` itself, open or closed. A negative number goes back: the latest instant from
        which so much working time leads to ``start``. BadInput when the calendar does not hold so
        much time.
        """
        at = micros(start)
        if seconds == 0:
            checked_date(at, self.tz)
            return instant(at)
        if abs(seconds) > _LONGEST_S:
            raise BadInput(f"{seconds} seconds of working time are more than any calendar holds.")
        line = self._on_line
        spans = line.around(at)
        goal = _worked(spans, at) + seconds * MICRO
        if seconds < 0:
            while goal < 0:
                spans = line.ahead_of(spans)
                goal = _worked(spans, at) + seconds * MICRO
            i = bisect_right(spans.before, goal) - 1
            return instant(spans.opens[i] + goal - spans.before[i])
        while goal > spans.total:
            spans = line.after(spans)
        i = bisect_left(spans.upto, goal)
        return instant(spans.closes[i] - spans.upto[i] + goal)

    def between(self, start: datetime, end: datetime) -> int:
        """Return the whole working seconds from ``start`` to ``end``.

        Negative when ``end`` is the earlier one. A part of a second is left out.
        """
        first, last = micros(start), micros(end)
        if first > last:
            return -self.between(end, start)
        spans = self._on_line.covering(first, last)
        return (_worked(spans, last) - _worked(spans, first)) // MICRO

    def is_open(self, at: datetime) -> bool:
        """Tell whether ``at`` is working time; an opening is, a closing no longer."""
        moment = micros(at)
        spans = self._on_line.around(moment)
        i = bisect_right(spans.opens, moment) - 1
        return i >= 0 and moment < spans.closes[i]

    def next_opening(self, at: datetime) -> datetime:
        """Return the first instant from ``at`` on that is open: ``at`` itself when it is."""
        moment = micros(at)
        line = self._on_line
        spans = line.around(moment)
        while (i := bisect_right(spans.closes, moment)) == len(spans.closes):
            spans = line.after(spans)
        return instant(max(moment, spans.opens[i]))

    def previous_closing(self, at: datetime) -> datetime:
        """Return the last instant up to ``at`` that follows open time.

        That is ``at`` itself when the desk was open until then, be it closing or not.
        """
        moment = micros(at)
        line = self._on_line
        spans = line.around(moment)
        while (i := bisect_left(spans.opens, moment) - 1) < 0:
            spans = line.ahead_of(spans)
        return instant(min(moment, spans.closes[i]))

    def stretches(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the open stretches from ``start`` to ``end``, in order; none when it is earlier."""
        first, last = micros(start), micros(end)
        if first >= last:
            return
        spans = self._on_line.covering(first, last)
        for i in range(bisect_right(spans.closes, first), len(spans.opens)):
            if spans.opens[i] >= last:
                return
            yield instant(max(first, spans.opens[i])), instant(min(last, spans.closes[i]))

    def day(self, on: date) -> Day:
        """Return the rule that holds on a local date, with its name, for explanations."""
        return self._on_line.book.day(on)

    def end_of_day(self, at: datetime, days: int = 0) -> datetime:
        """Return the midnight that ends the local day ``days`` after the one of ``at``."""
        zone = self._on_line.zone
        on = checked_date(micros(at), zone)
        return instant(wall(on + timedelta(days=days), DAY_S, zone))


def _worked(spans: Spans, at: int) -> int:
    """Return the working microseconds from the table's beginning to ``at``."""
    i = bisect_right(spans.opens, at) - 1
    if i < 0:
        return 0
    return spans.before[i] + min(at, spans.closes[i]) - spans.opens[i]
