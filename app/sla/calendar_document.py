"""Reads a calendar's document into rules, and writes it back in its canonical form.

Every word is checked here, and a wrong one is named by its key: what passes is a calendar that
can be counted with. The keys are described in ``docs/calendars.md``.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import cast
from zoneinfo import ZoneInfo

from app.kit.errors import BadInput
from app.sla.opening import (
    DAY_S,
    Hours,
    Interval,
    MonthDay,
    OpeningBook,
    OpeningRules,
    Week,
    dates_between,
    knows_country,
)

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KEYS = frozenset(
    {
        "tz",
        "hours",
        "changes",
        "holidays",
        "yearly_holidays",
        "holiday_country",
        "holiday_subdivision",
        "exceptions",
        "yearly_short_days",
    }
)

_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_MONTH_DAY = re.compile(r"(\d{2})-(\d{2})", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# A closure longer than this is a mistyped year.
_LONGEST_CLOSURE_DAYS = 3_660


def read_rules(document: object) -> OpeningRules:
    """Return the rules of a calendar document.

    Raises BadInput with the key of what is wrong; a calendar that is never open is wrong too.
    """
    given = _mapping(document, "")
    for key in given:
        if key not in KEYS:
            raise BadInput(
                "there is no such key in a calendar.",
                field=str(key),
                remedy=f"The keys are {', '.join(sorted(KEYS))}.",
            )
    rules = OpeningRules(
        tz=_zone(given.get("tz")),
        weeks=_weeks(given),
        holidays=_holidays(given.get("holidays"), "holidays"),
        yearly_holidays=_yearly(given.get("yearly_holidays"), "yearly_holidays"),
        country=_word(given.get("holiday_country"), "holiday_country"),
        subdivision=_word(given.get("holiday_subdivision"), "holiday_subdivision"),
        exceptions=tuple(
            sorted(
                (_date(key, "exceptions"), _hours(value, f"exceptions.{key}"))
                for key, value in _mapping(given.get("exceptions"), "exceptions").items()
            )
        ),
        short_days=tuple(
            sorted(
                (_month_day(key, "yearly_short_days"), _hours(value, f"yearly_short_days.{key}"))
                for key, value in _mapping(
                    given.get("yearly_short_days"), "yearly_short_days"
                ).items()
            )
        ),
    )
    _check_country(rules)
    if not OpeningBook(rules).ever_opens:
        raise BadInput(
            "this calendar is never open, so no working time can be counted in it.",
            field="hours",
            remedy="Give hours for a day of the week, or an exception with hours.",
        )
    return rules


def write_rules(rules: OpeningRules) -> dict[str, object]:
    """Return the canonical document of the rules; reading it gives equal rules."""
    document: dict[str, object] = {"tz": rules.tz, "hours": _week_out(rules.weeks[0][1])}
    optional: tuple[tuple[str, object], ...] = (
        ("changes", {day.isoformat(): _week_out(week) for day, week in rules.weeks[1:]}),
        ("holidays", {day.isoformat(): name for day, name in rules.holidays}),
        (
            "yearly_holidays",
            {f"{month:02}-{day:02}": name for (month, day), name in rules.yearly_holidays},
        ),
        ("holiday_country", rules.country),
        ("holiday_subdivision", rules.subdivision),
        ("exceptions", {day.isoformat(): _hours_out(hours) for day, hours in rules.exceptions}),
        (
            "yearly_short_days",
            {f"{m:02}-{d:02}": _hours_out(hours) for (m, d), hours in rules.short_days},
        ),
    )
    document.update({key: value for key, value in optional if value})
    return document


def _mapping(value: object, field: str) -> Mapping[str, object]:
    if value is None and field:
        return {}
    if not isinstance(value, Mapping):
        raise BadInput("this must be a table of keys and values.", field=field or None)
    return cast("Mapping[str, object]", value)


def _sequence(value: object, field: str) -> list[object]:
    if not isinstance(value, list | tuple):
        raise BadInput("this must be a list.", field=field)
    return list(value)


def _word(value: object, field: str) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise BadInput("this must be a text.", field=field)
    return value


def _zone(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise BadInput(
            "a calendar needs a time zone.", field="tz", remedy='For instance "Europe/Oslo".'
        )
    try:
        ZoneInfo(value)
    # A name that is a folder of the zone database, or no file name at all, is an OSError.
    except (LookupError, ValueError, OSError):
        raise BadInput(
            f"no time zone is called {value[:80]!r}.",
            field="tz",
            remedy='Use a name of the IANA database, for instance "Europe/Oslo".',
        ) from None
    return value


def _check_country(rules: OpeningRules) -> None:
    if rules.country is None:
        if rules.subdivision is not None:
            raise BadInput("it needs a holiday_country beside it.", field="holiday_subdivision")
        return
    if not knows_country(rules.country, None):
        raise BadInput(
            f"no public holidays are known for {rules.country!r}.",
            field="holiday_country",
            remedy='Use a two-letter ISO 3166 code, for instance "NO".',
        )
    if not knows_country(rules.country, rules.subdivision):
        raise BadInput(
            f"{rules.country} has no subdivision {rules.subdivision!r}.",
            field="holiday_subdivision",
        )


def _weeks(given: Mapping[str, object]) -> tuple[tuple[date, Week], ...]:
    changes = sorted(
        (_date(key, "changes"), _week(value, f"changes.{key}"))
        for key, value in _mapping(given.get("changes"), "changes").items()
    )
    return ((date.min, _week(given.get("hours"), "hours")), *changes)


def _week(value: object, field: str) -> Week:
    days = _mapping(value, field)
    for key in days:
        if key not in WEEKDAYS:
            raise BadInput(
                "there is no such day of the week.",
                field=f"{field}.{key}",
                remedy=f"The days are {', '.join(WEEKDAYS)}; a day left out is closed.",
            )
    given = (days.get(day) for day in WEEKDAYS)
    hours = (
        () if value is None else _hours(value, f"{field}.{day}")
        for day, value in zip(WEEKDAYS, given, strict=True)
    )
    return cast("Week", tuple(hours))


def _hours(value: object, field: str) -> Hours:
    pairs = (_sequence(pair, field) for pair in _sequence(value, field))
    return tuple(sorted(_interval(pair, field) for pair in pairs))


def _interval(pair: list[object], field: str) -> Interval:
    if len(pair) != 2:
        raise BadInput(
            "an interval is an opening and a closing.", field=field, remedy='["09:00", "17:00"]'
        )
    start, end = (_seconds(text, field) for text in pair)
    if start == DAY_S:
        raise BadInput("a day may end at 24:00, but not begin there.", field=field)
    if start == end:
        raise BadInput(
            f"an interval from {pair[0]} to {pair[1]} may mean no time or a whole day.",
            field=field,
            remedy='Leave it out, or write ["00:00", "24:00"] for a whole day.',
        )
    return (start, end) if end > start else (start, end + DAY_S)


def _seconds(text: object, field: str) -> int:
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    if found is not None:
        hour, minute, second = (int(part or 0) for part in found.groups())
        total = hour * 3600 + minute * 60 + second
        if minute < 60 and second < 60 and total <= DAY_S:
            return total
    raise BadInput(
        f"{str(text)[:40]!r} is no time of day.", field=field, remedy='Write it as "09:00".'
    )


def _date(text: object, field: str) -> date:
    # TOML has dates of its own, and YAML and JSON have texts.
    if type(text) is date:
        return text
    try:
        if isinstance(text, str) and _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise BadInput(
        f"{str(text)[:40]!r} is no date.", field=field, remedy='Write it as "2026-05-17".'
    )


def _month_day(text: object, field: str) -> MonthDay:
    found = _MONTH_DAY.fullmatch(text) if isinstance(text, str) else None
    if found is not None:
        month, day = int(found[1]), int(found[2])
        try:
            # A leap year, so that 29 February is a date.
            date(2000, month, day)
        except ValueError:
            pass
        else:
            return month, day
    raise BadInput(
        f"{str(text)[:40]!r} is no day of the year.", field=field, remedy='Write it as "12-25".'
    )


def _named(value: object, field: str) -> list[tuple[object, str]]:
    """Return what a list of days, or a table of days and their names, holds."""
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [(key, _word(name, f"{field}.{key}") or "") for key, name in value.items()]
    return [(item, "") for item in _sequence(value, field)]


def _holidays(value: object, field: str) -> tuple[tuple[date, str], ...]:
    found: dict[date, str] = {}
    for text, name in _named(value, field):
        # ISO 8601 writes a stretch of time with a slash.
        first, slash, last = text.partition("/") if isinstance(text, str) else (text, "", "")
        begin = _date(first, field)
        end = _date(last, field) if slash else begin
        if not 0 <= (end - begin).days < _LONGEST_CLOSURE_DAYS:
            raise BadInput(
                f"{str(text)[:40]!r} does not run from a date to a later one.",
                field=field,
                remedy='Write a closure as "2026-07-06/2026-07-24".',
            )
        found.update(dict.fromkeys(dates_between(begin, end), name))
    return tuple(sorted(found.items()))


def _yearly(value: object, field: str) -> tuple[tuple[MonthDay, str], ...]:
    return tuple(
        sorted({_month_day(text, field): name for text, name in _named(value, field)}.items())
    )


def _week_out(week: Week) -> dict[str, object]:
    return {day: _hours_out(hours) for day, hours in zip(WEEKDAYS, week, strict=True) if hours}


def _hours_out(hours: Hours) -> list[list[str]]:
    return [[_time_out(start), _time_out(end)] for start, end in hours]


def _time_out(seconds: int) -> str:
    # Past midnight is written as the next day's own time; 24:00 is kept, it is no next day yet.
    hour, rest = divmod(seconds if seconds <= DAY_S else seconds - DAY_S, 3600)
    minute, second = divmod(rest, 60)
    return f"{hour:02}:{minute:02}" + (f":{second:02}" if second else "")
