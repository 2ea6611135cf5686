"""Schedules for the tests beside this file, and a slow oracle that shares no code with ours."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.sla.oncall import Schedule

OSLO = ZoneInfo("Europe/Oslo")


def oslo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=OSLO).astimezone(UTC)


def make_layer(**changes: Any) -> dict[str, Any]:
    return {
        "name": "week",
        "people": ["kari", "ola", "siri"],
        "starts": "2027-01-04T08:00:00",
        "every": "week",
    } | changes


def make_schedule(*layers: dict[str, Any], **changes: Any) -> Schedule:
    return Schedule.from_dict(
        {"name": "desk", "tz": "Europe/Oslo", "layers": list(layers or (make_layer(),)), **changes}
    )


def slow_person(
    people: list[str], starts: datetime, span: timedelta, tz: ZoneInfo, at: datetime
) -> str | None:
    """Walk a rotation hand-off by hand-off and return whose turn it is."""
    person, local, number = None, starts, 0
    while True:
        # Reading with fold 0 and going by way of UTC is what RFC 5545 asks for.
        seconds = datetime(
            local.year, local.month, local.day, local.hour, local.minute, tzinfo=tz
        ).timestamp()
        if seconds > at.timestamp():
            return person
        person = people[number % len(people)]
        local += span
        number += 1
