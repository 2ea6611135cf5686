"""Working time is what walking through every minute finds, across every clock change."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workclock import Holidays, Schedule, WorkDay

from app.sla.hours import Calendar
from tests.sla.cases import random_case
from tests.sla.oracle import DAYS, TWENTY_ZONES, Oracle, transitions


def check_case(seed: int, *, questions: int = 1) -> int:
    """Compare one calendar with the oracle; return how many deadlines lay within its view."""
    case = random_case(seed, questions=questions)
    calendar = Calendar.from_dict(case.document)
    oracle = Oracle(case.document, case.begin, case.minutes)
    agreed = 0
    for start, seconds, end in case.questions:
        assert calendar.between(start, end) == oracle.between(start, end), (seed, case)
        minute = int((end - case.begin).total_seconds()) // 60
        assert calendar.is_open(end) is bool(oracle.open[minute]), (seed, case)
        expected = oracle.add(start, seconds)
        if expected is not None and expected < case.known_until:
            assert calendar.add(start, seconds) == expected, (seed, case)
            agreed += 1
    return agreed


@settings(max_examples=100, deadline=None)
@given(st.integers(min_value=0, max_value=2**63))
def test_a_random_deadline_is_the_one_that_minute_stepping_finds(seed: int) -> None:
    check_case(seed, questions=10)


def test_thousands_of_fixed_cases_agree_and_few_deadlines_lie_beyond_the_view() -> None:
    agreed = sum(check_case(seed, questions=10) for seed in range(400))
    assert agreed > 3_000


@pytest.mark.parametrize("zone", TWENTY_ZONES)
def test_every_clock_change_of_2020_to_2030_is_counted_through(zone: str) -> None:
    document: dict[str, object] = {
        "tz": zone,
        "hours": {
            day: [["00:30", "02:15"], ["02:45", "08:00"], ["22:00", "00:10"]] for day in DAYS
        },
    }
    calendar = Calendar.from_dict(document)
    for change in transitions(zone):
        begin = (change - timedelta(days=3)).replace(hour=0, minute=0)
        oracle = Oracle(document, begin, 6 * 1440)
        start, end = change - timedelta(hours=20), change + timedelta(hours=20, seconds=7)
        assert calendar.between(start, end) == oracle.between(start, end), change
        for seconds in (1, 3_599, 7_200, 14_400, 20_000):
            assert calendar.add(start, seconds) == oracle.add(start, seconds), change


def _schedule(document: dict[str, object]) -> Schedule:
    def clock(text: str) -> time:
        return time(int(text[:2]) % 24, int(text[3:]))

    rules: list[object] = [
        WorkDay(clock(start), clock(end), days=[DAYS.index(day)])
        for day, hours in document["hours"].items()
        for start, end in hours
    ]
    closed = [date.fromisoformat(day) for day in document.get("holidays", ())]
    return Schedule([*rules, Holidays(closed)], time_zone=document["tz"])


@settings(max_examples=300, deadline=None)
@given(st.integers(min_value=0, max_value=2**63))
def test_another_library_counts_the_same(seed: int) -> None:
    case = random_case(seed)
    # It knows neither yearly holidays nor exceptions.
    document = {k: v for k, v in case.document.items() if k in {"tz", "hours", "holidays"}}
    calendar, other = Calendar.from_dict(document), _schedule(document)
    start, some, _ = case.questions[0]
    for seconds in (0, 1, some, 40 * some, -some, -1):
        assert calendar.add(start, seconds) == other.add(start, seconds=seconds)
        far = start + timedelta(seconds=3 * seconds)
        assert calendar.between(start, far) == other.between(start, far).total_seconds()


@settings(max_examples=200, deadline=None)
@given(st.integers(min_value=0, max_value=2**63), st.integers(min_value=1, max_value=10**7))
def test_adding_counting_and_going_back_fit_together(seed: int, seconds: int) -> None:
    case = random_case(seed)
    calendar = Calendar.from_dict(case.document)
    start = case.questions[0][0]
    end = calendar.add(start, seconds)
    assert calendar.between(start, end) == seconds
    assert calendar.between(end, start) == -seconds
    # The earliest such instant: a second before, a second is missing.
    assert calendar.between(start, end - timedelta(seconds=1)) == seconds - 1
    back = calendar.add(end, -seconds)
    assert back >= start
    assert calendar.between(start, back) == 0
    parts = list(calendar.stretches(start, end))
    assert sum((b - a).total_seconds() for a, b in parts) == seconds
    assert parts == sorted(parts)
    opening = calendar.next_opening(start)
    assert opening >= start
    assert calendar.is_open(opening)
    assert calendar.between(start, opening) == 0
    closing = calendar.previous_closing(start)
    assert closing <= start
    assert calendar.between(closing, start) == 0
    assert calendar.is_open(closing - timedelta(microseconds=1))


@settings(max_examples=200, deadline=None)
@given(
    st.integers(min_value=0, max_value=2**63),
    st.lists(st.integers(min_value=-(10**9), max_value=10**9), min_size=2, max_size=6),
)
def test_what_was_asked_before_changes_no_answer(seed: int, moves: list[int]) -> None:
    document = random_case(seed).document
    at = datetime(2025, 6, 1, tzinfo=UTC)
    questions = [(at + timedelta(seconds=move), abs(move) % 10**6) for move in moves]
    calendar = Calendar.from_dict(document)
    answers = [calendar.add(*question) for question in questions]
    assert [calendar.add(*question) for question in reversed(questions)] == answers[::-1]
    assert answers == [Calendar(calendar.rules).add(*question) for question in questions]
