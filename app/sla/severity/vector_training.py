"""How the vectors' weights are learned: a logistic regression, with numpy, in seconds.

The same examples give the same weights, to what float16 keeps. Almost all of the time is spent on
making vectors of the examples.
"""

import math
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from app.sla.severity.embedding import Embed
from app.sla.severity.model import Example
from app.sla.severity.shares import CLASSES
from app.sla.severity.training import digest_of
from app.sla.severity.vectors import VectorWeights, excerpt
from app.sla.severity.words import newest

# How strongly large weights are held back, and how often they are mended.
HELD_BACK = 300.0
_BARELY = 1e-6
ROUNDS = 300


def train_vectors(
    examples: Sequence[Example], embed: Embed, told: Callable[[int], None] = lambda _: None
) -> VectorWeights:
    """Train the vectors' weights; ``told`` is called after each message's vector.

    BadConfig where no vectors can be made.
    """
    vectors = []
    for number, one in enumerate(examples, 1):
        vectors.append(embed(excerpt(one.subject, newest(one.body))))
        told(number)
    labels = [CLASSES.index(one.severity) for one in examples]
    return VectorWeights(fitted(vectors, labels), digest_of(examples))


def fitted(
    vectors: Sequence[Sequence[float]], labels: Sequence[int]
) -> tuple[tuple[float, ...], ...]:
    """Return the rows of weights that tell the labels, 0 to 3, best from the vectors.

    Each step is Newton's with a bound in place of the matrix of curvatures, which is inverted once
    (Böhning, 1992), and goes on a little in the direction of the last one (Nesterov, 1983).
    """
    np: Any = import_module("numpy")
    raw = np.array(vectors, dtype=np.float64)
    middle = raw.mean(axis=0)
    # Vectors lie close to one another: seen from their middle, by their own measure.
    scale = float(np.sqrt(((raw - middle) ** 2).mean())) or 1.0
    seen = np.hstack([(raw - middle) / scale, np.ones((len(raw), 1))])
    wanted = np.eye(len(CLASSES))[list(labels)]
    holds = np.full((seen.shape[1], 1), HELD_BACK)
    holds[-1] = _BARELY
    bound = np.linalg.inv(0.5 * seen.T @ seen + np.diag(holds[:, 0]))
    weights = np.zeros((seen.shape[1], len(CLASSES)))
    ahead, pace = weights, 1.0
    for _ in range(ROUNDS):
        sums = seen @ ahead
        powers = np.exp(sums - sums.max(axis=1, keepdims=True))
        missed = powers / powers.sum(axis=1, keepdims=True) - wanted
        step = ahead - bound @ (seen.T @ missed + holds * ahead)
        faster = (1 + math.sqrt(1 + 4 * pace * pace)) / 2
        ahead, weights, pace = step + (pace - 1) / faster * (step - weights), step, faster
    rows = weights[:-1].T / scale
    always = weights[-1] - rows @ middle
    return tuple((*map(float, row), float(last)) for row, last in zip(rows, always, strict=True))
