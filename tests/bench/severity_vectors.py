"""What sentence vectors are worth: ``python -m tests.bench.severity_vectors``.

Each author of the examples is left out in turn and judged by what was learned from the others,
with and without vectors; then the held-out messages and those that nobody had seen are judged as
the program comes. With ``--write``, the weights that come with the program are made first. Vectors
of about 3,700 messages take two to five minutes of a core; ``--keep FILE`` keeps them.
"""

import argparse
import json
import resource
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from app.sla.severity import Report, embed, judge, train
from app.sla.severity.measure import Labelled, measure
from app.sla.severity.model import base_examples
from app.sla.severity.vector_training import train_vectors
from app.sla.terms import Severity

DATA = Path("app/sla/severity/data")
SETS = {
    "held out": Path("tests/severity/held_out.jsonl"),
    "unseen": Path("tests/severity/unseen.jsonl"),
}


class Remembered:
    """Vectors, each made once."""

    def __init__(self, place: Path | None) -> None:
        self._place = place
        there = place is not None and place.is_file()
        self._known: dict[str, Sequence[float]] = json.loads(place.read_text()) if there else {}

    def __call__(self, text: str) -> Sequence[float]:
        if text not in self._known:
            self._known[text] = embed(text)
        return self._known[text]

    def keep(self) -> None:
        if self._place is not None:
            self._place.write_text(json.dumps(self._known))


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def author(row: dict[str, Any]) -> str:
    """The first 556 are by one, those up to 18 by another; 19 to 22 are an author each."""
    start = str(row["id"]).split("-")[0]
    return start if start in {"base", "19", "20", "21", "22"} else "01 to 18"


def labelled(rows: Sequence[dict[str, Any]]) -> list[Labelled]:
    return [
        Labelled(Report(row["channel"], row["subject"], row["body"]), Severity(row["severity"]))
        for row in rows
    ]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--write", action="store_true")
    options.add_argument("--keep", type=Path)
    chosen = options.parse_args()
    base = rows_of(DATA / "base.jsonl")
    examples = base_examples()

    remembered = Remembered(chosen.keep)
    if chosen.write:
        weights = json.dumps(train_vectors(examples, remembered).to_dict())
        (DATA / "vectors.json").write_text(weights + "\n", "utf-8")
        remembered.keep()
    # Everything is loaded before the clock runs.
    judge(Report("email", "Nede", "Alt er nede"), embed=embed)
    taken = []
    for one in examples[::40]:
        began = time.process_time()
        judge(Report(one.channel, one.subject, one.body), embed=embed)
        taken.append((time.process_time() - began) * 1000)
    print(f"a message: median {statistics.median(taken):.1f} ms, slowest {max(taken):.1f} ms")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    for name, place in SETS.items():
        rows = labelled(rows_of(place))
        print(measure(rows, judge).figures(f"{name}, words"))
        print(measure(rows, partial(judge, embed=remembered)).figures(f"{name}, both"))
    remembered.keep()
    together: dict[str, list[Any]] = {"words": [], "both": []}
    for who in sorted({author(row) for row in base}):
        rest = [one for one, row in zip(examples, base, strict=True) if author(row) != who]
        model = train(rest)
        model = replace(model, of_vectors=train_vectors(rest, remembered))
        rows = labelled([row for row in base if author(row) == who])
        for how, more in (("words", None), ("both", remembered)):
            measured = measure(rows, partial(judge, model=model, embed=more))
            together[how] += measured.rows
            print(measured.figures(f"{who} left out, {how}"), flush=True)
    for how, judged in together.items():
        print(type(measured)(judged).figures(f"all authors left out, {how}"))


if __name__ == "__main__":
    main()
