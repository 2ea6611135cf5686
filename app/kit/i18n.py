"""Dates, times and stretches of time in words: bokmål, nynorsk and English.

Pure and small, in place of a library of thirty megabytes for three languages. All instants are
aware; the zone is the reader's, and the words say local time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

LANGUAGES: Final = ("nb", "nn", "en")


@dataclass(frozen=True, slots=True)
class _Language:
    """What one language needs."""

    # Monday first, as ``date.weekday`` counts.
    days: tuple[str, ...]
    months: tuple[str, ...]
    # Weekday, day of the month, month.
    date: Callable[[str, int, str], str]
    # The time alone, and after a date.
    time: str
    at_time: str
    by: str
    end_of: str
    joined: str
    # Units from the largest: one, several.
    units: tuple[tuple[str, str], ...]
    under_a_minute: str


_MONTHS_NO = (
    *("januar", "februar", "mars", "april", "mai", "juni", "juli"),
    *("august", "september", "oktober", "november", "desember"),
)
_MONTHS_EN = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)

_WORDS: Final[Mapping[str, _Language]] = {
    "nb": _Language(
        days=("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"),
        months=_MONTHS_NO,
        date=lambda weekday, day, month: f"{weekday} {day}. {month}",
        time="kl. %H.%M",
        at_time=" kl. %H.%M",
        by="senest",
        end_of="innen utgangen av",
        joined="og",
        units=(("døgn", "døgn"), ("time", "timer"), ("minutt", "minutter")),
        under_a_minute="under ett minutt",
    ),
    "nn": _Language(
        days=("måndag", "tysdag", "onsdag", "torsdag", "fredag", "laurdag", "søndag"),
        months=_MONTHS_NO,
        date=lambda weekday, day, month: f"{weekday} {day}. {month}",
        time="kl. %H.%M",
        at_time=" kl. %H.%M",
        by="seinast",
        end_of="innan utgangen av",
        joined="og",
        units=(("døgn", "døgn"), ("time", "timar"), ("minutt", "minutt")),
        under_a_minute="under eitt minutt",
    ),
    "en": _Language(
        days=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        months=_MONTHS_EN,
        date=lambda weekday, day, month: f"{weekday} {day} {month}",
        time="%H:%M",
        at_time=" at %H:%M",
        by="by",
        end_of="by the end of",
        joined="and",
        units=(("day", "days"), ("hour", "hours"), ("minute", "minutes")),
        under_a_minute="less than a minute",
    ),
}

_UNIT_MINUTES = (1440, 60, 1)
# What else a language may be called (BCP 47, and what mail programs write).
_CALLED: Final[Mapping[str, str]] = {"no": "nb", "nob": "nb", "nor": "nb", "nno": "nn", "eng": "en"}


def closest(language: str | None, *, default: str) -> str:
    """Return the language of ours that this name ("nn-NO", "no", "en_GB") means, or the default."""
    main = (language or "").lower().replace("_", "-").partition("-")[0]
    main = _CALLED.get(main, main)
    return main if main in _WORDS else default


def day(of: date, *, language: str, year: bool = False) -> str:
    """Return "mandag 23. november", with the year where it is asked for."""
    words = _WORDS[language]
    written = words.date(words.days[of.weekday()], of.day, words.months[of.month - 1])
    return f"{written} {of.year}" if year else written


def time_of_day(at: datetime, *, zone: ZoneInfo, language: str) -> str:
    """Return "kl. 14.30"; seconds are left out, so a deadline is never shown too late."""
    return at.astimezone(zone).strftime(_WORDS[language].time)


def moment(at: datetime, *, zone: ZoneInfo, language: str, now: datetime) -> str:
    """Return "mandag 23. november kl. 14.30", with the year where it is not this year."""
    local = at.astimezone(zone)
    year = local.year != now.astimezone(zone).year
    written = day(local.date(), language=language, year=year)
    return written + local.strftime(_WORDS[language].at_time)


def deadline(at: datetime, *, zone: ZoneInfo, language: str, now: datetime) -> str:
    """Return "senest mandag 23. november kl. 14.30", or "innen utgangen av" that day.

    Midnight and the minute before it are the end of a day: "00.00" is read as the wrong day.
    """
    words = _WORDS[language]
    local = at.astimezone(zone)
    if (local.hour, local.minute) in {(0, 0), (23, 59)}:
        ends = local.date() - timedelta(days=1 if local.hour == 0 else 0)
        year = ends.year != now.astimezone(zone).year
        return f"{words.end_of} {day(ends, language=language, year=year)}"
    return f"{words.by} {moment(at, zone=zone, language=language, now=now)}"


def duration(span: timedelta, *, language: str) -> str:
    """Return "1 time og 5 minutter": the two largest units, rounded down; its sign is left out."""
    words = _WORDS[language]
    left = int(abs(span).total_seconds()) // 60
    parts = []
    for (one, several), minutes in zip(words.units, _UNIT_MINUTES, strict=True):
        count, rest = divmod(left, minutes)
        if count:
            parts.append(f"{count} {one if count == 1 else several}")
            left = rest
        if parts and (len(parts) == 2 or not count):
            break
    return joined(parts, language=language) if parts else words.under_a_minute


def joined(parts: Sequence[str], *, language: str) -> str:
    """Return "a, b og c"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {_WORDS[language].joined} {parts[-1]}"


def zone_in_words(zone: ZoneInfo, *, at: datetime) -> str:
    """Return "Europe/Oslo (CET)": the zone as it is called, and as it counts at that time."""
    short = at.astimezone(zone).tzname() or ""
    return f"{zone.key} ({short})" if short.isalpha() else zone.key
