"""Sets of labelled messages, as files of JSON lines.

- ``base.jsonl``, which ships, and ``taught.jsonl``: what both models are made of.
- ``validation.jsonl``: what is chosen by, which network ships and what each model weighs; not
  taught.
- ``unseen*.jsonl``: what is measured on. Nothing is taught with them or chosen by them, and nobody
  looks into one: whoever does makes it known, and writes a new one.

The first part of an identifier is its author.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.sla.severity import Report
from app.sla.severity.measure import Labelled
from app.sla.terms import Severity

HERE = Path(__file__).parent
DATA = HERE.parents[1] / "app/sla/severity/data"
TAUGHT = (DATA / "base.jsonl", HERE / "taught.jsonl")
VALIDATION = HERE / "validation.jsonl"
UNSEEN = tuple(HERE / name for name in ("unseen.jsonl", "unseen_2.jsonl", "unseen_3.jsonl"))


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def labelled(rows: Sequence[dict[str, Any]]) -> list[Labelled]:
    return [
        Labelled(Report(row["channel"], row["subject"], row["body"]), Severity(row["severity"]))
        for row in rows
    ]
