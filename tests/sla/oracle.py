"""A slow second opinion on working time: it walks through every minute and looks at the wall clock.

It shares no code with the house. It reads the calendar's document itself, goes from UTC to local
time only, and knows nothing but minutes: which minutes are open is a row of flags. Only calendars
whose hours are whole minutes can be asked about; seconds come in at the start and in durations.
"""

import functools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

TWENTY_ZONES = (
    "Europe/Oslo",
    "Europe/London",
    "Europe/Lisbon",
    "Europe/Moscow",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Havana",
    "America/Santiago",
    "America/Asuncion",
    "America/Nuuk",
    "America/Scoresbysund",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Antarctica/Troll",
    "UTC",
)


@functools.cache
def transitions(zone: str) -> tuple[datetime, ...]:
    """Return every change of a zone's offset from 2020 to 2030, to the minute."""
    tz = ZoneInfo(zone)
    found = []
    at = datetime(2020, 1, 1, tzinfo=UTC)
    while at < datetime(2031, 1, 1, tzinfo=UTC):
        after = at + timedelta(days=1)
        if at.astimezone(tz).utcoffset() != after.astimezone(tz).utcoffset():
            minute = at
            while minute.astimezone(tz).utcoffset() == at.astimezone(tz).utcoffset():
                minute += timedelta(minutes=1)
            found.append(minute)
        at = after
    return tuple(found)


@functools.lru_cache(maxsize=16)
def wall_minutes(
    zone: str, begin: datetime, minutes: int
) -> tuple[list[date], dict[tuple[date, int], int]]:
    """Walk through the minutes; return each one's local date, and when each wall time first comes.

    A wall time that the clock jumps over comes as long after the jump as it lies behind the
    jump's beginning on the wall.
    """
    tz = ZoneInfo(zone)
    dates: list[date] = []
    first: dict[tuple[date, int], int] = {}
    expected: datetime | None = None
    for number in range(minutes):
        wall = (begin + timedelta(minutes=number)).astimezone(tz).replace(tzinfo=None)
        late = 0
        while expected is not None and expected < wall:
            first.setdefault((expected.date(), expected.hour * 60 + expected.minute), number + late)
            expected += timedelta(minutes=1)
            late += 1
        dates.append(wall.date())
        first.setdefault((wall.date(), wall.hour * 60 + wall.minute), number)
        expected = wall + timedelta(minutes=1)
    return dates, first


class Oracle:
    """The open minutes of one calendar document from ``begin`` on."""

    def __init__(self, document: dict[str, object], begin: datetime, minutes: int) -> None:
        self.begin = begin
        self.dates, first = wall_minutes(str(document["tz"]), begin, minutes)
        self.open = bytearray(minutes)
        hours = document["hours"]
        exceptions = document.get("exceptions", {})
        every_day = sorted(set(self.dates))
        # A shift that began on the day before the first whole one is known too.
        for day in every_day[1:-2]:
            given = exceptions.get(day.isoformat())
            for start, end in hours.get(DAYS[day.weekday()], ()) if given is None else given:
                self._lay(day, start, end, first, exceptions)
        closed = {
            day
            for day in every_day
            if day.isoformat() not in exceptions
            and (
                day.isoformat() in document.get("holidays", ())
                or day.isoformat()[5:] in document.get("yearly_holidays", ())
            )
        }
        for number, day in enumerate(self.dates):
            if day in closed:
                self.open[number] = 0

    def _lay(self, day, start, end, first, exceptions) -> None:
        hour, minute = map(int, start.split(":"))
        begins = first[(day, hour * 60 + minute)]
        hour, minute = map(int, end.split(":"))
        last_day = day
        if end == "24:00" or end < start:
            last_day, hour = day + timedelta(days=1), hour % 24
        for number in range(begins, first[(last_day, hour * 60 + minute)]):
            other = self.dates[number]
            # A date with hours of its own takes nothing over from its neighbour.
            if other == day or other.isoformat() not in exceptions:
                self.open[number] = 1

    def add(self, start: datetime, seconds: int) -> datetime | None:
        """Walk on until so much open time has passed; None when that is beyond the last minute."""
        passed = int((start - self.begin).total_seconds())
        left = seconds
        while left:
            number, into = divmod(passed, 60)
            if number >= len(self.open):
                return None
            if self.open[number]:
                step = min(60 - into, left)
                left -= step
                passed += step
            else:
                number = self.open.find(1, number)
                if number < 0:
                    return None
                passed = number * 60
        return self.begin + timedelta(seconds=passed)

    def between(self, start: datetime, end: datetime) -> int:
        """Count the open minutes that begin from start to end, and mend the two at the ends."""
        first, into_first = divmod(int((start - self.begin).total_seconds()), 60)
        last, into_last = divmod(int((end - self.begin).total_seconds()), 60)
        whole = self.open.count(1, first, last) * 60
        return whole - self.open[first] * into_first + self.open[last] * into_last
