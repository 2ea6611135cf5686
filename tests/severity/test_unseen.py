"""The judge as it ships on sets that nothing was learned from and nobody has looked into.

They guard against a change for the worse, and tell only how many were right. Whoever looks at
a single message that was judged wrongly makes its set known, and writes a new one.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from app.sla.severity import Judgement, Report, encode, judge
from app.sla.severity.measure import measure
from tests.severity.sets import TAUGHT, UNSEEN, VALIDATION, labelled, rows_of

# Right, critical found, critical belittled, false alarms; a little worse than what was measured,
# for another processor rounds otherwise.
FLOORS = {
    "unseen": (0.83, 0.92, 0.02, 0.32),
    "unseen_2": (0.91, 0.96, 0.02, 0.16),
    "unseen_3": (0.94, 0.97, 0.01, 0.12),
}
BY_WORDS = {
    "unseen": (0.72, 0.90, 0.04, 0.42),
    "unseen_2": (0.76, 0.86, 0.03, 0.35),
    "unseen_3": (0.85, 0.95, 0.02, 0.22),
}


@pytest.mark.parametrize("path", UNSEEN, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    ("judges", "floors"),
    [(partial(judge, encode=encode), FLOORS), (judge, BY_WORDS)],
    ids=["with the encoder", "by words alone"],
)
def test_the_judge_is_as_good_as_it_was(
    path: Path, judges: Callable[[Report], Judgement], floors: dict[str, tuple[float, ...]]
) -> None:
    right, found, belittled, false = floors[path.stem]
    measured = measure(labelled(rows_of(path)), judges)
    assert measured.accuracy.value >= right
    assert measured.critical_found.value >= found
    assert measured.critical_belittled.value <= belittled
    assert measured.false_alarms.value <= false


@pytest.mark.parametrize("path", [*UNSEEN, VALIDATION], ids=lambda path: path.stem)
def test_nothing_of_it_was_taught(path: Path) -> None:
    taught = {(row["subject"], row["body"]) for path in TAUGHT for row in rows_of(path)}
    assert not [r["id"] for r in rows_of(path) if (r["subject"], r["body"]) in taught]
