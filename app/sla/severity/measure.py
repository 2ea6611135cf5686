"""How right a judge is on labelled messages, with what chance can do to the figures."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from typing_extensions import override

from app.sla.severity.judgement import Judgement, Report
from app.sla.terms import Exclusion, Severity

CURVE = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
NOT_SAID: Final = "not said"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A message, what a person called it, and the groups it is reported under."""

    report: Report
    severity: Severity
    groups: Sequence[str] = ()
    # None says that there is no exclusion; NOT_SAID, that nobody has looked for one.
    excluded: Exclusion | Literal["not said"] | None = NOT_SAID


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
class Exclusions:
    """How the hints at exclusions fare."""

    found: Share
    false: Share


@dataclass(frozen=True, slots=True)
class Measured:
    """Labelled messages and how each was judged."""

    rows: Sequence[tuple[Labelled, Judgement]]

    def of(self, group: str) -> "Measured":
        """Return what was measured of one group."""
        return Measured([one for one in self.rows if group in one[0].groups])

    def count(self, label: Severity, judged: Severity) -> int:
        """Return how many of a label were judged as something."""
        return sum(row.severity is label and one.severity is judged for row, one in self.rows)

    @property
    def accuracy(self) -> Share:
        """How many were judged as they are labelled."""
        return Share(sum(self.count(one, one) for one in Severity), len(self.rows))

    @property
    def critical_found(self) -> Share:
        """How many of the critical ones were found."""
        of = sum(row.severity is Severity.CRITICAL for row, _ in self.rows)
        return Share(self.count(Severity.CRITICAL, Severity.CRITICAL), of)

    @property
    def critical_belittled(self) -> Share:
        """How many of the critical ones were called minor or a request."""
        low = self.count(Severity.CRITICAL, Severity.MINOR)
        low += self.count(Severity.CRITICAL, Severity.REQUEST)
        return Share(low, self.critical_found.of)

    @property
    def false_alarms(self) -> Share:
        """How many of those judged critical were not."""
        alarms = sum(one.severity is Severity.CRITICAL for _, one in self.rows)
        return Share(alarms - self.count(Severity.CRITICAL, Severity.CRITICAL), alarms)

    def exclusions(self) -> Exclusions | None:
        """Return how the hints fare; None where no message says whether there is an exclusion."""
        said = [(row.excluded, one.excluded) for row, one in self.rows if row.excluded != NOT_SAID]
        if not said:
            return None
        labelled = [one for one in said if one[0] is not None]
        told = [one for one in said if one[1] is not None]
        return Exclusions(
            Share(sum(label == hint for label, hint in labelled), len(labelled)),
            Share(sum(label != hint for label, hint in told), len(told)),
        )

    def figures(self, name: str) -> str:
        """Return the four figures, a line each."""
        return (
            f"{name:12} accuracy {self.accuracy}\n"
            f"{'':12} critical found {self.critical_found}\n"
            f"{'':12} called minor or request {self.critical_belittled}\n"
            f"{'':12} false alarms   {self.false_alarms}"
        )


def measure(rows: Sequence[Labelled], judge: Callable[[Report], Judgement]) -> Measured:
    """Judge every message."""
    return Measured([(row, judge(row.report)) for row in rows])
