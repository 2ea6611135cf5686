"""What telephone systems write of times and lengths is understood, or is said to be odd."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.phone.fields import parse_length, parse_text, parse_time

OSLO = ZoneInfo("Europe/Oslo")
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TEN = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        1795510800,
        "1795510800",
        1795510800000,
        "1795510800.0",
        "2026-11-24T09:00:00Z",
        "2026-11-24T10:00:00+01:00",
        "2026-11-24 10:00:00",
        "2026-11-24T10:00",
        "Tue, 24 Nov 2026 09:00:00 +0000",
    ],
)
def test_a_time_is_read_however_it_is_written(written: object) -> None:
    assert parse_time(written, zone=OSLO, now=NOW).at == TEN


@pytest.mark.parametrize("written", ["", None, "0000-00-00 00:00:00", "[CallStartTimeUTC]", "null"])
def test_no_time_is_no_time_and_no_problem(written: object) -> None:
    read = parse_time(written, zone=OSLO, now=NOW)
    assert (read.at, read.problem) == (None, "")


@pytest.mark.parametrize("written", ["yesterday", "2026-13-45", "999999999999999", "-5", "1e400"])
def test_what_is_no_time_is_said(written: str) -> None:
    read = parse_time(written, zone=OSLO, now=NOW)
    assert read.at is None
    assert "no time" in read.problem


def test_the_hour_that_comes_twice_is_taken_for_the_one_nearer_to_its_arrival() -> None:
    # The clocks go back at three on 25 October 2026: half past two is at 00:30 and at 01:30 UTC.
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    for arrives, at in ((first, first), (first + timedelta(hours=1), first + timedelta(hours=1))):
        read = parse_time("2026-10-25 02:30:00", zone=OSLO, now=arrives + timedelta(minutes=1))
        assert read.at == at
        assert "00:30" in read.problem
        assert "01:30" in read.problem


def test_the_hour_that_does_not_come_is_moved_on_and_said() -> None:
    read = parse_time("2027-03-28 02:30:00", zone=OSLO, now=NOW)
    assert read.at == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert "no such local time" in read.problem


@pytest.mark.parametrize(
    ("written", "seconds"),
    [(75, 75), ("75", 75), ("75.5", 75.5), ("00:01:15", 75), ("1:15", 75), ("0.00:01:15", 75)],
)
def test_a_length_is_read_however_it_is_written(written: object, seconds: float) -> None:
    assert parse_length(written) == timedelta(seconds=seconds)


def test_a_placeholder_that_nobody_filled_in_is_empty() -> None:
    assert parse_text("[RecordingUrl]") == parse_text("{{x}}"[1:-1]) == parse_text(None) == ""
    assert parse_text("[EXT] Kari") == "[EXT] Kari"


@given(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())
    )
)
def test_nothing_that_is_sent_raises(value: object) -> None:
    parse_time(value, zone=OSLO, now=NOW)
    parse_length(value)
    parse_text(value)
