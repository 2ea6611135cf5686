"""Why the model thinks so, in words that an agent understands."""

from collections.abc import Sequence

from app.sla.severity.features import Reading
from app.sla.severity.model import CLASSES, Model
from app.sla.severity.words import Clause, meanings
from app.sla.terms import Severity

_MOST = 4
# A feature that moves the scale by less is no reason.
_LEAST = 0.05
# They weigh, but tell a person nothing.
_SAYS_LITTLE = frozenset(
    {
        "can",
        "since",
        "was",
        "please",
        "number",
        "question",
        "we",
        "me",
        "office",
        "sec",
        "if",
        "page",
    }
)


def reasons_for(reading: Reading, model: Model, severity: Severity) -> list[str]:
    """Return what speaks most for a severity, with the words that say it; empty if nothing does."""
    at = CLASSES.index(severity)
    gains = []
    for name, value in reading.features.items():
        if name.startswith(("g:", "p:")) and name in model.weights:
            weights = model.weights[name]
            against = (sum(weights) - weights[at]) / (len(CLASSES) - 1)
            gain = value * (weights[at] - against)
            if gain >= _LEAST:
                gains.append((gain, name))
    told: set[str] = set()
    found: list[str] = []
    for _gain, name in sorted(gains, key=lambda one: (-one[0], one[1])):
        groups = name[2:].split("&")
        if len(found) == _MOST:
            break
        if not told.issuperset(groups) and _SAYS_LITTLE.isdisjoint(groups):
            told.update(groups)
            found.append(_in_words(groups, reading.clauses))
    return found


def _in_words(groups: Sequence[str], clauses: Sequence[Clause]) -> str:
    named = ", ".join(meanings().get(one, one) for one in groups)
    for clause in clauses:
        if set(groups) <= set(clause.groups):
            places = sorted(clause.groups.index(one) for one in groups)
            return f"{named}: “{' … '.join(clause.tokens[at] for at in places)}”"
    return named
