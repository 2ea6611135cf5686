"""What a simulated year came to, and how it is told."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.sla.terms import ClockKind, Severity
from escalation.ladder import Decision

_NIGHT_FROM, _NIGHT_TO = 22, 7


def night_of(at: datetime, tz: ZoneInfo) -> date | None:
    """Return the night that an instant lies in, by the day it began; None by day."""
    local = at.astimezone(tz)
    if local.hour >= _NIGHT_FROM:
        return local.date()
    return local.date() - timedelta(days=1) if local.hour < _NIGHT_TO else None


@dataclass
class Outcome:
    """Counts of one simulation."""

    days: int
    staff: tuple[str, ...]
    opened: Counter[Severity] = field(default_factory=Counter)
    met: Counter[tuple[Severity, ClockKind]] = field(default_factory=Counter)
    breached: Counter[tuple[Severity, ClockKind]] = field(default_factory=Counter)
    pages: Counter[str] = field(default_factory=Counter)
    # The nights in which a person was woken by a call or an SMS.
    nights: dict[str, set[date]] = field(default_factory=lambda: defaultdict(set))
    taken_after_s: dict[Severity, list[float]] = field(default_factory=lambda: defaultdict(list))
    steps: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    exhausted: int = 0

    def open(self, severity: Severity) -> None:
        """Count a ticket."""
        self.opened[severity] += 1

    def take(self, severity: Severity, after: timedelta) -> None:
        """Count that somebody took a ticket."""
        self.taken_after_s[severity].append(after.total_seconds())

    def meet(self, severity: Severity, kind: ClockKind, *, late: bool) -> None:
        """Count a promise that was met, in time or late."""
        self.met[severity, kind] += 1
        self.breached[severity, kind] += late

    def page(self, person: str, night: date | None) -> None:
        """Count a page, and the night it broke."""
        self.pages[person] += 1
        if night is not None:
            self.nights[person].add(night)

    def decided(self, decision: Decision) -> None:
        """Count what fired, and what did not and why."""
        self.steps.update(shot.name for shot in decision.fired)
        self.skipped.update(str(skip.reason) for skip in decision.skipped)
        self.exhausted += any("last step is exhausted" in note for note in decision.notes)

    def to_dict(self) -> dict[str, object]:
        """Return the figures as plain data."""
        return {
            "days": self.days,
            "tickets": {severity.value: self.opened[severity] for severity in Severity},
            "promises": {
                f"{severity.value}.{kind.value}": {
                    "met": self.met[severity, kind],
                    "breached": self.breached[severity, kind],
                }
                for severity, kind in sorted(self.met)
            },
            "people": {
                person: {"pages": self.pages[person], "nights": len(self.nights.get(person, ()))}
                for person in self._everybody()
            },
            "time_to_take_s": {
                severity.value: {
                    "median": percentile(times, 0.5),
                    "p90": percentile(times, 0.9),
                    "worst": max(times),
                }
                for severity, times in sorted(self.taken_after_s.items())
            },
            "steps": dict(self.steps),
            "skipped": dict(self.skipped),
            "exhausted": self.exhausted,
        }

    def lines(self) -> list[str]:
        """Return the figures as a person reads them."""
        total = self.opened.total()
        lines = [f"{total:,} tickets in {self.days} days", "", f"{'promise':34}kept  broken"]
        for (severity, kind), met in sorted(self.met.items()):
            broken = self.breached[severity, kind]
            share = f"{broken / met:8.2%}" if met else ""
            lines.append(
                f"  {severity.value + ' ' + kind.value:28}{met - broken:8,}{broken:8,}{share}"
            )
        lines += ["", f"{'time to take':28}{'median':>9}{'90 %':>9}{'worst':>9}"]
        for severity in Severity:
            if times := self.taken_after_s.get(severity):
                told = "".join(
                    f"{_length(one):>9}"
                    for one in (percentile(times, 0.5), percentile(times, 0.9), max(times))
                )
                lines.append(f"  {severity.value:26}{told}")
        lines += ["", f"{'person':28}{'pages':>9}{'nights woken':>14}"]
        for person in self._everybody():
            nights = len(self.nights.get(person, ()))
            lines.append(f"  {person:26}{self.pages[person]:9,}{nights:14,}")
        lines += ["", f"{'step':52}{'fired':>9}"]
        lines += [f"  {name:50}{count:9,}" for name, count in self.steps.most_common()]
        lines += [f"  not needed: {why:38}{n:9,}" for why, n in self.skipped.most_common()]
        lines += ["", f"Nobody had taken it after the last step: {self.exhausted:,} times."]
        return lines

    def _everybody(self) -> tuple[str, ...]:
        return (*self.staff, *sorted(set(self.pages) - set(self.staff)))


def percentile(values: list[float], share: float) -> float:
    """Return the value that this share of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _length(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
