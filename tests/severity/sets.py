"""Sets of labelled messages, as files of JSON lines."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.sla.severity import Report
from app.sla.severity.measure import Labelled
from app.sla.terms import Severity


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def labelled(rows: Sequence[dict[str, Any]]) -> list[Labelled]:
    return [
        Labelled(Report(row["channel"], row["subject"], row["body"]), Severity(row["severity"]))
        for row in rows
    ]
