"""Every row of the worked examples is what the clock computes."""

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.sla.clock import ClockEvent, fold
from app.sla.policy import default_policy
from app.sla.terms import ClockEventKind, ClockKind, Severity

DOCUMENT = Path(__file__).parents[2] / "docs" / "worked-examples.md"
OSLO = ZoneInfo("Europe/Oslo")
WORDS = {
    "pause": ClockEventKind.PAUSED,
    "resume": ClockEventKind.RESUMED,
    "exclude": ClockEventKind.EXCLUDED,
    "include": ClockEventKind.INCLUDED,
    "raise": ClockEventKind.RETARGETED,
    "lower": ClockEventKind.RETARGETED,
    "met": ClockEventKind.MET,
}


def rows() -> list[list[str]]:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def instant(text: str) -> datetime | None:
    if text == "-":
        return None
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=OSLO)).astimezone(UTC)


def events(received: str, course: str) -> list[ClockEvent]:
    severity, *acts = course.split("; ")
    begun = instant(received)
    assert begun is not None
    started = ClockEvent(
        begun, 1, ClockEventKind.STARTED, severity=Severity(severity), policy="standard"
    )
    found = [started]
    for seq, act in enumerate(acts, start=2):
        parts = re.fullmatch(r"(\w+)(?: (\w+))? (\d{4}-.*)", act)
        assert parts is not None, act
        at = instant(parts[3])
        assert at is not None
        raised = Severity(parts[2]) if parts[2] else None
        found.append(ClockEvent(at, seq, WORDS[parts[1]], severity=raised))
    return found


def test_the_table_is_not_empty() -> None:
    assert len(rows()) >= 20


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_the_example_is_what_the_clock_computes(row: list[str]) -> None:
    _, received, course, clock, target, limit, broken = row
    state = fold(ClockKind(clock), events(received, course), {"standard": default_policy()})
    last = max(event.at for event in events(received, course))
    assert (state.target_at, state.limit_at) == (instant(target), instant(limit))
    assert (state.breached_at or state.due_breach(last)) == instant(broken)


def test_the_paused_example_has_five_and_seven_hours_left() -> None:
    course = events("2026-06-08 09:00", "serious; pause 2026-06-08 10:00")
    state = fold(ClockKind.FIRST_RESPONSE, course, {"standard": default_policy()})
    assert (state.remaining_target_s, state.remaining_limit_s) == (5 * 3600, 7 * 3600)
