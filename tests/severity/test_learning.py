"""The model is made again from its examples, and an operator's own is used."""

import json
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.commands import cli
from app.kit.errors import BadConfig
from app.sla.severity import Example, Report, judge, kept, train
from app.sla.severity.measure import Labelled, Share, measure
from app.sla.severity.model import base_examples, read_examples, shipped
from app.sla.terms import Severity
from tests.severity.sets import TAUGHT, VALIDATION, labelled, rows_of

run = CliRunner().invoke


# Training takes one minute of a core that may be shared by many.
@pytest.mark.timeout(900)
def test_the_shipped_model_is_what_its_examples_make() -> None:
    made = train([one for path in TAUGHT for one in read_examples(path.read_text("utf-8"))])
    assert made.trained_on == shipped().trained_on
    assert made.weights == shipped().weights
    assert made.of_clauses == shipped().of_clauses


# Training takes ten seconds of a core that may be shared by many.
@pytest.mark.timeout(400)
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


def test_a_model_that_an_older_version_kept_is_read(tmp_path: Path) -> None:
    weights = {"g:down": [2.0, 0.0, 0.0, 0.0]}
    (tmp_path / "m.json").write_text(json.dumps({"trained_on": "x", "weights": weights}))
    judged = judge(Report("email", None, "nede"), model=kept(tmp_path / "m.json"))
    assert judged.critical > 0.25


def test_a_model_that_is_replaced_is_kept_and_can_be_put_back(tmp_path: Path) -> None:
    place, examples = tmp_path / "own.json", tmp_path / "own.jsonl"

    def trained(word: str) -> str:
        row = {"channel": "email", "subject": None, "body": f"{word} {word}", "severity": "minor"}
        examples.write_text(f"{json.dumps(row)}\n{json.dumps(row)}\n", "utf-8")
        done = run(cli, ["severity", "train", str(examples), "--alone", "--to", str(place)])
        assert done.exit_code == 0, done.output
        return kept(place).trained_on

    first, second = trained("tralla"), trained("hurra")
    assert first != second
    told = run(cli, ["severity", "versions", str(place)]).stdout.splitlines()
    assert [line[:12] for line in told] == [second[:12], first[:12]]
    assert run(cli, ["severity", "roll-back", str(place)]).exit_code == 0
    assert kept(place).trained_on == first
    assert run(cli, ["severity", "roll-back", str(place), "--to", second[:6]]).exit_code == 0
    assert kept(place).trained_on == second
    assert run(cli, ["severity", "roll-back", str(place), "--to", "nothing"]).exit_code == 2


def test_wilsons_interval_is_the_textbooks() -> None:
    low, high = Share(81, 263).interval
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_a_measurement_counts_what_was_missed() -> None:
    rows = [
        Labelled(Report("email", None, "Alt er nede for alle"), Severity.CRITICAL),
        Labelled(Report("email", None, "Skrivefeil i bunnteksten"), Severity.CRITICAL),
    ]
    measured = measure(rows, judge)
    assert str(measured.critical_found).startswith(" 50.0% (1 of 2;")
    assert measured.critical_belittled.hits == 1
    assert measured.exclusions() is None


def test_training_twice_gives_the_same() -> None:
    few = [Example("email", None, f"butikken er nede {n}", Severity.CRITICAL) for n in range(5)]
    assert train(few) == train(few)


@pytest.mark.timeout(400)
def test_what_a_house_teaches_is_learned_and_little_else_changes() -> None:
    taught = rows_of(VALIDATION)[:60]
    others = labelled(rows_of(VALIDATION)[60:])
    examples = read_examples("\n".join(map(json.dumps, taught)))
    model = train([*base_examples(), *examples], start=shipped())
    learned = measure(labelled(taught), partial(judge, model=model))
    before, after = measure(others, judge), measure(others, partial(judge, model=model))
    assert learned.accuracy.value > 0.95
    assert abs(after.accuracy.value - before.accuracy.value) < 0.03


def test_a_text_may_hold_any_separator_of_unicodes() -> None:
    row = {"channel": "email", "subject": None, "body": "ned\u2028e\x85", "severity": "minor"}
    (read,) = read_examples(json.dumps(row, ensure_ascii=False) + "\n")
    assert read.body == row["body"]
