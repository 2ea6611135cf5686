"""What each key of a calendar means, one small case each, and what is refused."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.kit.errors import BadInput
from app.sla.hours import Calendar
from app.sla.opening import DayKind

WEEK = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


def desk(**changes: object) -> Calendar:
    return Calendar.from_dict({"tz": "Europe/Oslo", "hours": WEEK, **changes})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def open_parts(calendar: Calendar, start: str, end: str) -> list[tuple[str, str]]:
    """Return the open stretches in the calendar's local time, minutes only."""
    parts = calendar.stretches(
        at(start).replace(tzinfo=calendar.tz), at(end).replace(tzinfo=calendar.tz)
    )
    return [tuple(f"{edge.astimezone(calendar.tz):%d %H:%M}" for edge in part) for part in parts]


def test_zero_seconds_after_a_closed_instant_is_that_instant() -> None:
    saturday = at("2026-06-06T12:00:00+02:00")
    assert desk().add(saturday, 0) == saturday


def test_a_day_used_up_ends_at_its_closing_and_going_back_begins_at_its_opening() -> None:
    opening, closing = at("2026-06-05T07:00:00+00:00"), at("2026-06-05T15:00:00+00:00")
    assert desk().add(opening, 8 * 3600) == closing
    assert desk().add(closing, -8 * 3600) == opening
    assert desk().add(closing, 1) == at("2026-06-08T07:00:01+00:00")


def test_a_part_of_a_second_is_kept_when_adding_and_left_out_when_counting() -> None:
    start = at("2026-06-05T14:59:59.250000+00:00")
    assert desk().add(start, 1) == at("2026-06-08T07:00:00.250000+00:00")
    assert desk().between(start, at("2026-06-08T07:00:00+00:00")) == 0


def test_an_opening_is_open_and_a_closing_is_not() -> None:
    assert desk().is_open(at("2026-06-05T07:00:00+00:00"))
    assert not desk().is_open(at("2026-06-05T15:00:00+00:00"))


def test_overlapping_and_adjacent_intervals_are_counted_once() -> None:
    calendar = desk(hours={"mon": [["12:00", "17:00"], ["09:00", "12:00"], ["10:00", "14:00"]]})
    assert open_parts(calendar, "2026-06-08", "2026-06-09") == [("08 09:00", "08 17:00")]


def test_a_day_may_end_at_midnight_and_go_on_in_the_next() -> None:
    calendar = desk(hours={"mon": [["18:00", "24:00"]], "tue": [["00:00", "02:00"]]})
    assert open_parts(calendar, "2026-06-08", "2026-06-10") == [("08 18:00", "09 02:00")]


def test_an_interval_past_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    calendar = desk(hours={"sun": [["22:00", "06:00"]]})
    assert open_parts(calendar, "2026-06-07", "2026-06-09") == [("07 22:00", "08 06:00")]


def test_a_holiday_takes_its_own_24_hours_out_and_nothing_else() -> None:
    nights = {day: [["22:00", "06:00"]] for day in ("mon", "tue", "wed")}
    calendar = desk(hours=nights, holidays=["2026-06-09"])
    assert open_parts(calendar, "2026-06-08 12:00", "2026-06-10 12:00") == [
        ("08 22:00", "09 00:00"),
        ("10 00:00", "10 06:00"),
    ]


def test_an_exception_replaces_what_begins_on_its_date_and_what_runs_into_it() -> None:
    nights = {day: [["22:00", "06:00"]] for day in ("mon", "tue", "wed")}
    calendar = desk(hours=nights, exceptions={"2026-06-09": [["10:00", "11:00"]]})
    assert open_parts(calendar, "2026-06-08 12:00", "2026-06-10 12:00") == [
        ("08 22:00", "09 00:00"),
        ("09 10:00", "09 11:00"),
    ]


def test_an_exception_opens_even_a_holiday() -> None:
    calendar = desk(holidays=["2026-06-09"], exceptions={"2026-06-09": [["10:00", "11:00"]]})
    assert open_parts(calendar, "2026-06-09", "2026-06-10") == [("09 10:00", "09 11:00")]


def test_a_short_day_shortens_a_working_day_and_opens_no_weekend() -> None:
    calendar = desk(yearly_short_days={"12-24": [["00:00", "12:00"]]})
    assert open_parts(calendar, "2026-12-24", "2026-12-25") == [("24 09:00", "24 12:00")]
    assert open_parts(calendar, "2022-12-24", "2022-12-25") == []  # A Saturday.


def test_a_leap_day_may_be_a_yearly_holiday() -> None:
    calendar = desk(yearly_holidays=["02-29"])
    assert open_parts(calendar, "2028-02-29", "2028-03-01") == []
    assert open_parts(calendar, "2027-03-01", "2027-03-02") == [("01 09:00", "01 17:00")]


