"""How right the judge is on labelled messages, with what chance can do to the figures."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from typing_extensions import override

from app.sla.severity.judgement import Report
from app.sla.severity.model import Model
from app.sla.severity.rules import judge
from app.sla.terms import Severity

CURVE = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A message, what a person called it, and the groups it is reported under."""

    report: Report
    severity: Severity
    groups: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """A share of something, and Wilson's interval of 95 % around it."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """The share; 0 of nothing."""
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true share lies in 95 of 100 such measurements (Wilson, 1927)."""
        if not self.of:
            return 0.0, 1.0
        z = 1.959964
        middle = (self.value + z * z / (2 * self.of)) / (1 + z * z / self.of)
        spread = math.sqrt(self.value * (1 - self.value) / self.of + z * z / (4 * self.of**2))
        half = z * spread / (1 + z * z / self.of)
        return max(0.0, middle - half), min(1.0, middle + half)

    @override
    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:6.1%} ({self.hits} of {self.of}; {low:.1%}–{high:.1%})"


@dataclass(frozen=True, slots=True)
class Measured:
    """How often each label was judged as what."""

    counts: Mapping[tuple[Severity, Severity], int]

    @property
    def accuracy(self) -> Share:
        """How many were judged as they are labelled."""
        right = sum(self.counts.get((one, one), 0) for one in Severity)
        return Share(right, sum(self.counts.values()))

    @property
    def critical_found(self) -> Share:
        """How many of the critical ones were found."""
        of = sum(self.counts.get((Severity.CRITICAL, one), 0) for one in Severity)
        return Share(self.counts.get((Severity.CRITICAL, Severity.CRITICAL), 0), of)

    @property
    def false_alarms(self) -> Share:
        """How many of those judged critical were not."""
        alarms = sum(self.counts.get((one, Severity.CRITICAL), 0) for one in Severity)
        right = self.counts.get((Severity.CRITICAL, Severity.CRITICAL), 0)
        return Share(alarms - right, alarms)


def measure(
    rows: Sequence[Labelled], *, model: Model | None = None, critical_from: float | None = None
) -> Measured:
    """Judge every message and count."""
    counts: dict[tuple[Severity, Severity], int] = {}
    for row in rows:
        if critical_from is None:
            judged = judge(row.report, model=model)
        else:
            judged = judge(row.report, model=model, critical_from=critical_from)
        key = (row.severity, judged.severity)
        counts[key] = counts.get(key, 0) + 1
    return Measured(counts)
