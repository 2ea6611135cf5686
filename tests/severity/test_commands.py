"""``svartid severity try``, ``eval`` and ``effect``: a line for a line, whatever the line holds."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app.cli.commands import cli
from app.kit.errors import BadConfig

run = CliRunner().invoke
OWN = """
[words]
checkout = "billettluka*"

[[pattern]]
pattern = "plukkrobot..(står|stanset)"
at_least = "critical"
because = "the picking robot stands"

[[pattern]]
pattern = "prøvekasse"
is = "minor"
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "own.toml"
    file.write_text(OWN, "utf-8")
    return file


def try_lines(tmp_path: Path, lines: Sequence[str | bytes], *more: str) -> tuple[Result, list[Any]]:
    file = tmp_path / "in.jsonl"
    raw = [line if isinstance(line, bytes) else line.encode() for line in lines]
    file.write_bytes(b"\n".join(raw) + b"\n")
    done = run(cli, ["severity", "try", str(file), *more])
    return done, [json.loads(line) for line in done.stdout.splitlines()]


def test_each_line_is_answered_in_its_order_and_bad_ones_are_named(tmp_path: Path) -> None:
    good = {"id": "a", "channel": "email", "subject": "Nede", "body": "Alt er nede for alle"}
    lines = [json.dumps(good), "not json", "", "[1]", '{"id": 7, "body": 5}', json.dumps(good)]
    done, told = try_lines(tmp_path, lines)
    assert done.exit_code == 1
    assert [one["id"] for one in told] == ["a", None, None, None, 7, "a"]
    assert [one["severity"] for one in told] == ["critical", *["minor"] * 4, "critical"]
    assert ["error" in one for one in told] == [False, True, True, True, True, False]
    assert told[1]["error"].startswith("line 2: ")
    assert set(told[0]) == {"id", "severity", "confidence", "reasons", "excluded"}


def test_what_is_null_missing_or_odd_is_judged_all_the_same(tmp_path: Path) -> None:
    lines: list[str | bytes] = [
        '{"id": "null", "channel": "phone", "subject": null, "body": null}',
        '{"id": "missing"}',
        '{"id": "odd", "channel": "fax", "body": "Alt er nede for alle kunder"}',
        '{"id": "half \\ud800", "body": "Alt er nede for alle kunder \\ud800"}',
        b'{"id": "bytes", "body": "Alt er nede for alle kunder \xff"}',
    ]
    done, told = try_lines(tmp_path, lines)
    assert done.exit_code == 0, done.output
    assert [one["severity"] for one in told] == ["serious", "minor", *["critical"] * 3]


def test_eval_tells_figures_intervals_exclusions_and_the_cost_of_the_threshold(
    tmp_path: Path,
) -> None:
    rows = [
        {
            "body": "Vi slettet feil mappe selv, og nå er hele butikken nede for alle. Vår feil.",
            "severity": "critical",
            "lang": "nb",
            "hard": True,
            "excluded": "customer_caused",
        },
        {"body": "Kan dere sende faktura for mai?", "severity": "request", "excluded": None},
    ]
    file = tmp_path / "in.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    done = run(cli, ["severity", "eval", str(file)])
    assert done.exit_code == 0, done.output
    assert "accuracy 100.0% (2 of 2; 34.2%–100.0%)" in done.stdout
    assert "called minor or request   0.0% (0 of 1;" in done.stdout
    assert "right where one is labelled 100.0% (1 of 1;" in done.stdout
    assert "language nb  accuracy" in done.stdout
    assert done.stdout.rstrip().splitlines()[-1].lstrip().startswith("0.90")


def test_own_words_and_patterns_are_shown_before_they_are_used(tmp_path: Path, own: Path) -> None:
    rows = [
        {"id": "robot", "body": "Plukkroboten vår har stanset."},
        {"id": "none", "body": "Kan dere sende faktura for mai?"},
    ]
    file = tmp_path / "in.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    done = run(cli, ["severity", "effect", str(file), "--own", str(own)])
    assert done.exit_code == 0, done.output
    told = done.stdout.splitlines()
    assert told[0].startswith("robot: ")
    assert told[0].endswith("→ critical: the picking robot stands")
    assert told[1:] == ["1 of 2 messages would be judged otherwise."]


def test_at_least_only_raises_and_is_lowers_as_well(tmp_path: Path, own: Path) -> None:
    lines = [
        json.dumps({"id": 1, "body": "Hele prøvekassen er nede, ingen får betalt der."}),
        json.dumps({"id": 2, "body": "Prøvekasse: plukkroboten står."}),
    ]
    _, told = try_lines(tmp_path, lines, "--own", str(own))
    assert [one["severity"] for one in told] == ["minor", "critical"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("[strange]\n", "strange"),
        ('[words]\nwheelbarrow = "a"\n', "wheelbarrow"),
        ('[[pattern]]\npattern = "("\nis = "minor"\n', "pattern"),
        ('[[pattern]]\npattern = "a"\n', "at_least"),
        ('[[pattern]]\npattern = "a"\nis = "awful"\n', "awful"),
        ("not toml", "own.toml"),
    ],
)
def test_a_file_of_ones_own_that_is_wrong_is_named(tmp_path: Path, wrong: str, told: str) -> None:
    (tmp_path / "own.toml").write_text(wrong, "utf-8")
    done = run(cli, ["severity", "try", "-", "--own", str(tmp_path / "own.toml")], input="")
    assert isinstance(done.exception, BadConfig)
    assert told in str(done.exception)