def test_a_closure_may_be_a_run_of_dates_with_a_name() -> None:
    calendar = desk(holidays={"2026-07-06/2026-07-24": "Fellesferie"})
    assert calendar.next_opening(at("2026-07-03T15:00:00+00:00")) == at("2026-07-27T07:00:00+00:00")
    assert calendar.day(at("2026-07-10T00:00:00+00:00").date()).name == "Fellesferie"


def test_new_hours_hold_from_their_date_on() -> None:
    calendar = desk(changes={"2027-01-01": {"mon": [["08:00", "10:00"]]}})
    assert calendar.next_opening(at("2026-12-31T17:00:00+00:00")) == at("2027-01-04T07:00:00+00:00")
    assert open_parts(calendar, "2026-12-31", "2027-01-12") == [
        ("31 09:00", "31 17:00"),
        ("04 08:00", "04 10:00"),
        ("11 08:00", "11 10:00"),
    ]


def test_public_holidays_are_the_countrys() -> None:
    calendar = desk(holiday_country="NO")
    day = calendar.day(at("2026-05-14T00:00:00+00:00").date())
    assert day.kind is DayKind.PUBLIC_HOLIDAY
    assert calendar.next_opening(at("2026-05-13T15:00:00+00:00")) == at("2026-05-15T07:00:00+00:00")


def test_an_hour_that_comes_twice_counts_twice_and_a_skipped_one_not_at_all() -> None:
    calendar = desk(hours={"sun": [["01:00", "05:00"]]})
    spring, autumn = at("2026-03-29T00:00:00+00:00"), at("2026-10-24T22:00:00+00:00")
    assert calendar.between(spring, at("2026-03-29T12:00:00+00:00")) == 3 * 3600
    assert calendar.between(autumn, at("2026-10-25T12:00:00+00:00")) == 5 * 3600


def test_a_calendar_open_every_28_years_is_counted_in() -> None:
    # 29 February on a Sunday: 2004, 2032, 2060.
    yearly = [f"{m:02}-{d:02}" for m in range(1, 13) for d in range(1, 32) if is_day(m, d)]
    yearly.remove("02-29")
    calendar = desk(hours={"sun": [["00:00", "24:00"]]}, yearly_holidays=yearly)
    assert calendar.next_opening(at("2026-01-01T00:00:00+00:00")) == at("2032-02-28T23:00:00+00:00")
    assert calendar.previous_closing(at("2026-01-01T00:00:00+00:00")) == datetime(
        2004, 2, 29, 23, tzinfo=UTC
    )


def is_day(month: int, day: int) -> bool:
    try:
        datetime(2000, month, day, tzinfo=UTC)
    except ValueError:
        return False
    return True


def test_a_date_that_the_wall_calendar_jumped_over_has_no_hours() -> None:
    calendar = desk(tz="Pacific/Apia")
    # Samoa went from Thursday 29 to Saturday 31 December 2011.
    assert open_parts(calendar, "2011-12-29", "2012-01-01") == [("29 09:00", "29 17:00")]


@pytest.mark.parametrize(
    ("zone", "hours", "start", "end", "seconds"),
    [
        # Half an hour back, at two in the morning.
        ("Australia/Lord_Howe", ["01:00", "03:00"], "2026-04-05", "2026-04-06", 9_000),
        # The clock goes forward at midnight: the day begins at one. It goes back there as well.
        ("America/Sao_Paulo", ["00:00", "24:00"], "2018-11-04", "2018-11-05", 23 * 3600),
        ("America/Sao_Paulo", ["00:00", "24:00"], "2018-02-17", "2018-02-18", 25 * 3600),
        # Back for Ramadan, and forward after it.
        ("Africa/Casablanca", ["00:00", "06:00"], "2026-02-15", "2026-02-16", 7 * 3600),
        ("Africa/Casablanca", ["00:00", "06:00"], "2026-03-22", "2026-03-23", 5 * 3600),
        # A night into a date that does not exist is as long as any.
        ("Pacific/Apia", ["22:00", "06:00"], "2011-12-29 12:00", "2011-12-31 12:00", 8 * 3600),
        # Within the hour that does not exist, and within the one that comes twice.
        ("Europe/Oslo", ["02:00", "03:00"], "2026-03-29", "2026-03-30", 0),
        ("Europe/Oslo", ["02:15", "02:45"], "2026-03-29", "2026-03-30", 1_800),
        ("Europe/Oslo", ["02:15", "02:45"], "2026-10-25", "2026-10-26", 1_800),
        # A second is a second.
        ("Asia/Kathmandu", ["09:00:01", "09:00:04"], "2026-06-08", "2026-06-09", 3),
    ],
)
def test_odd_zones_and_hours_are_counted_as_the_wall_shows_them(
    zone: str, hours: list[str], start: str, end: str, seconds: int
) -> None:
    first, last = (at(text).replace(tzinfo=ZoneInfo(zone)) for text in (start, end))
    calendar = desk(tz=zone, hours={f"{first:%a}".lower(): [hours]})
    assert calendar.between(first, last) == seconds
    if seconds:
        closing = calendar.add(first, seconds)
        assert calendar.between(first, closing) == seconds
        assert not calendar.is_open(closing)


