"""What a run of a ladder does, promise by promise."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.sla.ladder import RunState, default_ladder
from app.sla.terms import ClockKind, Severity
from escalation.ladder import Why, decide, first_alarm
from tests.ladder.climbing import NINE, Climb, Staff, after, make_ladder, make_run, make_step

WARN = make_step("warn", when={"of": "target", "share": 0.75})
TARGET = make_step("target", when={"anchor": "target"}, whom=["role:lead"])
LIMIT = make_step("limit", when={"anchor": "limit"}, whom=["role:admin"])


def test_each_step_comes_at_its_time_and_the_catch_all_comes_last() -> None:
    climb = Climb(make_ladder(WARN, TARGET, LIMIT))
    assert climb.until(after(days=2)) == [
        (180, "kari", "warn", 0),
        (240, "lena", "target", 0),
        (360, "marit", "limit", 0),
        (365, "vakt", "Catch-all", 0),
    ]
    assert climb.decisions[-1].exhausted
    assert "nobody has taken the ticket" in climb.decisions[-1].notes[0]
    assert not any(decision.exhausted for decision in climb.decisions[:-1])


def test_a_step_repeats_as_often_as_it_says_and_not_once_more() -> None:
    step = make_step("call", repeat_every_s=300, repeat_times=2)
    climb = Climb(make_ladder(step))
    assert [told[::3] for told in climb.until(after(minutes=14))] == [(0, 0), (5, 1), (10, 2)]
    assert climb.until(after(days=1)) == [(15, "vakt", "Catch-all", 0)]


def test_a_late_engine_does_not_push_the_rest_of_the_ladder_back() -> None:
    climb = Climb(
        make_ladder(
            make_step("first"),
            make_step("second", when={"anchor": "previous", "offset_s": 600}),
            make_step("third", when={"anchor": "previous", "offset_s": 600}),
        )
    )
    assert climb.look(after(seconds=42)).next_alarm_at == after(minutes=10)
    assert climb.look(after(minutes=10, seconds=7)).next_alarm_at == after(minutes=20)


def test_after_an_outage_only_the_newest_due_step_fires_and_the_older_say_why() -> None:
    climb = Climb(make_ladder(WARN, TARGET, LIMIT))
    decision = climb.look(after(hours=7))
    assert [page.name for page in decision.pages] == ["limit"]
    assert climb.reasons() == {("warn", 0): Why.OVERTAKEN, ("target", 0): Why.OVERTAKEN}


def test_after_an_outage_the_last_page_is_given_its_time_before_the_catch_all() -> None:
    climb = Climb(make_ladder(WARN, LIMIT, catch_all={"after_s": 600}))
    assert climb.look(after(hours=7)).next_alarm_at == after(hours=7, minutes=10)
    assert climb.until(after(hours=8)) == [(430, "vakt", "Catch-all", 0)]


def test_after_an_outage_a_newer_step_goes_before_a_later_repeat_of_an_older_one() -> None:
    climb = Climb(
        make_ladder(
            make_step("call", repeat_every_s=300, repeat_times=9),
            make_step("lead", when={"anchor": "start", "offset_s": 900}, whom=["role:lead"]),
        )
    )
    decision = climb.look(after(minutes=22))
    assert [(page.person, page.repeat) for page in decision.pages] == [("lena", 0)]
    assert decision.next_alarm_at == after(minutes=25)
    assert [told[:2] for told in climb.until(after(minutes=25))] == [(25, "kari")]


def test_steps_of_the_same_moment_fire_together() -> None:
    climb = Climb(make_ladder(make_step("call"), make_step("tell", whom=["role:lead"])))
    assert {page.person for page in climb.look(NINE).pages} == {"kari", "lena"}


def test_a_person_named_by_two_steps_of_the_same_moment_is_paged_once() -> None:
    climb = Climb(make_ladder(make_step("call"), make_step("again")))
    decision = climb.look(NINE)
    assert [page.name for page in decision.pages] == ["again"]
    assert len(decision.fired) == 2


def test_an_empty_step_goes_on_to_the_next_at_once_and_the_next_keeps_its_own_time() -> None:
    climb = Climb(make_ladder(WARN, TARGET, LIMIT))
    climb.staff.found["on_call:desk"] = []
    assert climb.until(after(hours=5)) == [(180, "lena", "warn", 0), (240, "lena", "target", 0)]
    assert "found nobody" in climb.decisions[0].notes[0]


def test_a_fallback_is_asked_before_the_next_step() -> None:
    climb = Climb(make_ladder(WARN | {"fallback": ["team:drift"]}, TARGET))
    climb.staff.away.add("kari")
    assert [told[1] for told in climb.until(after(hours=3))] == ["per"]


def test_when_nobody_of_any_step_is_found_the_catch_all_is_paged_at_once() -> None:
    climb = Climb(make_ladder(WARN, TARGET))
    climb.staff.away |= {"kari", "lena"}
    assert [told[:2] for told in climb.until(after(hours=3))] == [(180, "vakt")]


def test_when_not_even_the_catch_all_is_found_the_step_says_so() -> None:
    climb = Climb(make_ladder(WARN), staff=Staff(found={}))
    decision = climb.look(after(hours=3))
    assert decision.pages == ()
    assert climb.reasons() == {("warn", 0): Why.NOBODY}
    assert decision.notes


def test_a_team_is_paged_one_at_a_time_and_the_turn_goes_round() -> None:
    step = make_step("team", whom=["team:drift"], repeat_every_s=60, repeat_times=3)
    climb = Climb(make_ladder(step))
    climb.staff.away.add("siri")
    told = [told[1] for told in climb.until(after(minutes=3))]
    assert told == ["per", "tuva", "tuva", "per"]


def test_taking_stops_repeats_and_steps_but_the_limit_still_warns_and_tells_the_next_level() -> (
    None
):
    warn = make_step("soon", when={"anchor": "limit", "offset_s": -600}, whom=["assignee"])
    call = make_step("call", repeat_every_s=300, repeat_times=50)
    climb = Climb(make_ladder(call, TARGET, warn, LIMIT))
    climb.until(after(minutes=6))
    climb.staff.found["assignee"] = ["kari"]
    climb.run = replace(climb.run, taken_at=after(minutes=6))
    assert climb.until(after(days=3)) == [(350, "kari", "soon", 0), (360, "marit", "limit", 0)]
    assert not climb.decisions[-1].exhausted


def test_a_step_placed_by_the_limit_does_not_repeat_for_one_who_has_taken_it() -> None:
    limit = LIMIT | {"repeat_every_s": 60, "repeat_times": 5}
    climb = Climb(make_ladder(limit), run=make_run(taken_at=NINE))
    assert climb.until(after(days=3)) == [(360, "marit", "limit", 0)]


def test_handing_back_pages_the_people_of_the_newest_step_again_at_once() -> None:
    climb = Climb(make_ladder(make_step("call"), LIMIT))
    climb.look(NINE)
    climb.run = replace(climb.run, taken_at=after(minutes=1))
    assert climb.until(after(minutes=30)) == []
    climb.run = replace(climb.run, taken_at=None, handed_back_at=after(minutes=30), hand_backs=1)
    assert climb.until(after(minutes=31)) == [(30, "kari", "Handed back", 1)]
    assert climb.until(after(days=1)) == [
        (360, "marit", "limit", 0),
        (365, "vakt", "Catch-all", 1),
    ]


def test_a_ticket_handed_back_after_the_last_step_still_ends_at_the_catch_all() -> None:
    climb = Climb(make_ladder(make_step("call")), run=make_run(taken_at=NINE))
    climb.until(after(hours=9))
    back = after(hours=9)
    climb.run = replace(climb.run, taken_at=None, handed_back_at=back, hand_backs=1)
    told = [(told[0], told[1]) for told in climb.until(after(days=1))]
    assert told == [(540, "kari"), (545, "vakt")]
    assert climb.decisions[-1].exhausted


def test_a_snooze_is_silent_until_its_end_and_never_past_the_limit() -> None:
    ladder = make_ladder(make_step("call", repeat_every_s=600, repeat_times=3), LIMIT)
    run = make_run(snoozed_until=after(minutes=25))
    climb = Climb(ladder, run=run)
    assert climb.until(after(minutes=25)) == [(25, "kari", "call", 2)]
    assert set(climb.reasons().values()) == {Why.SNOOZED}
    climb = Climb(ladder, run=replace(run, snoozed_until=after(days=4)))
    assert climb.until(after(days=1))[0] == (360, "marit", "limit", 0)


@pytest.mark.parametrize("state", [RunState.MET, RunState.CANCELLED])
def test_a_clock_that_has_ended_pages_nobody_and_says_what_was_not_needed(state: RunState) -> None:
    climb = Climb(make_ladder(WARN, TARGET, LIMIT))
    climb.until(after(hours=3))
    climb.run = replace(climb.run, state=state, target_at=None, limit_at=None)
    decision = climb.look(after(hours=7))
    assert (decision.pages, decision.fired, decision.next_alarm_at) == ((), (), None)
    assert {skip.name for skip in decision.skipped} == {"target", "limit"}
    assert climb.look(after(hours=8)).skipped == ()


def test_a_clock_that_stands_still_pages_nobody_and_goes_on_where_it_was() -> None:
    ladder = make_ladder(WARN, LIMIT)
    climb = Climb(ladder)
    climb.until(after(hours=3))
    climb.run = replace(climb.run, state=RunState.PAUSED, target_at=None, limit_at=None)
    assert first_alarm(ladder, climb.run) is None
    assert decide(ladder, climb.run, after(hours=9), climb.staff).next_alarm_at is None
    climb.run = replace(
        climb.run, state=RunState.RUNNING, target_at=after(hours=14), limit_at=after(hours=16)
    )
    assert climb.until(after(hours=16)) == [(960, "marit", "limit", 0)]


def test_a_ticket_raised_to_critical_is_paged_at_once_from_the_moment_it_was_raised() -> None:
    only = {"severities": ["critical"]}
    ladder = make_ladder(
        make_step("at once") | only,
        make_step("lead", when={"anchor": "start", "offset_s": 900}, whom=["role:lead"]) | only,
        WARN | {"severities": ["serious"]},
    )
    climb = Climb(ladder)
    climb.until(after(hours=3))
    climb.run = replace(
        climb.run,
        severity=Severity.CRITICAL,
        begun_at=after(minutes=200),
        limit_at=after(minutes=201),
    )
    assert [told[:3] for told in climb.until(after(minutes=215))] == [
        (200, "kari", "at once"),
        (215, "lena", "lead"),
    ]


def test_a_ladder_that_is_silent_about_a_clock_pages_nobody_for_it() -> None:
    ladder = make_ladder(WARN | {"clocks": ["first_response"]})
    assert first_alarm(ladder, make_run(kind=ClockKind.RESOLVE)) is None


def test_the_shipped_ladder_pages_a_critical_ticket_at_once() -> None:
    two_hours = after(hours=2)
    run = make_run(severity=Severity.CRITICAL, target_at=two_hours, limit_at=two_hours)
    climb = Climb(default_ladder(), run=run)
    told = climb.until(after(hours=2))
    assert told[0][:2] == (0, "kari")
    assert {"ola", "lena"} <= {person for at, person, *_ in told if at == 15}
    assert "marit" in {person for at, person, *_ in told if at == 120}


@pytest.mark.parametrize("kind", [ClockKind.FIRST_RESPONSE, ClockKind.WORK_STARTED])
def test_the_shipped_ladder_warns_tells_and_tells_the_next_level(kind: ClockKind) -> None:
    climb = Climb(default_ladder(), run=make_run(kind=kind))
    told = [(at, person) for at, person, *_ in climb.until(after(hours=6))]
    assert told == [
        (180, "kari"),
        (240, "kari"),
        (240, "lena"),
        (324, "kari"),
        (360, "marit"),
        (360, "lena"),
    ]


def test_a_step_that_waits_for_desk_hours_keeps_the_distance_of_its_repeats() -> None:
    class Desk:
        """Opens at ten."""

        def at_share(self, of, share):
            return after(hours=share)

        def is_open(self, at):
            return at >= after(hours=1)

        def next_opening(self, at):
            return after(hours=1)

    step = make_step("call", only="desk_hours", repeat_every_s=600, repeat_times=2)
    climb = Climb(make_ladder(step), run=make_run(timing=Desk()))
    assert [told[0] for told in climb.until(after(minutes=80))] == [60, 70, 80]


def test_moving_the_promise_does_not_move_what_has_already_fired() -> None:
    again = make_step("again", when={"anchor": "previous", "offset_s": 600})
    climb = Climb(make_ladder(WARN, again))
    climb.until(after(hours=3))
    climb.run = replace(climb.run, target_at=climb.run.target_at + timedelta(days=1))
    assert [told[0] for told in climb.until(after(hours=4))] == [190, 195]
