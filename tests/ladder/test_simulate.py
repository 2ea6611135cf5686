"""The simulation: a year in memory, with the engine's own decisions."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli.commands import cli
from app.kit.errors import BadInput
from app.sla.ladder import Ladder, default_ladder
from app.sla.policy import default_policy
from app.sla.terms import ClockKind, Severity
from escalation.outcome import Outcome, percentile
from escalation.scenario import Scenario, a_small_desk
from escalation.simulate import CATCH_ALL, simulate
from tests.ladder.climbing import make_ladder, make_step


def run(scenario: Scenario, ladder: Ladder | None = None, *, seed: int = 3) -> Outcome:
    return simulate(scenario, ladder or default_ladder(), default_policy(), seed=seed)


def make_scenario(**changes: Any) -> Scenario:
    small = a_small_desk().model_dump(mode="json") | {"days": 30}
    return Scenario.from_dict(small | changes)


def only_critical(**staff: Any) -> Scenario:
    """Return a desk that nobody sits at, with one person on call."""
    return make_scenario(
        severities={"critical": 1},
        tickets_per_day=2,
        staff=[{"name": "kari", "at_desk": False} | staff],
        schedules=[
            {
                "name": "desk",
                "tz": "Europe/Oslo",
                "layers": [{"name": "all", "people": ["kari"], "starts": "2026-01-01T08:00:00"}],
            }
        ],
    )


def test_the_same_seed_gives_the_same_year_and_another_seed_another() -> None:
    scenario = make_scenario()
    assert run(scenario).to_dict() == run(scenario).to_dict()
    assert run(scenario).to_dict() != run(scenario, seed=4).to_dict()


def test_every_ticket_is_taken_and_every_promise_is_counted_once() -> None:
    outcome = run(make_scenario())
    policy = default_policy()
    for severity, opened in outcome.opened.items():
        assert len(outcome.taken_after_s[severity]) == opened
        for kind in (ClockKind.FIRST_RESPONSE, ClockKind.WORK_STARTED):
            promised = policy.target(severity, kind) is not None
            assert outcome.met[severity, kind] == (opened if promised else 0)


def test_tickets_come_as_often_as_was_said() -> None:
    outcome = run(make_scenario(days=300, tickets_per_day=20))
    # Six thousand are expected; a Poisson count lies within four of its deviations of that.
    assert abs(outcome.opened.total() - 6000) < 4 * 6000**0.5


def test_a_person_who_always_answers_is_paged_once_a_ticket_and_nobody_else_is() -> None:
    ladder = make_ladder(make_step("call", how=["voice"]), catch_all={"after": "12h"})
    scenario = only_critical(answers=1, wakes=1)
    one_clock = Ladder.from_dict(
        {**ladder.to_dict(), "steps": [make_step("call", clocks=["first_response"])]}
    )
    outcome = run(scenario, one_clock)
    assert outcome.pages == {"kari": outcome.opened[Severity.CRITICAL]}
    assert outcome.exhausted == 0


def test_a_person_who_never_answers_leads_every_ticket_to_the_catch_all() -> None:
    ladder = make_ladder(make_step("call", clocks=["first_response"]))
    outcome = run(only_critical(answers=0, wakes=0), ladder)
    assert outcome.exhausted == outcome.opened[Severity.CRITICAL] > 0
    assert outcome.pages[CATCH_ALL] == outcome.exhausted
    assert min(outcome.taken_after_s[Severity.CRITICAL]) > 300


def test_a_late_step_breaks_promises_that_an_early_one_keeps() -> None:
    late = make_ladder(
        make_step("late", clocks=["first_response"], when={"anchor": "limit", "offset": "1h"})
    )
    scenario = only_critical(answers=1, wakes=1)
    key = (Severity.CRITICAL, ClockKind.FIRST_RESPONSE)
    outcome = run(scenario, late)
    assert outcome.breached[key] == outcome.opened[Severity.CRITICAL] > 0
    early = run(scenario, make_ladder(make_step("early", clocks=["first_response"])))
    assert early.breached[key] < outcome.breached[key]


def test_quiet_hours_keep_the_nights_of_what_is_not_critical() -> None:
    ladder = make_ladder(make_step("call", clocks=["first_response"], how=["sms"]))
    changes = {"severities": {"serious": 1}, "off_hours": 1}
    loud = only_critical(answers=1).model_copy(update={"severities": {Severity.SERIOUS: 1.0}})
    quiet = Scenario.from_dict(
        only_critical(answers=1, quiet_from="22:00", quiet_to="07:00").model_dump(mode="json")
        | changes
    )
    assert len(run(loud, ladder).nights["kari"]) > 0
    assert len(run(quiet, ladder).nights["kari"]) == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"staff": []}, "staff"),
        ({"severities": {"critical": 0}}, None),
        ({"tickets_per_day": 0}, "tickets_per_day"),
        ({"staff": [{"name": "somebody"}]}, None),
        ({"wakes": 0.5}, "wakes"),
    ],
)
def test_a_scenario_that_means_nothing_is_refused(
    changes: dict[str, Any], field: str | None
) -> None:
    with pytest.raises(BadInput) as refused:
        make_scenario(**changes)
    assert refused.value.field == field


def test_a_percentile_is_a_value_that_was_seen() -> None:
    assert percentile([5.0, 1.0, 3.0], 0.5) == 3.0
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.0
    assert percentile([1.0], 0.9) == 1.0


def test_the_command_prints_a_table_or_json(tmp_path: Path) -> None:
    scenario = tmp_path / "desk.toml"
    scenario.write_text('days = 10\n[[staff]]\nname = "kari"\nroles = ["lead", "admin"]\n')
    told = CliRunner().invoke(cli, ["simulate", "--scenario", str(scenario)])
    assert told.exit_code == 0
    assert "nights woken" in told.output
    data = CliRunner().invoke(cli, ["simulate", "--scenario", str(scenario), "--json"])
    assert json.loads(data.output)["days"] == 10


def test_a_ladder_file_is_checked_with_its_line_and_its_silences(tmp_path: Path) -> None:
    file = tmp_path / "ladder.toml"
    step = 'name = "x"\n[[steps]]\nname = "a"\nclocks = ["first_response"]\n'
    file.write_text(f'{step}when = {{ anchor = "limit" }}\nwhom = ["role:lead"]\n')
    told = CliRunner().invoke(cli, ["ladder", "check", str(file)])
    assert told.exit_code == 0
    assert "no step is for work_started of a critical ticket" in told.output
    file.write_text(f'{step}when = {{ anchor = "noon" }}\nwhom = ["role:lead"]\n')
    refused = CliRunner().invoke(cli, ["ladder", "check", str(file)])
    assert isinstance(refused.exception, BadInput)
    assert "when.anchor (line 5)" in str(refused.exception)


def test_a_schedule_file_is_checked_and_names_its_people(tmp_path: Path) -> None:
    file = tmp_path / "desk.toml"
    file.write_text(
        'name = "desk"\ntz = "Europe/Oslo"\n[[layers]]\nname = "week"\n'
        'people = ["ola", "kari"]\nstarts = 2027-01-04T08:00:00\n'
    )
    told = CliRunner().invoke(cli, ["ladder", "check-schedule", str(file)])
    assert told.output == "desk: kari, ola\n"
