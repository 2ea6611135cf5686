import re
import tomllib
from pathlib import Path

import pytest

from app.config import Settings
from app.sla.ladder import Ladder
from app.sla.oncall import Schedule
from escalation.scenario import Scenario

DOCS = Path(__file__).parents[2] / "docs"


def blocks(name: str) -> list[str]:
    text = (DOCS / name).read_text(encoding="utf-8")
    return re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)


def test_the_ladder_of_the_guide_is_a_ladder() -> None:
    ladder = Ladder.from_toml(blocks("ladders.md")[0])
    assert ladder.steps[0].repeat_times == 3


def test_the_scenario_of_the_guide_is_a_scenario() -> None:
    scenario = Scenario.from_toml(blocks("ladders.md")[2])
    assert [one.name for one in scenario.staff if one.is_agent] == ["ingrid", "ola"]


def test_the_schedule_of_the_guide_is_a_schedule() -> None:
    schedule = Schedule.from_toml(blocks("on-call.md")[0])
    assert len(schedule.everybody) == 4


@pytest.mark.parametrize("text", [blocks("ladders.md")[1], blocks("on-call.md")[1]])
def test_the_settings_of_the_guides_are_settings(text: str) -> None:
    Settings.model_validate(tomllib.loads(text))
