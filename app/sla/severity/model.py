"""A small statistical model: multinomial logistic regression over a message's features.

It is trained on this machine, in seconds, without any library: the same examples in the same
order give the same model. The one that is shipped is trained on invented messages that are shipped
too (``data/base.jsonl``).
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from random import Random

from app.kit.errors import BadConfig
from app.kit.ids import digest
from app.sla.severity.features import WEIGHS, Features, read
from app.sla.severity.weights import Weights
from app.sla.terms import Severity

CLASSES: tuple[Severity, ...] = tuple(Severity)
# Passes over the examples, the first step's size, and what is left of a weight after each pass.
PASSES = 7
STEP = 0.1
FIRST = 0.01
SHRINK = 0.97
# An error so small teaches nothing, a feature seen so seldom neither, and a weight below the last
# changes nothing that is seen.
ENOUGH = 0.03
SEEN = 2
LEAST = 0.015


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

    weights: Weights
    # The SHA-256 of the examples it was trained on.
    trained_on: str

    def probabilities(self, features: Features) -> dict[Severity, float]:
        """Return how likely each severity is."""
        total = self.weights.total(features.of_kind, WEIGHS)
        scale = features.scale / 1_000_000
        return dict(zip(CLASSES, _softmax([one * scale for one in total]), strict=True))

    def to_json(self) -> str:
        """Return the model as it is kept."""
        weights = {name: list(row) for name, row in sorted(self.weights.items())}
        return json.dumps({"trained_on": self.trained_on, "weights": weights}, ensure_ascii=False)


def train(examples: Sequence[Example], told: Callable[[int], None] = lambda _: None) -> Model:
    """Train a model; ``told`` is called after each pass."""
    messages = [
        (dict(read(one.channel, one.subject, one.body).features.weighed()), one.severity)
        for one in examples
    ]
    seen = Counter(name for features, _ in messages for name in features)
    names = [name for name, times in seen.items() if times >= SEEN]
    number = {name: at for at, name in enumerate(names)}
    rows = [
        (
            [(number[name], value) for name, value in features.items() if name in number],
            CLASSES.index(severity),
        )
        for features, severity in messages
    ]
    # AdaGrad (Duchi et al., 2011): a step for each weight, smaller the more it has moved.
    weights = [[0.0] * len(CLASSES) for _ in names]
    squares = [[FIRST] * len(CLASSES) for _ in names]
    shuffle = Random(1)  # noqa: S311 - the order of examples, and the same one each time
    for passed in range(PASSES):
        shuffle.shuffle(rows)
        for features, label in rows:
            _learn(weights, squares, features, label)
        for row in weights:
            row[:] = [one * SHRINK for one in row]
        told(passed + 1)
    found = Weights(
        (name, row) for name, row in zip(names, weights, strict=True) if max(map(abs, row)) >= LEAST
    )
    texts = [f"{one.severity}|{one.channel}|{one.subject}|{one.body}" for one in examples]
    return Model(found, digest("\n".join(texts).encode()))


def _learn(
    weights: list[list[float]],
    squares: list[list[float]],
    features: Sequence[tuple[int, float]],
    label: int,
) -> None:
    one = two = three = four = 0.0
    for at, value in features:
        row = weights[at]
        one += value * row[0]
        two += value * row[1]
        three += value * row[2]
        four += value * row[3]
    missed = _softmax([one, two, three, four])
    missed[label] -= 1.0
    # What is known well enough costs no time.
    wrong = [(at, error) for at, error in enumerate(missed) if abs(error) > ENOUGH]
    for at, value in features:
        row, square = weights[at], squares[at]
        for of, error in wrong:
            slope = error * value
            square[of] += slope * slope
            row[of] -= STEP * slope / math.sqrt(square[of])


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


def kept(path: Path) -> Model:
    """Return the model of a file; BadConfig where it is none. A changed file is read anew."""
    try:
        return _kept_at(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadConfig(
            f"{path} is no model: {error}",
            field="severity.model",
            remedy="Make one with `svartid severity train`, or take the setting out.",
        ) from error


@lru_cache(maxsize=4)
def _kept_at(path: Path, _changed: int) -> Model:
    return read_model(path.read_text("utf-8"))


def put_model(place: Path, model: Model) -> Path | None:
    """Write a model where it is used; return where the one before is kept, None where none was."""
    shelf = None
    if place.is_file():
        raw = place.read_text("utf-8")
        shelf = place.with_name(f"{place.stem}.{kept(place).trained_on[:12]}{place.suffix}")
        shelf.write_text(raw, "utf-8")
    fresh = place.with_name(f"{place.name}.new")
    fresh.write_text(model.to_json() + "\n", "utf-8")
    # A server that reads it meanwhile sees the one or the other, and never half of it.
    fresh.replace(place)
    return shelf


def versions(place: Path) -> list[tuple[Path, Model]]:
    """Return the model in use and those kept beside it, the one that was put away last first."""
    shelved = sorted(
        place.parent.glob(f"{place.stem}.????????????{place.suffix}"),
        key=lambda one: one.stat().st_mtime_ns,
        reverse=True,
    )
    return [(one, kept(one)) for one in (place, *shelved)]


def read_model(raw: str) -> Model:
    """Read what ``to_json`` wrote; raise ValueError or KeyError where it is something else."""
    document = json.loads(raw)
    return Model(Weights(document["weights"].items()), str(document["trained_on"]))


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
