"""A small statistical model: what the message says as a whole, and what its worst clauses say.

A logistic regression over the features of the message, and one over those of each clause, whose
sums are pooled so that for each severity the clauses decide that speak most for it: one sentence
in a long letter weighs what it would weigh alone (multiple-instance learning). The model that is
shipped is trained on invented messages, of which some are shipped too (``data/base.jsonl``): those
are rehearsed where a house teaches it more.
"""

import json
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from app.kit.errors import BadConfig
from app.sla.severity.features import WEIGHS, Features, Reading
from app.sla.severity.shares import CLASSES, pooled, softmax
from app.sla.severity.weights import Weights
from app.sla.terms import Severity


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
    # Of features within a clause.
    of_clauses: Weights = field(default_factory=lambda: Weights([]))

    def probabilities(self, reading: Reading) -> dict[Severity, float]:
        """Return how likely each severity is."""
        sums = _sums(self.weights, reading.features)
        clauses = [_sums(self.of_clauses, one) for one in reading.by_clause]
        if clauses:
            sums = [
                one + pooled(of) for one, of in zip(sums, zip(*clauses, strict=True), strict=True)
            ]
        return dict(zip(CLASSES, softmax(sums), strict=True))

    def to_json(self) -> str:
        """Return the model as it is kept."""
        document: dict[str, Any] = {
            "trained_on": self.trained_on,
            "weights": self.weights.to_dict(),
            "of_clauses": self.of_clauses.to_dict(),
        }
        return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _sums(weights: Weights, features: Features) -> list[float]:
    scale = features.scale / 1_000_000
    return [one * scale for one in weights.total(features.of_kind, WEIGHS)]


@cache
def shipped() -> Model:
    """Return the model that comes with the program."""
    raw = files("app.sla.severity").joinpath("data/model.json").read_text("utf-8")
    return read_model(raw)


def base_examples() -> list[Example]:
    """Return invented messages of those that the shipped model was trained on."""
    raw = files("app.sla.severity").joinpath("data/base.jsonl").read_text("utf-8")
    return read_examples(raw)


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
    # One that was kept by an older version has no weights of clauses.
    return Model(
        Weights(document["weights"].items()),
        str(document["trained_on"]),
        Weights(document.get("of_clauses", {}).items()),
    )


def read_examples(raw: str) -> list[Example]:
    """Read examples, a JSON object a line; raise ValueError with the line's number."""
    found = []
    # Not by splitlines, which would cut a text where it holds a separator of Unicode's.
    for number, line in enumerate(raw.split("\n"), 1):
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
