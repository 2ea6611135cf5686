"""Lays a calendar's hours on the time line: sorted, merged open spans with running totals.

A ``Spans`` is never changed; one that must reach further is built anew, twice as long, so that a
long way costs what its days cost and no more, and a finished one is shared by all threads.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from app.kit.errors import BadInput
from app.sla.opening import DAY_S, Hours, OpeningBook

# Instants are whole microseconds since 1970, so that no float ever rounds a deadline.
MICRO = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Before and after these years a promise is a mistyped date; they also end every search.
FIRST_DATE = date(1900, 1, 1)
LAST_DATE = date(2999, 12, 31)

# The first table: a little before the instant asked for, and beyond most promises after it.
_DAYS_BEFORE = 7
_DAYS_AFTER = 90

Stretch = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Spans:
    """All open time between two local midnights.

    ``before[i]`` is the working time from ``low`` to ``opens[i]``, ``upto[i]`` to ``closes[i]``.
    """

    first: date
    last: date  # Not included.
    low: int
    high: int
    opens: list[int]
    closes: list[int]
    before: list[int]
    upto: list[int]

    @property
    def total(self) -> int:
        """Return the working microseconds of the whole table."""
        return self.upto[-1] if self.upto else 0


def micros(at: datetime) -> int:
    """Return an aware instant as microseconds since 1970."""
    if at.tzinfo is None:
        raise BadInput(
            f"{at.isoformat()} says no time zone.", remedy="Add an offset, for instance +00:00."
        )
    since = at - EPOCH
    return (since.days * DAY_S + since.seconds) * MICRO + since.microseconds


def instant(at: int) -> datetime:
    """Return microseconds since 1970 as an instant in UTC."""
    return EPOCH + timedelta(microseconds=at)


def wall(on: date, seconds: int, zone: ZoneInfo) -> int:
    """Return the instant at which the wall clock shows ``seconds`` past midnight of a date.

    RFC 5545, section 3.3.5: a local time that comes twice is the first of the two, and one that
    the clock jumps over is read with the offset before the jump.
    """
    days, rest = divmod(seconds, DAY_S)
    hour, rest = divmod(rest, 3600)
    local = datetime.combine(
        on + timedelta(days=days) if days else on,
        time(hour, rest // 60, rest % 60),
        tzinfo=zone,
    )
    since = local - EPOCH
    return (since.days * DAY_S + since.seconds) * MICRO


def local_date(at: int, zone: ZoneInfo) -> date:
    """Return the date on the wall at an instant."""
    return instant(at).astimezone(zone).date()


def first_spans(book: OpeningBook, zone: ZoneInfo, at: int) -> Spans:
    """Return a table around an instant."""
    on = checked_date(at, zone)
    return _build(book, zone, on - timedelta(days=_DAYS_BEFORE), on + timedelta(days=_DAYS_AFTER))


def reach(book: OpeningBook, zone: ZoneInfo, spans: Spans, at: int) -> Spans:
    """Return a table that holds ``spans`` and the instant ``at``."""
    on = checked_date(at, zone)
    longer = spans.last - spans.first
    first, last = spans.first, spans.last
    if at < spans.low:
        first = min(on - timedelta(days=_DAYS_BEFORE), _moved(first, -longer))
    if at >= spans.high:
        last = max(on + timedelta(days=_DAYS_AFTER), _moved(last, longer))
    return _build(book, zone, first, last)


def later(book: OpeningBook, zone: ZoneInfo, spans: Spans) -> Spans:
    """Return a table that goes on after ``spans``; BadInput when it never opens again."""
    if spans.last >= LAST_DATE or not book.may_open_from(spans.last - timedelta(days=2)):
        raise BadInput(
            f"the calendar does not open again after {spans.last - timedelta(days=1)}, "
            "so this much working time never passes.",
            field="hours",
        )
    return _build(book, zone, spans.first, _moved(spans.last, spans.last - spans.first))


def earlier(book: OpeningBook, zone: ZoneInfo, spans: Spans) -> Spans:
    """Return a table that begins before ``spans``; BadInput when it was never open before."""
    if spans.first <= FIRST_DATE or not book.may_open_until(spans.first):
        raise BadInput(
            f"the calendar was never open before {spans.first}, "
            "so this much working time has not passed.",
            field="hours",
        )
    return _build(book, zone, _moved(spans.first, spans.first - spans.last), spans.last)


def checked_date(at: int, zone: ZoneInfo) -> date:
    """Return the local date of an instant; BadInput when no promise can lie there."""
    try:
        on = local_date(at, zone)
    except OverflowError:
        on = date.max
    if not FIRST_DATE <= on <= LAST_DATE:
        raise BadInput(
            f"no working time is counted outside the years {FIRST_DATE.year} to {LAST_DATE.year}."
        )
    return on


def _moved(on: date, by: timedelta) -> date:
    """Return a date moved within the years that are counted."""
    try:
        return min(max(on + by, FIRST_DATE), LAST_DATE)
    except OverflowError:
        return LAST_DATE if by > timedelta(0) else FIRST_DATE


def _build(book: OpeningBook, zone: ZoneInfo, first: date, last: date) -> Spans:
    low, high = wall(first, 0, zone), wall(last, 0, zone)
    opens: list[int] = []
    closes: list[int] = []
    for start, end in sorted(_pieces(book, zone, first, last)):
        begin, stop = max(start, low), min(end, high)
        if begin >= stop:
            continue
        if closes and begin <= closes[-1]:
            closes[-1] = max(closes[-1], stop)
        else:
            opens.append(begin)
            closes.append(stop)
    upto = list(accumulate(end - start for start, end in zip(opens, closes, strict=True)))
    return Spans(first, last, low, high, opens, closes, [0, *upto[:-1]], upto)


def _pieces(book: OpeningBook, zone: ZoneInfo, first: date, last: date) -> list[Stretch]:
    """Return the open intervals of a run of dates, closed dates taken out, in no order."""
    found: list[Stretch] = []
    # An interval of two days before may still run: past midnight, and moved by a clock change.
    count = (last - first).days + 4
    dates = [first + timedelta(days=n) for n in range(-2, count - 2)]
    days = [book.day(on) for on in dates]
    for index, (on, day) in enumerate(zip(dates, days, strict=True)):
        if not day.hours or _skipped(on, zone):
            continue
        pieces = _laid(on, day.hours, zone)
        if day.closed_itself:
            pieces = _without(pieces, wall(on, 0, zone), wall(on, DAY_S, zone))
        for ahead in (1, 2):
            if index + ahead < len(days) and days[index + ahead].alone:
                start = ahead * DAY_S
                pieces = _without(pieces, wall(on, start, zone), wall(on, start + DAY_S, zone))
        found.extend(pieces)
    return found


def _laid(on: date, hours: Hours, zone: ZoneInfo) -> list[Stretch]:
    return [(wall(on, start, zone), wall(on, end, zone)) for start, end in hours]


def _without(pieces: list[Stretch], low: int, high: int) -> list[Stretch]:
    """Return the pieces without the time from ``low`` to ``high``."""
    return [
        part
        for start, end in pieces
        for part in ((start, min(end, low)), (max(start, high), end))
        if part[0] < part[1]
    ]


def _skipped(on: date, zone: ZoneInfo) -> bool:
    """Tell whether the wall calendar jumped over a date, as Samoa's did over 30 December 2011."""
    return local_date(wall(on, DAY_S // 2, zone), zone) != on
