"""Two ladders compared: what an operator changed is told, and nothing else is."""

from datetime import datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.sla.ladder import Ladder, RunSoFar, default_ladder, plan
from app.sla.ladder.diff import CourseChange, compare
from app.sla.ladder.diff_words import diff_in_words
from app.sla.policy import default_policy
from app.sla.terms import ClockKind, Severity
from escalation.simulate import run_at_receipt
from tests.ladder.climbing import make_ladder, make_step

OSLO = ZoneInfo("Europe/Oslo")
TUESDAY = datetime(2027, 1, 12, 10, tzinfo=OSLO)
CRITICAL = (Severity.CRITICAL, ClockKind.FIRST_RESPONSE)


def received(severity: Severity, clock: ClockKind) -> RunSoFar:
    return run_at_receipt(default_policy(), severity, clock, TUESDAY)


def differ(before: Ladder, after: Ladder) -> tuple[CourseChange, ...]:
    return compare(before, after, [received(*one) for one in product(Severity, ClockKind)])


def course(before: Ladder, after: Ladder) -> CourseChange:
    (change,) = compare(before, after, [received(*CRITICAL)])
    return change


def told(before: Ladder, after: Ladder) -> list[str]:
    lines = diff_in_words([course(before, after)], "Tuesday at ten", OSLO)
    return [line.strip() for line in lines]


def test_a_ladder_does_not_differ_from_itself_under_another_name() -> None:
    renamed = Ladder.from_dict(default_ladder().to_dict() | {"name": "draft"})
    assert differ(default_ladder(), default_ladder()) == differ(default_ladder(), renamed) == ()


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"name": "ring"}, "called: call -> ring"),
        ({"only": "desk_hours"}, "when: at the start -> at the start, in desk hours only"),
        ({"whom": ["role:lead"]}, "people: on_call:desk -> role:lead"),
        ({"fallback": ["role:lead"]}, "people: on_call:desk -> on_call:desk, else role:lead"),
        ({"how": ["voice", "mail"]}, "ways: SMS -> call, mail"),
        ({"repeat_every_s": 300, "repeat_times": 2}, "repeats: none -> 2 more, every 5 min"),
        (
            {"when": {"anchor": "limit", "offset_s": -900}},
            "when: at the start -> 15 min before the limit",
        ),
        (
            {"when": {"of": "target", "share": 0.75}},
            "1 h 30 min later: Tue 12 10:00 -> Tue 12 11:30",
        ),
    ],
)
def test_every_way_of_changing_a_step_is_told(changes: dict[str, Any], line: str) -> None:
    before, after = make_ladder(make_step("call")), make_ladder(make_step("call") | changes)
    assert line in told(before, after)
    assert len(differ(before, after)) == len(Severity) * len(ClockKind)


def test_a_step_taken_from_one_severity_is_removed_for_that_one_alone() -> None:
    before = make_ladder(make_step("call"), make_step("mail", how=["mail"]))
    after = make_ladder(
        make_step("call"), make_step("mail", how=["mail"], severities=["critical", "serious"])
    )
    changes = differ(before, after)
    assert {change.severity for change in changes} == {Severity.MINOR, Severity.REQUEST}
    assert all(step.after is None for change in changes for step in change.steps)
    back = differ(after, before)
    assert all(step.before is None for change in back for step in change.steps)


def test_a_step_that_follows_a_moved_one_has_moved_though_it_is_written_as_before() -> None:
    follows = make_step("lead", when={"anchor": "previous", "offset_s": 600})
    before = make_ladder(make_step("call"), follows)
    late = make_step("call", when={"anchor": "start", "offset_s": 120})
    first, second, last = course(before, make_ladder(late, follows)).steps
    assert (first.moved_s, second.moved_s, last.moved_s) == (120, 120, 120)
    assert (second.facets, last.facets, last.last_resort) == ((), (), True)


def test_an_earlier_repeat_moves_the_catch_all() -> None:
    before = make_ladder(make_step("call", repeat_every_s=600, repeat_times=2))
    after = make_ladder(make_step("call", repeat_every_s=300, repeat_times=2))
    step, last = course(before, after).steps
    assert (step.facets, step.moved_s) == (("repeats",), 0)
    assert last.moved_s == -600


def test_a_changed_catch_all_is_told_as_what_follows_the_last_page() -> None:
    step = make_step("call")
    lines = told(make_ladder(step), make_ladder(step, catch_all={"after_s": 900}))
    assert "when: 5 min after the last page -> 15 min after the last page" in lines
    assert "10 min later: Tue 12 10:05 -> Tue 12 10:15" in lines


def test_steps_that_change_places_are_told_as_another_order() -> None:
    one, other = make_step("one"), make_step("other")
    change = course(make_ladder(one, other), make_ladder(other, one))
    assert change.steps == ()
    assert change.order == (("one", "other", "Catch-all"), ("other", "one", "Catch-all"))


def test_a_new_step_under_an_old_name_is_not_taken_for_the_renamed_one() -> None:
    before = make_ladder(make_step("a"), make_step("b", how=["mail"]))
    after = make_ladder(make_step("b"), make_step("c", how=["mail"]))
    named = [
        (step.before and step.before.name, step.after and step.after.name)
        for step in course(before, after).steps
    ]
    # "b" is a call by SMS now, and what "b" was is found in no other step that is free.
    assert ("b", "b") in named
    assert ("a", None) in named
    assert (None, "c") in named


def test_the_example_holds_the_moments_of_the_plan_and_no_others() -> None:
    before = default_ladder()
    after = Ladder.from_dict(before.to_dict() | {"steps": before.to_dict()["steps"][1:]})
    change = course(before, after)
    run = received(*CRITICAL)
    for ladder, moments in (
        (before, [row.at for row in change.rows if row.before]),
        (after, [row.at for row in change.rows if row.after]),
    ):
        shots = sorted(shot.nominal_at for shot in plan(ladder, run))
        assert moments == [*shots, shots[-1] + timedelta(minutes=15)]


def test_what_nothing_is_promised_for_is_compared_as_it_is_written() -> None:
    before, after = make_ladder(make_step("call")), make_ladder(make_step("call", how=["voice"]))
    lines = diff_in_words(differ(before, after), "Tuesday at ten", OSLO)
    request = lines[lines.index("REQUEST") :]
    assert request[1] == "  first response"
    unpromised = "  work started, next update, resolution (nothing is promised, so no moments)"
    assert unpromised in request
    assert not any("work started" in line for line in request[request.index(unpromised) + 1 :])
