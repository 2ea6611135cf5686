"""How the model learns: on this machine, without any library.

From nothing, as the shipped model was made, it takes a minute or two. A house's own examples are
learned on top of it in seconds, among shipped ones that are rehearsed, lest a few corrections
make it forget the rest (Robins, 1995: "Catastrophic forgetting, rehearsal and pseudorehearsal").
The same examples in the same order give the same model.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from random import Random
from typing import Final

from app.kit.ids import digest
from app.sla.severity.features import Features, read
from app.sla.severity.model import Example, Model
from app.sla.severity.shares import CLASSES, pooled, softmax
from app.sla.severity.weights import Weights

# Passes over the examples from nothing and on top of a model, the first step's size, and what is
# left of a weight, or of its change, after each pass.
PASSES = 9
PASSES_ON_TOP = 3
STEP = 0.07
FIRST = 0.01
SHRINK = 0.93
# An error so small teaches nothing, a feature seen so seldom neither, and what smaller weights say
# is not missed: two thirds of all. Of a house's few examples more is kept.
ENOUGH = 0.03
SEEN, SEEN_ON_TOP = 3, 2
LEAST, LEAST_ON_TOP = 0.1, 0.03
# The squares of the steps that a known feature has behind it: the more, the less it moves.
BEHIND = 1.0
NOTHING: Final = Model(Weights([]), "")

_Row = Sequence[tuple[int, float]]


@dataclass(slots=True)
class _Learner:
    """Weights under way. AdaGrad (Duchi et al., 2011): the more one has moved, the less it does."""

    names: Sequence[str]
    # What it goes on from.
    known: Weights
    began: list[tuple[float, ...]] = field(init=False)
    weights: list[list[float]] = field(init=False)
    squares: list[list[float]] = field(init=False)

    def __post_init__(self) -> None:
        nothing = (0.0,) * len(CLASSES)
        self.began = [self.known.get(one, nothing) for one in self.names]
        self.weights = [list(one) for one in self.began]
        self.squares = [
            [BEHIND if one in self.known else FIRST] * len(CLASSES) for one in self.names
        ]

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
        for row, began in zip(self.weights, self.began, strict=True):
            row[:] = [old + (one - old) * SHRINK for one, old in zip(row, began, strict=True)]

    def learned(self) -> Weights:
        least = LEAST_ON_TOP if self.known else LEAST
        return self.known.with_rows(
            (name, row)
            for name, row in zip(self.names, self.weights, strict=True)
            if name in self.known or max(map(abs, row)) >= least
        )


def train(
    examples: Sequence[Example],
    told: Callable[[int], None] = lambda _: None,
    *,
    start: Model | None = None,
) -> Model:
    """Train a model, from nothing or on top of one; ``told`` is called after each pass.

    On top of one, the examples should hold many that it was made of, to be rehearsed.
    """
    passes = PASSES_ON_TOP if start else PASSES
    start = start or NOTHING
    readings = [read(one.channel, one.subject, one.body) for one in examples]
    whole = _learner(([one.features] for one in readings), start.weights)
    clause = _learner((one.by_clause for one in readings), start.of_clauses)
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
    for passed in range(passes):
        shuffle.shuffle(rows)
        for of_message, of_clauses, label in rows:
            _learn(whole, clause, of_message, of_clauses, label)
        whole.shrink()
        clause.shrink()
        told(passed + 1)
    return Model(whole.learned(), digest_of(examples, start), clause.learned())


def digest_of(examples: Sequence[Example], start: Model) -> str:
    """Return the SHA-256 of examples, by which a model tells what it was trained on."""
    texts = [f"{one.severity}|{one.channel}|{one.subject}|{one.body}" for one in examples]
    before = [start.trained_on] if start.trained_on else []
    return digest("\n".join([*before, *texts]).encode())


def _learner(messages: Iterable[Iterable[Features]], known: Weights) -> _Learner:
    """Return what learns the features that are seen often enough, or were known before."""
    seen = Counter(
        chain.from_iterable(
            {name for features in message for names in features.of_kind.values() for name in names}
            for message in messages
        )
    )
    enough = SEEN_ON_TOP if known else SEEN
    names = sorted(name for name, times in seen.items() if times >= enough or name in known)
    return _Learner(names, known)


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
