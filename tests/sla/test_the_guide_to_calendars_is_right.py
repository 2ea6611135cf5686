"""The calendar that the guide shows is one that can be read, and means what the guide says."""

from datetime import datetime
from pathlib import Path

from app.sla.hours import Calendar
from app.sla.toml_document import read_toml

GUIDE = Path(__file__).parents[2] / "docs" / "calendars.md"


def shown() -> Calendar:
    text = GUIDE.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    return Calendar.from_dict(read_toml(text).data)


def hours(start: str, end: str) -> float:
    zone = shown().tz
    first, last = (datetime.fromisoformat(text).replace(tzinfo=zone) for text in (start, end))
    return shown().between(first, last) / 3600


def test_the_week_has_its_lunch_and_its_night() -> None:
    # A Monday, and the night from a Friday to a Saturday.
    assert hours("2026-06-08", "2026-06-09") == 7.5
    assert hours("2026-06-05", "2026-06-06") == 2
    assert hours("2026-06-06", "2026-06-07") == 6


def test_the_closed_days_the_half_day_the_exception_and_the_new_week_hold() -> None:
    # Friday 15 May is closed, and what remains of its night is taken by the exception after it.
    assert hours("2026-05-15", "2026-05-16") == 0
    assert hours("2026-05-16", "2026-05-17") == 4
    assert hours("2026-07-06", "2026-07-25") == 0
    assert hours("2026-07-25", "2026-07-26") == 6  # The rest of the last closed date's night.
    assert hours("2029-12-31", "2030-01-01") == 4  # A Monday under the new week, until noon.
    assert hours("2027-01-04", "2027-01-05") == 8
