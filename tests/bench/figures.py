"""Figures of what was measured."""

import math
from collections.abc import Sequence


def p99(taken: Sequence[float]) -> float:
    """Return what ninety-nine in a hundred do not exceed, by nearest rank."""
    return sorted(taken)[math.ceil(len(taken) * 0.99) - 1]
