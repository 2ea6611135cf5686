"""The model is made again from its examples, and an operator's own is used."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.commands import cli
from app.kit.errors import BadConfig
from app.sla.severity import Example, Report, judge, kept, train
from app.sla.severity.measure import Labelled, Share, measure
from app.sla.severity.model import base_examples, shipped
from app.sla.terms import Severity

run = CliRunner().invoke


def test_the_shipped_model_is_what_its_examples_make() -> None:
    made = train(base_examples())
    assert made.trained_on == shipped().trained_on
    assert made.weights == shipped().weights


def test_examples_of_ones_own_change_the_judgement(tmp_path: Path) -> None:
    text = "Plukkroboten har stanset."
    before = judge(Report("email", None, text))
    lines = [
        json.dumps({"channel": "email", "subject": None, "body": text, "severity": "critical"})
        for _ in range(60)
    ]
    (tmp_path / "own.jsonl").write_text("\n".join(lines), "utf-8")
    done = run(
        cli, ["severity", "train", str(tmp_path / "own.jsonl"), "--to", str(tmp_path / "m.json")]
    )
    assert done.exit_code == 0, done.output
    after = judge(Report("email", None, text), model=kept(tmp_path / "m.json"))
    assert before.severity is not Severity.CRITICAL
    assert after.severity is Severity.CRITICAL


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text("{}")
    with pytest.raises(BadConfig, match=r"severity\.model"):
        kept(tmp_path / "m.json")


def test_try_answers_each_line_and_names_the_bad_ones(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    good = json.dumps({"id": "a", "channel": "email", "subject": "Nede", "body": "Alt er nede"})
    file.write_text(f'{good}\n{{"id": "b"}}\nnot json\n', "utf-8")
    done = run(cli, ["severity", "try", str(file)])
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 1
    assert set(told[0]) == {"id", "severity", "confidence", "reasons", "excluded"}
    assert [one["id"] for one in told] == ["a", "b", None]
    assert all("error" in one for one in told[1:])


def test_eval_tells_the_figures_with_their_intervals(tmp_path: Path) -> None:
    rows = [
        {"channel": "email", "subject": None, "body": "Alt er nede", "severity": "critical"},
        {"channel": "email", "subject": None, "body": "Faktura?", "severity": "request"},
    ]
    file = tmp_path / "in.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    done = run(cli, ["severity", "eval", str(file)])
    assert done.exit_code == 0
    assert "accuracy 100.0% (2 of 2; 34.2%–100.0%)" in done.stdout


def test_wilsons_interval_is_the_textbooks() -> None:
    low, high = Share(81, 263).interval
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_a_measurement_counts_what_was_missed() -> None:
    rows = [
        Labelled(Report("email", None, "Alt er nede for alle"), Severity.CRITICAL),
        Labelled(Report("email", None, "Skrivefeil i bunnteksten"), Severity.CRITICAL),
    ]
    assert str(measure(rows).critical_found).startswith(" 50.0% (1 of 2;")


def test_training_twice_gives_the_same() -> None:
    few = [Example("email", None, f"butikken er nede {n}", Severity.CRITICAL) for n in range(5)]
    assert train(few) == train(few)
