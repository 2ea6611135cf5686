"""``svartid schedule``: somebody is on call before anybody can sign in to the API."""

from pathlib import Path

from app.kit.clock import MachineClock
from tests.harness.command import run, said
from tests.harness.world import World

TURNS = """
name = "desk"
tz = "Europe/Oslo"
[[layers]]
name = "week"
people = ["ingrid@desk.example"]
starts = 2026-01-05T09:00:00
every = "week"
"""


def test_people_take_weekly_turns_and_one_of_them_is_on_call_now(world: World) -> None:
    told = said(world, "schedule", "weekly", "desk", "ola@desk.example", "ingrid@desk.example")
    assert told.startswith("desk: ola@desk.example now; from "), told
    assert told.strip().endswith("ingrid@desk.example")
    assert said(world, "schedule", "show") == told


def test_one_alone_is_always_on_call(world: World) -> None:
    told = said(world, "schedule", "weekly", "desk", "ola@desk.example")
    assert told == "desk: ola@desk.example now\n"


def test_a_hand_over_that_is_still_to_come_today_leaves_the_last_one_on_call(world: World) -> None:
    now = MachineClock().now().astimezone(world.house.settings.zone)
    people = ("ola@desk.example", "ingrid@desk.example")
    told = said(world, "schedule", "weekly", "desk", *people, "--at", "23:59:59")
    monday = now.weekday() == 0
    assert told.startswith(f"desk: {people[-1] if monday else people[0]} now")


def test_a_schedule_of_a_file_is_put_in_force(world: World, tmp_path: Path) -> None:
    file = tmp_path / "desk.toml"
    file.write_text(TURNS, encoding="utf-8")
    assert said(world, "schedule", "set", str(file)) == "desk: ingrid@desk.example now\n"


def test_somebody_who_does_not_work_here_is_refused(world: World) -> None:
    result = run(world, "schedule", "weekly", "desk", "nobody@desk.example")
    assert result.exit_code != 0
    assert "nobody@desk.example" in f"{result.output}{result.exception}"
    assert "There is none yet" in said(world, "schedule", "show")
