"""Cost is counted in days looked up, not in seconds, so these hold on any machine."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from app.sla.hours import Calendar
from app.sla.opening import Day, OpeningBook

START = datetime(2026, 5, 15, 13, 30, tzinfo=UTC)
WEEK = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
YEAR_S = 52 * 40 * 3600


class Count:
    """How many dates were looked up."""

    days = 0


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> Iterator[Count]:
    counted, look_up = Count(), OpeningBook.day

    def day(book: OpeningBook, on: date) -> Day:
        counted.days += 1
        return look_up(book, on)

    monkeypatch.setattr(OpeningBook, "day", day)
    return counted


def desk(name: str, **more: object) -> Calendar:
    """Return a calendar that nobody else has asked: tables are shared by equal ones."""
    return Calendar.from_dict(
        {"tz": "Europe/Oslo", "hours": WEEK, "holidays": {"1999-01-01": name}, **more}
    )


@pytest.mark.parametrize("years", [5, 20, 80, 320])
def test_a_span_of_decades_looks_each_day_up_a_few_times(count: Count, years: int) -> None:
    desk(f"far {years}").add(START, years * YEAR_S)
    assert 300 * years < count.days < 4 * 366 * years + 1_000


def test_a_hundred_thousand_deadlines_look_up_what_one_does(count: Count) -> None:
    calendar = desk("often")
    calendar.add(START + timedelta(days=366), YEAR_S)
    calendar.add(START, YEAR_S)
    first = count.days
    for second in range(100_000):
        calendar.add(START + timedelta(seconds=second * 300), YEAR_S)
    assert count.days == first


def test_a_walk_through_a_century_looks_each_day_up_a_few_times(count: Count) -> None:
    calendar = desk("walk")
    at = START
    while at.year < 2126:
        at = calendar.add(at, 40 * 3600)
    assert count.days < 4 * 100 * 366 + 1_000


@pytest.mark.parametrize("many", [10, 10_000])
def test_thousands_of_exceptions_and_changes_are_found_and_not_searched(
    count: Count, many: int
) -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(many)]
    calendar = desk(
        f"many {many}",
        exceptions={day.isoformat(): [["10:00", "11:00"]] for day in days},
        changes={day.isoformat(): WEEK for day in days},
    )
    assert calendar.add(START, 50 * 366 * 3600) > START + timedelta(days=366)
    assert count.days < 4 * 53 * 366
    compared = Compared(2026, 5, 15)
    assert calendar.day(compared).hours
    assert compared.times < 64


class Compared(date):
    """A date that counts how often it is compared."""

    times = 0

    def __lt__(self, other: date) -> bool:
        self.times += 1
        return super().__lt__(other)

    def __gt__(self, other: date) -> bool:
        self.times += 1
        return super().__gt__(other)

    def __le__(self, other: date) -> bool:
        self.times += 1
        return super().__le__(other)

    def __ge__(self, other: date) -> bool:
        self.times += 1
        return super().__ge__(other)

    __hash__ = date.__hash__
