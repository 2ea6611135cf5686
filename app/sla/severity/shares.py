"""Sums for each severity, and the shares of one whole that come of them."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from app.sla.terms import Severity

# The order in which every model has its numbers.
CLASSES: Final[tuple[Severity, ...]] = tuple(Severity)
_LEAST = 1e-9


def pooled(sums: Sequence[float]) -> float:
    """Return the soft maximum of some clauses' sums; of equal ones, that which each of them is."""
    highest = max(sums)
    return highest + math.log(sum(math.exp(one - highest) for one in sums) / len(sums))


def softmax(sums: Sequence[float]) -> list[float]:
    """Make shares of one whole of sums, the larger the more."""
    highest = max(sums)
    powers = [math.exp(one - highest) for one in sums]
    total = sum(powers)
    return [one / total for one in powers]


def mixed(
    one: Mapping[Severity, float], other: Mapping[Severity, float], *, say: float, others_say: float
) -> dict[Severity, float]:
    """Return what both say together: the product of their shares, each to the power of its say."""
    sums = [
        say * math.log(max(one[of], _LEAST)) + others_say * math.log(max(other[of], _LEAST))
        for of in CLASSES
    ]
    return dict(zip(CLASSES, softmax(sums), strict=True))