def test_counting_backwards_is_negative() -> None:
    start, end = at("2026-06-05T07:00:00+00:00"), at("2026-06-05T09:00:00+00:00")
    assert desk().between(end, start) == -7200


def test_equal_documents_are_equal_calendars_and_the_canonical_one_reads_back() -> None:
    calendar = desk(
        holidays=["2026-06-09"],
        yearly_holidays=["12-25"],
        exceptions={"2026-06-10": [["22:00", "06:00"]]},
        yearly_short_days={"12-24": [["00:00", "12:00:30"]]},
        changes={"2027-01-01": {"sat": [["18:00", "00:00"]]}},
        holiday_country="DE",
        holiday_subdivision="BY",
    )
    assert Calendar.from_dict(calendar.to_dict()) == calendar
    assert hash(Calendar.from_dict(calendar.to_dict())) == hash(calendar)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tz": "Europe/Atlantis"}, "tz"),
        ({"tz": None}, "tz"),
        ({"tz": "../etc/passwd"}, "tz"),
        ({"hours": {}}, "hours"),
        ({"hours": {"mon": []}}, "hours"),
        ({"hours": {"monday": [["09:00", "17:00"]]}}, "hours.monday"),
        ({"hours": {"mon": [["09:00"]]}}, "hours.mon"),
        ({"hours": {"mon": [["09:00", "09:00"]]}}, "hours.mon"),
        ({"hours": {"mon": [["24:00", "02:00"]]}}, "hours.mon"),
        ({"hours": {"mon": [["09:00", "24:01"]]}}, "hours.mon"),
        ({"hours": {"mon": [["09:60", "12:00"]]}}, "hours.mon"),
        ({"hours": {"mon": [["nine", "12:00"]]}}, "hours.mon"),
        ({"hours": {"mon": "09:00-17:00"}}, "hours.mon"),
        ({"hours": {"mon": 0}}, "hours.mon"),
        ({"hours": {"mon": {}}}, "hours.mon"),
        ({"hours": []}, "hours"),
        ({"holidays": ["2026-02-30"]}, "holidays"),
        ({"holidays": ["17.05.2026"]}, "holidays"),
        ({"holidays": ["2026-07-24/2026-07-06"]}, "holidays"),
        ({"holidays": "2026-05-17"}, "holidays"),
        ({"yearly_holidays": ["02-30"]}, "yearly_holidays"),
        ({"holiday_country": "XX"}, "holiday_country"),
        ({"holiday_country": "DE", "holiday_subdivision": "QQ"}, "holiday_subdivision"),
        ({"holiday_subdivision": "BY"}, "holiday_subdivision"),
        ({"exceptions": {"soon": []}}, "exceptions"),
        ({"holliday_country": "NO"}, "holliday_country"),
    ],
)
def test_a_wrong_calendar_is_refused_by_the_key_that_is_wrong(
    changes: dict[str, object], field: str
) -> None:
    desk()
    with pytest.raises(BadInput) as caught:
        desk(**changes)
    assert caught.value.field == field


def test_a_calendar_that_is_over_says_so_instead_of_searching_for_ever() -> None:
    calendar = desk(hours={}, exceptions={"2026-06-09": [["10:00", "11:00"]]})
    day = at("2026-06-09T00:00:00+00:00")
    assert calendar.add(day, 3600) == at("2026-06-09T09:00:00+00:00")
    with pytest.raises(BadInput, match="does not open again"):
        calendar.add(day, 3601)
    with pytest.raises(BadInput, match="does not open again"):
        calendar.next_opening(at("2026-06-10T00:00:00+00:00"))
    with pytest.raises(BadInput, match="never open before"):
        calendar.previous_closing(day)


@pytest.mark.parametrize("year", [1, 1899, 3000, 9999])
def test_an_instant_far_outside_is_refused(year: int) -> None:
    with pytest.raises(BadInput, match="1900 to 2999"):
        desk().add(datetime(year, 6, 30, tzinfo=UTC), 1)


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(BadInput, match="no time zone"):
        desk().add(datetime(2026, 6, 9), 1)  # noqa: DTZ001 -- a naive one is the point.
