"""What the meaning of a sentence tells: a second small model, mixed with that of the words.

A sentence's vector is its place among the sentences of a hundred languages, near those that mean
the same in other words. A logistic regression over it gives probabilities of its own, and the two
models are mixed by their logarithms. The mix stands where the words' probabilities stood, so that
every rule above those is above it, too.
"""

import json
import math
from base64 import b85decode, b85encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from operator import mul
from struct import pack, unpack
from typing import Final

from app.sla.severity.shares import CLASSES, softmax
from app.sla.terms import Severity

# The numbers of a vector.
SIZE: Final = 384
# Of a subject and the newest text, so many letters are handed over at most.
LONGEST: Final = 200
# What the vector's word weighs beside the words', which is one: by cross-validation, with each
# author of the examples left out in turn.
SAY: Final = 0.4
_LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class VectorWeights:
    """What each number of a vector weighs, and last what always does: a row for each severity."""

    rows: tuple[tuple[float, ...], ...]
    # The SHA-256 of the examples they were trained on.
    trained_on: str

    def __post_init__(self) -> None:
        """Raise ValueError where there are more or fewer numbers."""
        if [len(row) for row in self.rows] != [SIZE + 1] * len(CLASSES):
            raise ValueError(f"{len(CLASSES)} rows of {SIZE + 1} weights are wanted")

    def probabilities(self, vector: Sequence[float]) -> dict[Severity, float]:
        """Return how likely each severity is."""
        seen = (*vector, 1.0)
        sums = [sum(map(mul, row, seen)) for row in self.rows]
        return dict(zip(CLASSES, softmax(sums), strict=True))

    def to_dict(self) -> dict[str, str]:
        """Return the weights as they are kept: as float16, in letters."""
        numbers = [one for row in self.rows for one in row]
        raw = pack(f"<{len(numbers)}e", *numbers)
        return {"trained_on": self.trained_on, "weights": b85encode(raw).decode("ascii")}

    @classmethod
    def from_dict(cls, document: Mapping[str, str]) -> "VectorWeights":
        """Read what ``to_dict`` gave; ValueError or KeyError where it is something else."""
        raw = b85decode(document["weights"])
        numbers = unpack(f"<{len(raw) // 2}e", raw)
        width = SIZE + 1
        rows = tuple(numbers[at : at + width] for at in range(0, len(numbers), width))
        return cls(rows, str(document["trained_on"]))


def excerpt(subject: str | None, newest: str) -> str:
    """Return what is made a vector of: the subject and the newest text, spaces and length cut."""
    return " ".join(f"{(subject or '')[:LONGEST]}\n{newest[: LONGEST * 4]}".split())[:LONGEST]


def mixed(
    words: Mapping[Severity, float], vectors: Mapping[Severity, float]
) -> dict[Severity, float]:
    """Return the probabilities that both give, mixed by their logarithms."""
    sums = [
        math.log(max(words[one], _LEAST)) + SAY * math.log(max(vectors[one], _LEAST))
        for one in CLASSES
    ]
    return dict(zip(CLASSES, softmax(sums), strict=True))


@cache
def shipped_vectors() -> VectorWeights:
    """Return the weights that come with the program."""
    raw = files("app.sla.severity").joinpath("data/vectors.json").read_text("utf-8")
    return VectorWeights.from_dict(json.loads(raw))
