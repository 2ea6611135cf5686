"""Runs, a directory, and a way of climbing a ladder in memory, for the tests beside this file."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.sla.ladder import Ladder, PageChannel, Receiver
from app.sla.terms import ClockKind, Severity
from escalation.ladder import Decision, Fired, Method, Reach, RunSoFar, decide, first_alarm

NINE = datetime(2027, 1, 4, 9, tzinfo=UTC)


def after(**parts: float) -> datetime:
    return NINE + timedelta(**parts)


def make_run(**changes: Any) -> RunSoFar:
    run = RunSoFar(
        kind=ClockKind.FIRST_RESPONSE,
        severity=Severity.SERIOUS,
        started_at=NINE,
        target_at=after(hours=4),
        limit_at=after(hours=6),
    )
    return replace(run, **changes)


def make_step(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "when": {"anchor": "start", "offset_s": 0},
        "whom": ["on_call:desk"],
        "how": ["sms"],
    } | changes


def make_ladder(*steps: dict[str, Any], **changes: Any) -> Ladder:
    return Ladder.from_dict({"name": "tried", "steps": list(steps), **changes})


@dataclass
class Staff:
    """A directory: whom each receiver names, and who cannot be reached."""

    found: dict[str, list[str]] = field(
        default_factory=lambda: {
            "on_call:desk": ["kari"],
            "on_call_next:desk": ["ola"],
            "role:lead": ["lena"],
            "role:admin": ["marit"],
            "team:drift": ["per", "siri", "tuva"],
            "catch_all": ["vakt"],
        }
    )
    away: set[str] = field(default_factory=set)

    def people(self, receiver: Receiver, at: datetime) -> Sequence[str]:
        return self.found.get(str(receiver), [])

    def reach(
        self, person: str, how: Sequence[PageChannel], severity: Severity, at: datetime
    ) -> Reach:
        return (
            Reach(reason="away")
            if person in self.away
            else Reach(tuple(Method(channel) for channel in how))
        )


def carry_out(run: RunSoFar, decision: Decision, now: datetime) -> RunSoFar:
    """Return the run with the decision written down, as the engine does with rows."""
    rows = [Fired(shot.step, shot.repeat, shot.nominal_at, now) for shot in decision.fired]
    rows += [
        Fired(skip.step, skip.repeat, skip.nominal_at, now, skip.reason)
        for skip in decision.skipped
    ]
    keys = [(row.step, row.repeat) for row in (*run.fired, *rows)]
    assert len(keys) == len(set(keys)), "a step may be recorded once"
    return replace(run, fired=(*run.fired, *rows))


@dataclass
class Climb:
    """One run that is looked at whenever its alarm says so."""

    ladder: Ladder
    run: RunSoFar = field(default_factory=make_run)
    staff: Staff = field(default_factory=Staff)
    now: datetime = NINE
    # (minutes since nine, person, step's name, repeat)
    told: list[tuple[float, str, str, int]] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    def look(self, at: datetime) -> Decision:
        """Decide once and write it down."""
        self.now = at
        decision = decide(self.ladder, self.run, at, self.staff)
        self.run = carry_out(self.run, decision, at)
        minutes = (at - NINE).total_seconds() / 60
        self.told += [(minutes, page.person, page.name, page.repeat) for page in decision.pages]
        self.decisions.append(decision)
        return decision

    def until(self, end: datetime) -> list[tuple[float, str, str, int]]:
        """Follow the alarms up to and with ``end``; return who was told what, and when."""
        told = len(self.told)
        while (alarm := first_alarm(self.ladder, self.run)) is not None and alarm <= end:
            self.look(max(alarm, self.now))
        self.now = end
        return self.told[told:]

    def reasons(self) -> dict[tuple[str, int], str]:
        return {
            (skip.name, skip.repeat): str(skip.reason)
            for decision in self.decisions
            for skip in decision.skipped
        }
