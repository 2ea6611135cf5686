"""An on-call schedule as people write it, checked; ``docs/on-call.md`` describes the format."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, NaiveDatetime, model_validator

from app.sla.documents import Document, digest_of, from_mapping, from_toml

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_S = 24 * 3600

_TIME = re.compile(r"(\d{2}):(\d{2})", re.ASCII)


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    # A name that is a folder of the zone database, or no file name at all, is an OSError.
    except (LookupError, ValueError, OSError):
        raise ValueError(f"no time zone is called {name[:80]!r}, as in 'Europe/Oslo'") from None
    return name


def _check_time(text: str) -> str:
    found = _TIME.fullmatch(text)
    if found is None or int(found[2]) > 59 or seconds_of(text) > DAY_S:
        raise ValueError(f"{text[:40]!r} is no time of day, as in '08:00'")
    return text


def _read_every(value: object) -> object:
    """Read ``day`` and ``week`` as one of each."""
    words = {"hour": {"hours": 1}, "day": {"days": 1}, "week": {"weeks": 1}}
    return words.get(value, value) if isinstance(value, str) else value


def seconds_of(text: str) -> int:
    """Return the seconds since midnight of a checked time of day; 24:00 is the day's end."""
    hours, minutes = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60


TimeOfDay = Annotated[str, AfterValidator(_check_time)]
# Local to the schedule when it is written without an offset.
Moment = NaiveDatetime | datetime
Person = Annotated[str, Field(min_length=1, max_length=120)]


class Every(Document):
    """How long a turn lasts, by the local calendar and clock; exactly one of the three is given."""

    hours: Annotated[int, Field(ge=0, le=24 * 365)] = 0
    days: Annotated[int, Field(ge=0, le=365)] = 0
    weeks: Annotated[int, Field(ge=0, le=52)] = 0

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if sum(bool(part) for part in (self.hours, self.days, self.weeks)) != 1:
            raise ValueError("a turn lasts so many hours, or days, or weeks: give one of them")
        return self

    @property
    def span(self) -> timedelta:
        """Return the length on the local clock; an hour more or less by the wall in a DST week."""
        return timedelta(hours=self.hours, days=self.days, weeks=self.weeks)


class Window(Document):
    """Hours of some days of the week; one that ends before it starts runs past midnight."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = WEEKDAYS
    start: TimeOfDay
    end: TimeOfDay

    @model_validator(mode="after")
    def _check_length(self) -> Self:
        if self.start == self.end:
            raise ValueError("no time or a whole day? write 00:00 to 24:00 for a whole day")
        if seconds_of(self.start) == DAY_S:
            raise ValueError("a day may end at 24:00, but not begin there")
        return self

    def on(self, day: date, tz: ZoneInfo) -> tuple[datetime, datetime] | None:
        """Return the stretch that begins on this local day; None on a day that is not meant."""
        if WEEKDAYS[day.weekday()] not in self.days:
            return None
        start, end = seconds_of(self.start), seconds_of(self.end)
        if end <= start:
            end += DAY_S
        midnight = datetime.combine(day, time())
        return (
            instant(midnight + timedelta(seconds=start), tz),
            instant(midnight + timedelta(seconds=end), tz),
        )


class Layer(Document):
    """People who take turns, from a first hand-off on, always or in some hours."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    people: Annotated[tuple[Person, ...], Field(min_length=1, max_length=50)]
    # The local time at which the first person begins: later hand-offs keep its time of day.
    starts: NaiveDatetime
    every: Annotated[Every, BeforeValidator(_read_every)] = Every(weeks=1)
    ends: NaiveDatetime | None = None
    # Left out, the layer counts at every hour. The turn goes on outside them all the same.
    hours: tuple[Window, ...] = ()

    @model_validator(mode="after")
    def _check_end(self) -> Self:
        if self.ends is not None and self.ends <= self.starts:
            raise ValueError("the layer ends before it starts")
        return self


class Override(Document):
    """A change to a stretch of time.

    With ``person`` alone, that person is on call; with ``instead_of`` too, only where the other
    would have been; with ``instead_of`` alone, the other is not, and the next layer counts.
    """

    start: Moment
    end: Moment
    person: Person | None = None
    instead_of: Person | None = None
    note: Annotated[str, Field(max_length=500)] = ""

    @model_validator(mode="after")
    def _check_somebody(self) -> Self:
        if self.person is None and self.instead_of is None:
            raise ValueError("an override needs a person, or instead_of, or both")
        if self.person == self.instead_of:
            raise ValueError("nobody stands in for themselves")
        return self

    @property
    def key(self) -> str:
        """Return what it is called by: the same for the same words, and no other's."""
        return digest_of(self.model_dump(mode="json"))[:16]


class Schedule(Document):
    """Who is on call, for ever: layers, the first that has somebody counts, and overrides."""

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^:\s][^:\n]*$")]
    tz: Annotated[str, AfterValidator(_check_zone)]
    layers: Annotated[tuple[Layer, ...], Field(min_length=1, max_length=20)]
    overrides: Annotated[tuple[Override, ...], Field(max_length=2000)] = ()

    @model_validator(mode="after")
    def _check_whole(self) -> Self:
        names = [layer.name for layer in self.layers]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two layers are called {twice[0]!r}")
        for override in self.overrides:
            if self.at(override.end) <= self.at(override.start):
                raise ValueError(f"the override from {override.start} ends before it starts")
        return self

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """Read a schedule; BadInput names the full key and the line."""
        return from_toml(cls, text)

    @classmethod
    def from_dict(cls, raw: Mapping[str, object]) -> Self:
        """Read a schedule from what ``to_dict`` wrote; BadInput names the full key."""
        return from_mapping(cls, raw)

    def to_dict(self) -> dict[str, Any]:
        """Return the schedule in its canonical form, with every default written out."""
        return self.model_dump(mode="json")

    def digest(self) -> str:
        """Return the SHA-256 of the canonical form."""
        return digest_of(self.to_dict())

    @property
    def zone(self) -> ZoneInfo:
        """Return the schedule's time zone."""
        return ZoneInfo(self.tz)

    def at(self, moment: datetime) -> datetime:
        """Return the instant of a moment written in this schedule, local or with an offset."""
        return moment.astimezone(UTC) if moment.tzinfo else instant(moment, self.zone)

    @property
    def everybody(self) -> frozenset[str]:
        """Return every person that the schedule may ever name."""
        named = {person for layer in self.layers for person in layer.people}
        return frozenset(named | {o.person for o in self.overrides if o.person})


@lru_cache(maxsize=65_536)
def instant(local: datetime, tz: ZoneInfo) -> datetime:
    """Return the instant of a local time.

    RFC 5545, section 3.3.5: a time that comes twice, when clocks are put back, is the first of the
    two; a time that is left out, when they are put forward, is read with the offset before the gap,
    so 02:30 is 03:30 by the new time.
    """
    return local.replace(tzinfo=tz, fold=0).astimezone(UTC)
