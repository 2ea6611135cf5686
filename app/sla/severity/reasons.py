"""Why the model thinks so, in words that an agent understands."""

from collections.abc import Sequence

from app.sla.severity.features import WEIGHS, Reading
from app.sla.severity.model import Model
from app.sla.severity.shares import CLASSES
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
        "you",
        "he",
        "they",
        "says",
        "calls",
        "callnote",
        "greet",
        "gives",
        "happen",
        "sure",
        "see",
        "need",
        "date",
        "days",
        "hours",
        "season",
        "any",
        "before",
    }
)


def reasons_for(reading: Reading, model: Model, severity: Severity) -> list[str]:
    """Return what speaks most for a severity, with the words that say it; empty if nothing does."""
    at = CLASSES.index(severity)
    least = _LEAST * 1_000_000 * (len(CLASSES) - 1) / reading.features.scale
    gains = [
        (WEIGHS[kind] * leaning, name)
        for kind in "gp"
        for leaning, name in model.weights.leanings(reading.features.of_kind[kind], at)
        if WEIGHS[kind] * leaning >= least
    ]
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
