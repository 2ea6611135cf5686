"""Who is on call over a stretch of time."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sla.oncall import (
    Away,
    HandOff,
    Shift,
    duty_at,
    gaps,
    hand_offs,
    next_shift,
    shifts,
    swapped,
)
from escalation.oncall import Rota
from tests.oncall.rotas import make_layer, make_schedule, oslo

DAY = timedelta(days=1)


def test_the_next_on_call_is_the_next_other_person() -> None:
    schedule = make_schedule(make_layer(people=["kari", "kari", "ola"]))
    shift = next_shift(schedule, oslo("2027-01-05T12:00"))
    assert shift
    assert (shift.start, shift.person) == (oslo("2027-01-18T08:00"), "ola")


def test_a_schedule_of_one_person_has_nobody_next() -> None:
    assert next_shift(make_schedule(make_layer(people=["kari"])), oslo("2027-02-01T08:00")) is None


def test_gaps_are_found_ahead_with_their_ends() -> None:
    hours = [{"days": ["mon"], "start": "08:00", "end": "24:00"}]
    schedule = make_schedule(
        make_layer(name="mondays", hours=hours),
        make_layer(
            name="rest",
            hours=[
                {
                    "days": ["tue", "wed", "thu", "fri", "sat", "sun"],
                    "start": "00:00",
                    "end": "24:00",
                }
            ],
        ),
    )
    found = gaps(schedule, oslo("2027-03-20T00:00"), oslo("2027-04-03T00:00"))
    assert found == (
        Shift(oslo("2027-03-22T00:00"), oslo("2027-03-22T08:00"), None),
        Shift(oslo("2027-03-29T00:00"), oslo("2027-03-29T08:00"), None),
    )


def test_leave_without_a_layer_behind_is_a_gap() -> None:
    leave = Away("ola", oslo("2027-01-12T00:00"), oslo("2027-01-13T00:00"))
    schedule = make_schedule()
    week = (oslo("2027-01-11T08:00"), oslo("2027-01-18T08:00"))
    assert gaps(schedule, *week, [leave]) == (Shift(leave.start, leave.end, None),)


def test_a_hand_off_is_seen_once_by_looks_that_meet() -> None:
    schedule = make_schedule()
    at = oslo("2027-01-11T08:00")
    minute = timedelta(minutes=1)
    looks = [at - 2 * minute, at - minute, at, at + minute]
    seen = [
        change for since, until in pairwise(looks) for change in hand_offs(schedule, since, until)
    ]
    assert seen == [HandOff(at, "kari", "ola")]


def test_a_swap_exchanges_two_shifts_and_nothing_else() -> None:
    schedule = make_schedule()
    span = (oslo("2027-01-04T08:00"), oslo("2027-02-01T08:00"))
    before = shifts(schedule, *span)
    after = shifts(swapped(schedule, before[0], before[1], note="wedding"), *span)
    assert [shift.person for shift in before] == ["kari", "ola", "siri", "kari"]
    assert [shift.person for shift in after] == ["ola", "kari", "siri", "kari"]
    with pytest.raises(ValueError, match="two people"):
        swapped(schedule, before[0], before[3])


def test_the_rota_answers_for_every_schedule_and_for_one_that_is_not_there() -> None:
    rota = Rota(
        {"desk": make_schedule(), "gone": make_schedule(make_layer(ends="2027-01-05T00:00:00"))}
    )
    at = oslo("2027-01-04T12:00")
    assert rota.now("desk", at) == ("kari",)
    assert rota.next("desk", at) == ("ola",)
    assert rota.now("nights", at) == rota.next("nights", at) == ()
    assert set(rota.gaps_ahead(at, 7 * DAY)) == {"gone"}
    assert [name for name, _ in rota.hand_offs(at, at + 7 * DAY)] == ["gone", "desk"]


moments = st.datetimes(
    datetime.fromisoformat("2027-01-01"), datetime.fromisoformat("2027-12-01")
).map(lambda at: at.replace(second=0, microsecond=0))
people = st.sampled_from(["kari", "ola", "siri", "per"])
times_of_day = st.integers(0, 47).map(lambda half: f"{half // 2:02}:{half % 2 * 30:02}")
windows = st.tuples(
    times_of_day, times_of_day, st.sets(st.sampled_from(["mon", "wed", "sun"]))
).filter(lambda parts: parts[0] != parts[1] and bool(parts[2]))


@st.composite
def schedules(draw):
    layers = [
        make_layer(
            name=f"layer {number}",
            people=draw(st.lists(people, min_size=1, max_size=3)),
            starts=draw(moments).isoformat(),
            every=draw(st.sampled_from(["day", "week", {"hours": 8}])),
            hours=[
                {"start": start, "end": end, "days": sorted(days)}
                for start, end, days in draw(st.lists(windows, max_size=2))
            ],
        )
        for number in range(draw(st.integers(1, 3)))
    ]
    overrides = []
    for _ in range(draw(st.integers(0, 4))):
        start = draw(moments)
        person, instead = draw(st.tuples(st.none() | people, st.none() | people))
        if person != instead:
            overrides.append(
                {
                    "start": start.isoformat(),
                    "end": (start + timedelta(hours=draw(st.integers(3, 500)))).isoformat(),
                    "person": person,
                    "instead_of": instead,
                }
            )
    return make_schedule(*layers, overrides=overrides)


@given(
    schedule=schedules(),
    start=moments,
    hours=st.integers(1, 24 * 20),
    leave=st.none() | st.tuples(people, moments, st.integers(1, 300)),
    looks=st.lists(st.floats(0, 0.999999), min_size=5, max_size=20),
)
def test_shifts_fill_the_stretch_and_say_what_each_moment_says(
    schedule, start, hours, leave, looks
) -> None:
    begin = oslo(start.isoformat())
    end = begin + timedelta(hours=hours)
    away = []
    if leave:
        since = oslo(leave[1].isoformat())
        away = [Away(leave[0], since, since + timedelta(hours=leave[2]))]
    found = shifts(schedule, begin, end, away)
    assert found[0].start == begin
    assert found[-1].end == end
    for before, after in pairwise(found):
        assert before.end == after.start
        assert before.person != after.person
    for look in looks:
        at = begin + (end - begin) * look
        duty = duty_at(schedule, at, away)
        [shift] = [shift for shift in found if shift.start <= at < shift.end]
        assert shift.person == (duty.person if duty else None)
        assert shift.person is None or not any(
            gone.person == shift.person and gone.start <= at < gone.end for gone in away
        )
