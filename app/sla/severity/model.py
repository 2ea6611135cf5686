"""A small statistical model: multinomial logistic regression over a message's features.

It is trained on this machine, in seconds, without any library: the same examples in the same
order give the same model. The one that is shipped is trained on invented messages that are shipped
too (``data/base.jsonl``).
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from random import Random

from app.kit.errors import BadConfig
from app.kit.ids import digest
from app.sla.severity.features import read
from app.sla.terms import Severity

CLASSES: tuple[Severity, ...] = tuple(Severity)
# Passes over the examples, the first step's size, and how strongly weights are held near zero.
PASSES = 40
STEP = 0.25
SHRINK = 3e-4
# Weights below it change nothing that is seen, and are not kept.
LEAST = 0.01


@dataclass(frozen=True, slots=True)
class Example:
    """A message and the severity that a person gave it."""

    channel: str
    subject: str | None
    body: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Model:
    """Weights by feature, one for each severity in the order of ``CLASSES``."""

    weights: Mapping[str, Sequence[float]]
    # The SHA-256 of the examples it was trained on.
    trained_on: str

    def probabilities(self, features: Mapping[str, float]) -> dict[Severity, float]:
        """Return how likely each severity is."""
        sums = [0.0] * len(CLASSES)
        for name, value in features.items():
            weights = self.weights.get(name)
            if weights is not None:
                for at, weight in enumerate(weights):
                    sums[at] += value * weight
        return dict(zip(CLASSES, _softmax(sums), strict=True))

    def to_json(self) -> str:
        """Return the model as it is kept."""
        weights = {name: list(row) for name, row in sorted(self.weights.items())}
        return json.dumps({"trained_on": self.trained_on, "weights": weights}, ensure_ascii=False)


def train(examples: Sequence[Example], told: Callable[[int], None] = lambda _: None) -> Model:
    """Train a model; ``told`` is called after each pass."""
    rows = [(read(one.channel, one.subject, one.body).features, one.severity) for one in examples]
    weights: dict[str, list[float]] = {}
    squares: dict[str, list[float]] = {}
    for features, _ in rows:
        for name in features:
            weights.setdefault(name, [0.0] * len(CLASSES))
            squares.setdefault(name, [1e-6] * len(CLASSES))
    order = list(range(len(rows)))
    shuffle = Random(1)  # noqa: S311 - the order of examples, and the same one each time
    for number in range(PASSES):
        shuffle.shuffle(order)
        for at in order:
            _learn(weights, squares, *rows[at])
        told(number + 1)
    kept = {
        name: tuple(round(one, 3) for one in row)
        for name, row in weights.items()
        if max(map(abs, row)) >= LEAST
    }
    texts = [f"{one.severity}|{one.channel}|{one.subject}|{one.body}" for one in examples]
    return Model(kept, digest("\n".join(texts).encode()))


def _learn(
    weights: dict[str, list[float]],
    squares: dict[str, list[float]],
    features: Mapping[str, float],
    severity: Severity,
) -> None:
    sums = [0.0] * len(CLASSES)
    for name, value in features.items():
        for at, weight in enumerate(weights[name]):
            sums[at] += value * weight
    missed = _softmax(sums)
    missed[CLASSES.index(severity)] -= 1.0
    for name, value in features.items():
        row, square = weights[name], squares[name]
        for at, error in enumerate(missed):
            slope = error * value + SHRINK * row[at]
            square[at] += slope * slope
            row[at] -= STEP * slope / math.sqrt(square[at])


def _softmax(sums: Sequence[float]) -> list[float]:
    highest = max(sums)
    powers = [math.exp(one - highest) for one in sums]
    total = sum(powers)
    return [one / total for one in powers]


@cache
def shipped() -> Model:
    """Return the model that comes with the program."""
    raw = files("app.sla.severity").joinpath("data/model.json").read_text("utf-8")
    return read_model(raw)


def base_examples() -> list[Example]:
    """Return the invented messages that the shipped model was trained on."""
    raw = files("app.sla.severity").joinpath("data/base.jsonl").read_text("utf-8")
    return read_examples(raw.splitlines())


@cache
def kept(path: Path) -> Model:
    """Return the model of a file; BadConfig where it is none."""
    try:
        return read_model(path.read_text("utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadConfig(
            f"{path} is no model: {error}",
            field="severity.model",
            remedy="Make one with `svartid severity train`, or take the setting out.",
        ) from error


def read_model(raw: str) -> Model:
    """Read what ``to_json`` wrote; raise ValueError or KeyError where it is something else."""
    document = json.loads(raw)
    weights = {name: tuple(map(float, row)) for name, row in document["weights"].items()}
    return Model(weights, str(document["trained_on"]))


def read_examples(lines: Sequence[str]) -> list[Example]:
    """Read examples, a JSON object a line; raise ValueError with the line's number."""
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            found.append(
                Example(
                    channel=str(entry["channel"]),
                    subject=entry.get("subject"),
                    body=str(entry["body"]),
                    severity=Severity(entry["severity"]),
                )
            )
        except (KeyError, ValueError, TypeError) as error:
            raise ValueError(f"line {number}: {type(error).__name__}: {error}") from error
    return found
