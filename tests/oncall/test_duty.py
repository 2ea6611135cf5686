"""Who is on call at a moment."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.errors import BadInput
from app.sla.oncall import Away, Duty, Schedule, duty_at, shifts
from tests.oncall.rotas import make_layer, make_schedule, oslo, slow_person

NIGHT = {"start": "16:00", "end": "08:00"}


def who(schedule: Schedule, local: str, away: tuple[Away, ...] = ()) -> str | None:
    duty = duty_at(schedule, oslo(local), away)
    return duty.person if duty else None


def test_turns_go_round_and_change_at_the_hand_off() -> None:
    schedule = make_schedule()
    assert who(schedule, "2027-01-04T07:59:59") is None
    assert who(schedule, "2027-01-04T08:00") == "kari"
    assert who(schedule, "2027-01-11T07:59:59") == "kari"
    assert who(schedule, "2027-01-11T08:00") == "ola"
    assert who(schedule, "2027-01-25T08:00") == "kari"


@pytest.mark.parametrize(
    ("sunday", "hours"), [("2027-03-28", 23), ("2027-10-31", 25), ("2027-06-06", 24)]
)
def test_a_hand_off_keeps_its_local_time_when_the_clocks_change(sunday: str, hours: int) -> None:
    schedule = make_schedule(make_layer(every="day", people=["a", "b"]))
    day = oslo(f"{sunday}T08:00")
    found = shifts(schedule, day - timedelta(days=2), day + timedelta(days=2))
    [shift] = [shift for shift in found if shift.end == day]
    assert (shift.end - shift.start).total_seconds() == hours * 3600


def test_a_hand_off_in_the_hour_that_is_left_out_comes_an_hour_later_by_the_new_time() -> None:
    layer = make_layer(every="day", people=["a", "b"], starts="2027-03-27T02:30:00")
    schedule = make_schedule(layer)
    assert who(schedule, "2027-03-28T01:59") == "a"
    assert who(schedule, "2027-03-28T03:29") == "a"
    assert who(schedule, "2027-03-28T03:30") == "b"


def test_a_hand_off_in_the_hour_that_comes_twice_is_at_the_first() -> None:
    layer = make_layer(every="day", people=["a", "b"], starts="2027-10-30T02:30:00")
    schedule = make_schedule(layer)
    # 02:30 comes at 00:30 and at 01:30 UTC.
    for minute, person in ((29, "a"), (30, "b"), (89, "b"), (91, "b")):
        at = datetime(2027, 10, 31, 0, tzinfo=UTC) + timedelta(minutes=minute)
        assert duty_at(schedule, at) == Duty(person, "week")


def test_the_first_layer_that_has_somebody_counts() -> None:
    schedule = make_schedule(
        make_layer(name="night", people=["nina"], hours=[NIGHT]),
        make_layer(name="day", people=["dag"]),
    )
    assert duty_at(schedule, oslo("2027-01-05T12:00")) == Duty("dag", "day")
    assert duty_at(schedule, oslo("2027-01-05T16:00")) == Duty("nina", "night")
    assert duty_at(schedule, oslo("2027-01-06T07:59")) == Duty("nina", "night")
    assert duty_at(schedule, oslo("2027-01-06T08:00")) == Duty("dag", "day")


def test_a_layer_may_be_meant_for_some_days_and_may_end() -> None:
    weekend = {"days": ["sat", "sun"], "start": "00:00", "end": "24:00"}
    schedule = make_schedule(make_layer(hours=[weekend], ends="2027-02-01T00:00:00"))
    assert who(schedule, "2027-01-08T23:59") is None
    assert who(schedule, "2027-01-09T00:00") == "kari"
    assert who(schedule, "2027-01-10T23:59") == "kari"
    assert who(schedule, "2027-01-11T00:00") is None
    assert who(schedule, "2027-02-06T12:00") is None


def test_an_override_puts_a_person_in_for_its_time_and_the_last_written_counts() -> None:
    times = {"start": "2027-01-05T00:00:00", "end": "2027-01-06T00:00:00"}
    schedule = make_schedule(overrides=[times | {"person": "per"}, times | {"person": "tuva"}])
    assert who(schedule, "2027-01-04T23:59") == "kari"
    assert who(schedule, "2027-01-05T00:00") == "tuva"
    assert who(schedule, "2027-01-06T00:00") == "kari"


def test_a_stand_in_counts_only_where_the_other_would_have_been() -> None:
    override = {
        "start": "2027-01-01T00:00:00",
        "end": "2027-02-01T00:00:00",
        "person": "per",
        "instead_of": "ola",
    }
    schedule = make_schedule(overrides=[override])
    assert who(schedule, "2027-01-05T12:00") == "kari"
    assert who(schedule, "2027-01-12T12:00") == "per"


def test_a_stand_in_may_have_a_stand_in_and_two_may_swap() -> None:
    times = {"start": "2027-01-01T00:00:00+01:00", "end": "2027-03-01T00:00:00+01:00"}
    chain = [
        times | {"person": "ola", "instead_of": "kari"},
        times | {"person": "per", "instead_of": "ola"},
    ]
    assert who(make_schedule(overrides=chain), "2027-01-05T12:00") == "per"
    chain[1] = times | {"person": "kari", "instead_of": "ola"}
    swapped = make_schedule(overrides=chain)
    assert who(swapped, "2027-01-05T12:00") == "ola"
    assert who(swapped, "2027-01-12T12:00") == "kari"


def test_whoever_is_away_is_passed_over_for_the_next_layer() -> None:
    out = {"start": "2027-01-04T08:00:00", "end": "2027-01-05T00:00:00", "instead_of": "kari"}
    schedule = make_schedule(
        make_layer(), make_layer(name="behind", people=["bent"]), overrides=[out]
    )
    assert who(schedule, "2027-01-04T12:00") == "bent"
    assert who(schedule, "2027-01-05T12:00") == "kari"
    leave = Away("kari", oslo("2027-01-05T00:00"), oslo("2027-01-06T00:00"))
    assert who(schedule, "2027-01-05T12:00", (leave,)) == "bent"
    assert who(schedule, "2027-01-06T00:00", (leave,)) == "kari"


@given(
    tz=st.sampled_from(
        [
            "Europe/Oslo",
            "America/Sao_Paulo",
            "Australia/Lord_Howe",
            "America/New_York",
            "Asia/Tokyo",
        ]
    ),
    people=st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=7, unique=True),
    starts=st.datetimes(datetime.fromisoformat("2026-01-01"), datetime.fromisoformat("2027-06-01")),
    every=st.sampled_from([{"hours": 1}, {"hours": 12}, {"days": 1}, {"days": 3}, {"weeks": 1}]),
    after=st.integers(0, 200 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes)),
)
def test_whose_turn_it_is_agrees_with_a_walk_from_the_first_hand_off(
    tz: str, people: list[str], starts: datetime, every: dict[str, int], after: timedelta
) -> None:
    starts = starts.replace(second=0, microsecond=0)
    layer = make_layer(people=people, starts=starts.isoformat(), every=every)
    schedule = make_schedule(layer, tz=tz)
    zone = ZoneInfo(tz)
    at = starts.replace(tzinfo=zone).astimezone(UTC) + after
    duty = duty_at(schedule, at)
    expected = slow_person(people, starts, timedelta(**every), zone, at)
    assert (duty and duty.person) == expected


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tz": "Europe/Bergen"}, "tz"),
        ({"layers": []}, "layers"),
        ({"layers": [make_layer(people=[])]}, "layers[0].people"),
        ({"layers": [make_layer(every={"days": 1, "hours": 3})]}, "layers[0].every"),
        ({"layers": [make_layer(every={})]}, "layers[0].every"),
        ({"layers": [make_layer(ends="2020-01-01T00:00:00")]}, "layers[0]"),
        ({"layers": [make_layer(starts="2027-01-04T08:00:00Z")]}, "layers[0].starts"),
        ({"layers": [make_layer(), make_layer()]}, None),
        (
            {"layers": [make_layer(hours=[{"start": "08:00", "end": "08:00"}])]},
            "layers[0].hours[0]",
        ),
        (
            {"layers": [make_layer(hours=[{"start": "8", "end": "09:00"}])]},
            "layers[0].hours[0].start",
        ),
        ({"overrides": [{"start": "2027-01-01T00:00", "end": "2027-01-02T00:00"}]}, "overrides[0]"),
        (
            {
                "overrides": [
                    {"start": "2027-01-02T00:00", "end": "2027-01-01T00:00", "person": "a"}
                ]
            },
            None,
        ),
    ],
)
def test_a_schedule_that_means_nothing_is_refused_with_its_key(
    changes: dict[str, object], field: str | None
) -> None:
    with pytest.raises(BadInput) as refused:
        make_schedule(**changes) if "layers" not in changes else Schedule.from_dict(
            {"name": "desk", "tz": "Europe/Oslo", **changes}
        )
    assert refused.value.field == field


def test_a_schedule_reads_back_as_itself() -> None:
    schedule = make_schedule(
        make_layer(hours=[NIGHT]),
        overrides=[{"start": "2027-01-01T00:00", "end": "2027-01-02T00:00+02:00", "person": "per"}],
    )
    assert Schedule.from_dict(schedule.to_dict()) == schedule
    assert schedule.everybody == {"kari", "ola", "siri", "per"}
