"""How the model learns: on this machine, in seconds, without any library.

The same examples in the same order give the same model.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from random import Random

from app.kit.ids import digest
from app.sla.severity.features import Features, read
from app.sla.severity.model import Example, Model
from app.sla.severity.shares import CLASSES, pooled, softmax
from app.sla.severity.weights import Weights

# Passes over the examples, the first step's size, and what is left of a weight after each pass.
PASSES = 9
STEP = 0.07
FIRST = 0.01
SHRINK = 0.93
# An error so small teaches nothing, a feature seen so seldom neither, and a weight below the last
# changes nothing that is seen.
ENOUGH = 0.03
SEEN = 2
LEAST = 0.015

_Row = Sequence[tuple[int, float]]


@dataclass(slots=True)
class _Learner:
    """Weights under way. AdaGrad (Duchi et al., 2011): the more one has moved, the less it does."""

    names: Sequence[str]
    weights: list[list[float]] = field(init=False)
    squares: list[list[float]] = field(init=False)

    def __post_init__(self) -> None:
        self.weights = [[0.0] * len(CLASSES) for _ in self.names]
        self.squares = [[FIRST] * len(CLASSES) for _ in self.names]

    def sums(self, row: _Row) -> list[float]:
        weights = self.weights
        one = two = three = four = 0.0
        for at, value in row:
            of = weights[at]
            one += value * of[0]
            two += value * of[1]
            three += value * of[2]
            four += value * of[3]
        return [one, two, three, four]

    def learn(self, row: _Row, errors: Sequence[float]) -> None:
        # What is known well enough costs no time.
        wrong = [(at, error) for at, error in enumerate(errors) if abs(error) > ENOUGH]
        if not wrong:
            return
        for at, value in row:
            weights, squares = self.weights[at], self.squares[at]
            for of, error in wrong:
                slope = error * value
                squares[of] += slope * slope
                weights[of] -= STEP * slope / math.sqrt(squares[of])

    def shrink(self) -> None:
        for row in self.weights:
            row[:] = [one * SHRINK for one in row]

    def learned(self) -> Weights:
        return Weights(
            (name, row)
            for name, row in zip(self.names, self.weights, strict=True)
            if max(map(abs, row)) >= LEAST
        )


def train(examples: Sequence[Example], told: Callable[[int], None] = lambda _: None) -> Model:
    """Train a model; ``told`` is called after each pass."""
    readings = [read(one.channel, one.subject, one.body) for one in examples]
    whole = _Learner(_known([one.features] for one in readings))
    clause = _Learner(_known(one.by_clause for one in readings))
    numbers = [{name: at for at, name in enumerate(one.names)} for one in (whole, clause)]
    rows = [
        (
            _numbered(reading.features, numbers[0]),
            [_numbered(one, numbers[1]) for one in reading.by_clause],
            CLASSES.index(example.severity),
        )
        for reading, example in zip(readings, examples, strict=True)
    ]
    shuffle = Random(1)  # noqa: S311 - the order of examples, and the same one each time
    for passed in range(PASSES):
        shuffle.shuffle(rows)
        for of_message, of_clauses, label in rows:
            _learn(whole, clause, of_message, of_clauses, label)
        whole.shrink()
        clause.shrink()
        told(passed + 1)
    return Model(whole.learned(), digest_of(examples), clause.learned())


def digest_of(examples: Sequence[Example]) -> str:
    """Return the SHA-256 of examples, by which a model tells what it was trained on."""
    texts = [f"{one.severity}|{one.channel}|{one.subject}|{one.body}" for one in examples]
    return digest("\n".join(texts).encode())


def _known(messages: Iterable[Iterable[Features]]) -> list[str]:
    seen = Counter(
        chain.from_iterable(
            {name for features in message for names in features.of_kind.values() for name in names}
            for message in messages
        )
    )
    return sorted(name for name, times in seen.items() if times >= SEEN)


def _numbered(features: Features, numbers: Mapping[str, int]) -> _Row:
    # In one order, so that the same comes of it each time.
    return sorted((numbers[name], value) for name, value in features.weighed() if name in numbers)


def _learn(
    whole: _Learner, clause: _Learner, of_message: _Row, of_clauses: Sequence[_Row], label: int
) -> None:
    sums = whole.sums(of_message)
    by_clause = [clause.sums(one) for one in of_clauses]
    pools = [pooled(one) for one in zip(*by_clause, strict=True)] or [0.0] * len(CLASSES)
    missed = softmax([one + pool for one, pool in zip(sums, pools, strict=True)])
    missed[label] -= 1.0
    whole.learn(of_message, missed)
    for row, said in zip(of_clauses, by_clause, strict=True):
        # A clause answers for an error as far as it decides.
        clause.learn(
            row,
            [
                error * math.exp(one - pool) / len(by_clause)
                for error, one, pool in zip(missed, said, pools, strict=True)
            ],
        )
