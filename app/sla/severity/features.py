"""A message as the features that the model weighs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from app.sla.severity.signals import told_by
from app.sla.severity.words import Clause, clauses, newest

_SHORT = 60


@dataclass(frozen=True, slots=True)
class Reading:
    """A message taken apart: its clauses, what it tells as a whole, and its weighed features."""

    text: str
    clauses: Sequence[Clause]
    signals: dict[str, str]
    features: dict[str, float]


def read(channel: str, subject: str | None, body: str) -> Reading:
    """Take a message apart."""
    subject = (subject or "")[:500]
    text = newest(body)
    parts = clauses(subject, text)
    told = told_by(f"{subject}\n{text}".lower())
    return Reading(text, parts, told, _features(channel, parts, told))


def _features(channel: str, parts: Sequence[Clause], told: dict[str, str]) -> dict[str, float]:
    found = {f"channel:{channel}": 0.7, "always": 0.7}
    for part in parts:
        meanings = sorted(part.means)
        for meaning in meanings:
            found[f"word:{meaning}"] = 0.7
            if part.in_subject:
                found[f"subject:{meaning}"] = 0.35
        for one, other in combinations(meanings, 2):
            found[f"{one}&{other}"] = 0.5
        if part.asks:
            found["asks"] = 0.7
        if not meanings:
            found["nothing"] = 0.35
    for one in told:
        found[f"signal:{one}"] = 1.0
    for one, other in combinations(sorted(told), 2):
        found[f"signal:{one}+{other}"] = 0.6
    tokens = [token for part in parts for token in part.tokens]
    for token in tokens:
        found[f"token:{token}"] = 0.15
    for one, other in pairwise(tokens):
        found[f"token:{one} {other}"] = 0.15
    found[f"length:{min(5, len(tokens) // 20)}"] = 0.35
    return found
