"""``svartid calendar compute`` and ``svartid policy``: what they read, print and return."""

import json
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from app.cli import commands, main
from app.cli.calendar import answer_line
from app.sla import policy as policy_module

CALENDAR: dict[str, Any] = {
    "tz": "Europe/Oslo",
    "hours": {
        **{day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
        "sat": [],
        "sun": [],
    },
    "holidays": ["2026-05-17"],
    "yearly_holidays": ["12-25"],
}
FRIDAY = "2026-05-15T13:30:00+00:00"
STANDARD = Path(policy_module.__file__).parent.parent / "data" / "policy.toml"


def compute(*questions: object) -> tuple[int, list[dict[str, object]]]:
    lines = "".join(
        (question if isinstance(question, str) else json.dumps(question)) + "\n"
        for question in questions
    )
    result = CliRunner().invoke(commands.cli, ["calendar", "compute", "--json"], input=lines)
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


def test_each_line_is_answered_by_a_line() -> None:
    code, answers = compute(
        {"calendar": CALENDAR, "start": FRIDAY, "add_working_seconds": 21600},
        {"calendar": CALENDAR, "start": FRIDAY, "end": "2026-05-18T13:30:00+02:00"},
        {"calendar": CALENDAR, "start": "2026-05-16T10:00:00Z", "add_working_seconds": 0},
        {"calendar": CALENDAR, "start": "2026-05-18T13:30:00+02:00", "end": FRIDAY, "id": 7},
    )
    assert code == 0
    assert answers == [
        {"end": "2026-05-18T11:30:00+00:00"},
        {"working_seconds": 21600},
        {"end": "2026-05-16T10:00:00+00:00"},
        {"working_seconds": -21600},
    ]


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("{", "no JSON"),
        ("[]", "a question is an object"),
        ({"calendar": CALENDAR, "start": FRIDAY}, "not none"),
        ({"calendar": CALENDAR, "start": FRIDAY, "end": FRIDAY, "add_working_seconds": 1}, "both"),
        ({"calendar": CALENDAR, "start": "2026-05-15T13:30:00", "end": FRIDAY}, "start:"),
        ({"calendar": CALENDAR, "start": 5, "end": FRIDAY}, "start:"),
        ({"calendar": CALENDAR, "start": FRIDAY, "end": "soon"}, "end:"),
        ({"calendar": CALENDAR, "start": FRIDAY, "add_working_seconds": 1.5}, "whole number"),
        ({"calendar": CALENDAR, "start": FRIDAY, "add_working_seconds": True}, "whole number"),
        ({"calendar": CALENDAR, "start": FRIDAY, "add_working_seconds": 10**30}, "more than any"),
        ({"calendar": {"tz": "Europe/Oslo"}, "start": FRIDAY, "end": FRIDAY}, "never open"),
        (
            {"calendar": CALENDAR, "start": "0001-01-01T00:00:00+05:00", "add_working_seconds": 0},
            "1900 to 2999",
        ),
        ({"start": FRIDAY, "end": FRIDAY}, "calendar:"),
        (
            {"calendar": {**CALENDAR, "hours": {"fri": ["9"]}}, "start": FRIDAY, "end": FRIDAY},
            "calendar.hours.fri",
        ),
    ],
)
def test_a_wrong_line_says_what_is_wrong_and_the_others_are_answered(
    question: object, words: str
) -> None:
    good = {"calendar": CALENDAR, "start": FRIDAY, "add_working_seconds": 60}
    code, answers = compute(good, "", question, good)
    assert code == 1
    assert answers[0] == answers[2] == {"end": "2026-05-15T13:31:00+00:00"}
    assert words in str(answers[1]["error"])


def test_a_line_in_a_wrong_encoding_spoils_no_other() -> None:
    good = json.dumps({"calendar": CALENDAR, "start": FRIDAY, "add_working_seconds": 60}).encode()
    lines = b"\xef\xbb\xbf" + good + b"\r\n" + good[:20] + b"\xff\xfe\n" + good
    result = CliRunner().invoke(commands.cli, ["calendar", "compute", "--json"], input=lines)
    first, second, third = (json.loads(line) for line in result.stdout.splitlines())
    assert first == third == {"end": "2026-05-15T13:31:00+00:00"}
    assert "no JSON" in second["error"]


def test_a_line_is_answered_before_the_next_is_asked() -> None:
    command = [sys.executable, "-m", "app", "calendar", "compute", "--json"]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        start = FRIDAY
        for _ in range(3):
            question = {"calendar": CALENDAR, "start": start, "add_working_seconds": 7200}
            program.stdin.write(json.dumps(question) + "\n")
            program.stdin.flush()
            start = json.loads(program.stdout.readline())["end"]
        program.stdin.close()
        assert program.wait() == 0
    assert start == "2026-05-18T11:30:00+00:00"


# What a question may hold where something else belongs.
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
INSTANTS = st.sampled_from(
    [FRIDAY, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-12:00", "2026-05-15T13:30Z"]
)
KEYS = st.sampled_from(
    [*CALENDAR, "changes", "exceptions", "yearly_short_days", "holiday_country", "hours.mon"]
)


@settings(max_examples=400, deadline=None)
@given(
    st.dictionaries(KEYS, ANYTHING, max_size=2),
    INSTANTS | ANYTHING,
    st.sampled_from(["add_working_seconds", "end"]),
    INSTANTS | st.sampled_from([0, -1, 1, 10**9, -(10**9), 10**18]) | ANYTHING,
)
def test_whatever_a_line_holds_it_gets_an_answer(
    changes: dict[str, object], start: object, ask: str, value: object
) -> None:
    calendar: dict[str, Any] = {**CALENDAR, **changes}
    if "hours.mon" in changes:
        calendar["hours"] = {**CALENDAR["hours"], "mon": calendar.pop("hours.mon")}
    answer = answer_line(json.dumps({"calendar": calendar, "start": start, ask: value}))
    assert len(answer) == 1
    assert answer.keys() <= {"end", "working_seconds", "error"}


def test_a_file_is_read_like_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(
        json.dumps({"calendar": CALENDAR, "start": FRIDAY, "add_working_seconds": 60}) + "\n"
    )
    result = CliRunner().invoke(commands.cli, ["calendar", "compute", "--json", str(file)])
    assert json.loads(result.stdout) == {"end": "2026-05-15T13:31:00+00:00"}


def test_a_diff_tells_the_keys_and_what_is_lowered(tmp_path: Path) -> None:
    longer = tmp_path / "longer.toml"
    longer.write_text(STANDARD.read_text("utf-8").replace('limit = "8h"', 'limit = "9h"'))
    arguments = ["policy", "diff", str(STANDARD), str(longer), "--year", "2026"]
    told = CliRunner().invoke(commands.cli, arguments).stdout
    assert 'targets.serious.first_response.limit: "8h" -> "9h"' in told
    assert "LOWERED serious first_response: the limit is later for 8,760" in told
    data = json.loads(CliRunner().invoke(commands.cli, [*arguments, "--json"]).stdout)
    assert [effect["lowers"] for effect in data["effects"]] == [True]
    same = CliRunner().invoke(commands.cli, ["policy", "diff", str(STANDARD), str(STANDARD)])
    assert same.stdout == "No difference.\n"


def test_a_wrong_policy_file_is_named_with_its_key_and_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(STANDARD.read_text("utf-8").replace('limit = "8h"', 'limit = "1h"'))
    monkeypatch.setattr("sys.argv", ["svartid", "policy", "check", str(file)])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    error = capsys.readouterr().err
    assert "wrong.toml: targets.serious.first_response (line " in error
    assert "the limit comes before the target" in error
