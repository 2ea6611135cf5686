"""What is promised and who is called: nonsense is refused at start, by its full name."""

from pathlib import Path

import pytest

from app.desk.house import read_ladder, read_policy
from app.kit.errors import BadInput
from app.sla.terms import FAULTS, ClockKind

POLICY = Path(__file__).parents[2] / "app" / "data" / "policy.toml"
LADDER = Path(__file__).parents[2] / "app" / "data" / "ladder.toml"


def changed(tmp_path: Path, file: Path, old: str, new: str) -> Path:
    text = file.read_text(encoding="utf-8")
    assert old in text
    copy = tmp_path / file.name
    copy.write_text(text.replace(old, new, 1), encoding="utf-8")
    return copy


def test_the_shipped_policy_covers_every_fault() -> None:
    policy = read_policy(None)
    for severity in FAULTS:
        for kind in (ClockKind.FIRST_RESPONSE, ClockKind.WORK_STARTED):
            assert policy.target(severity, kind) is not None


def test_a_limit_before_its_target_is_refused(tmp_path: Path) -> None:
    file = changed(tmp_path, POLICY, 'limit = "8h"', 'limit = "5h"')
    with pytest.raises(BadInput, match=r"targets\.serious\.first_response.*before the target"):
        read_policy(file)


def test_a_policy_that_leaves_a_severity_out_is_refused(tmp_path: Path) -> None:
    file = changed(tmp_path, POLICY, "[targets.minor.work_started]", "[targets.minor.resolve]")
    with pytest.raises(BadInput, match="minor"):
        read_policy(file)


def test_a_step_without_a_receiver_is_refused(tmp_path: Path) -> None:
    file = changed(tmp_path, LADDER, 'whom = ["on_call:desk"]', "whom = []")
    with pytest.raises(BadInput, match=r"steps.*whom"):
        read_ladder(file)


def test_a_key_that_is_misspelt_is_refused(tmp_path: Path) -> None:
    file = changed(tmp_path, LADDER, "fallback =", "falback =")
    with pytest.raises(BadInput, match="falback"):
        read_ladder(file)
