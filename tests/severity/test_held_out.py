"""The judge on messages that it was not trained on and no rule was written from.

``held_out.jsonl`` holds the quarter of what was written for ``base.jsonl`` whose identifier's
SHA-256 is divisible by four. It guards against a change for the worse; it is by the same four
authors as the examples, so that strangers' mail is judged less well.
"""

from pathlib import Path

from app.sla.severity import judge
from app.sla.severity.measure import measure
from app.sla.severity.model import base_examples
from tests.severity.sets import labelled, rows_of

ROWS = rows_of(Path(__file__).parent / "held_out.jsonl")


def test_the_judge_is_as_good_as_it_was_on_what_it_has_never_seen() -> None:
    measured = measure(labelled(ROWS), judge)
    assert measured.accuracy.value >= 0.78
    assert measured.critical_found.value >= 0.90
    assert measured.critical_belittled.value <= 0.04
    assert measured.false_alarms.value <= 0.28


def test_what_is_held_out_is_not_among_the_examples() -> None:
    known = {(one.subject, one.body) for one in base_examples()}
    assert not [row["id"] for row in ROWS if (row["subject"], row["body"]) in known]
