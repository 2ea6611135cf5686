"""``svartid ladder diff``: files or versions, in words or JSON, with the exit status of diff."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from app.sla.ladder import default_ladder
from app.sla.toml_write import write_toml
from tests.harness.command import run, said
from tests.harness.world import World


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    text = write_toml(default_ladder().to_dict())
    file = tmp_path / "draft.toml"
    file.write_text(text.replace("offset_s = 900", "offset_s = 600"), encoding="utf-8")
    return file


def test_a_version_is_compared_with_a_draft_side_by_side(world: World, draft: Path) -> None:
    result = run(world, "ladder", "diff", "default@1", str(draft))
    assert result.exit_code == 1
    assert "5 min earlier: Tue 12 10:15 -> Tue 12 10:10" in result.output
    assert "critical ticket received Tuesday 12 January 2027 at 10:00" in result.output
    # Only first responses to critical tickets have that step.
    assert "SERIOUS" not in result.output
    assert "work started" not in result.output
    row = next(
        line for line in result.output.splitlines() if line.strip().startswith("Tue 12 12:15")
    )
    assert row.count("Catch-all: catch_all, by own methods") == 2


def test_two_versions_are_compared(world: World, draft: Path) -> None:
    assert said(world, "ladder", "diff", "default@1", "default@1") == "No difference.\n"
    since = f"{world.now + timedelta(days=400):%Y-%m-%d}"
    said(world, "ladder", "import", str(draft), "--from", since)
    assert run(world, "ladder", "diff", "default@1", "default@2").exit_code == 1
    assert run(world, "ladder", "diff", "default@2", str(draft)).exit_code == 0


def test_the_difference_is_told_in_json(world: World, draft: Path) -> None:
    (change,) = json.loads(run(world, "ladder", "diff", "default@1", str(draft), "--json").output)
    assert (change["severity"], change["clock"]) == ("critical", "first_response")
    (step,) = change["steps"]
    assert (step["moved_s"], step["facets"]) == (-300, ["when"])
    assert step["after_at"] == "2027-01-12T09:10:00+00:00"


@pytest.mark.parametrize("named", ["default@9", "nowhere.toml"])
def test_what_cannot_be_read_is_trouble_and_not_a_difference(world: World, named: str) -> None:
    result = run(world, "ladder", "diff", "default@1", named)
    assert result.exit_code == 2
    assert named in result.output
