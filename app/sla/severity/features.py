"""A message as the features that the model weighs.

A feature is one of these, told by its first letters:

- ``g:`` a group of words, ``s:`` in the subject, ``q:`` in a question;
- ``p:`` two groups in one clause, ``b:`` one right after the other, ``m:`` anywhere in the message;
- ``w:`` a word, ``x:`` a word and the one after it, ``y:`` the same with groups in place of words;
- ``c:`` three and five letters of a word, which carry over from language to language.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise

from app.sla.severity.words import Clause, Lexicon, clauses, newest

LONGEST_SUBJECT = 500
# However long a message is, its features weigh as much together.
_WEIGHT = 8.0
# In a clause of so many groups, which is a list or a log, pairs tell nothing.
_MANY = 14
# Nor do pairs anywhere in a long message.
_MANY_IN_ALL = 30
_LETTERS = (3, 5)


@dataclass(frozen=True, slots=True)
class Reading:
    """A message taken apart: its newest text, its clauses, and its weighed features."""

    text: str
    clauses: Sequence[Clause]
    features: dict[str, float]


def read(channel: str, subject: str | None, body: str, lexicon: Lexicon | None = None) -> Reading:
    """Take a message apart."""
    subject = (subject or "")[:LONGEST_SUBJECT]
    text = newest(body)
    parts = clauses(subject, text, lexicon)
    return Reading(text, parts, _features(channel, parts))


def features_of(
    channel: str, subject: str | None, body: str, lexicon: Lexicon | None = None
) -> dict[str, float]:
    """Return what the model weighs in a message, by name."""
    return _features(channel, clauses((subject or "")[:LONGEST_SUBJECT], newest(body), lexicon))


def _features(channel: str, parts: Sequence[Clause]) -> dict[str, float]:
    found = {f"channel:{channel}": 0.5, "always": 0.5}
    for part in parts:
        found |= _of_clause(part)
    everywhere = {one for part in parts for one in part.groups if one}
    if len(everywhere) <= _MANY_IN_ALL:
        for one, other in combinations(sorted(everywhere), 2):
            found[f"m:{one}&{other}"] = 0.15
    for token in {token for part in parts for token in part.tokens}:
        found |= _letters(token)
    scale = _WEIGHT / math.sqrt(sum(value * value for value in found.values()))
    return {name: value * scale for name, value in found.items()}


def _of_clause(part: Clause) -> dict[str, float]:
    groups = [one for one in part.groups if one]
    mixed = [group or token for group, token in zip(part.groups, part.tokens, strict=True)]
    different = sorted(set(groups))
    found = {f"g:{one}": 0.7 for one in different}
    if part.in_subject:
        found |= {f"s:{one}": 0.4 for one in different}
    if part.asks:
        found |= {f"q:{one}": 0.4 for one in different}
    if len(different) <= _MANY:
        found |= {f"p:{one}&{other}": 0.5 for one, other in combinations(different, 2)}
    found |= {f"b:{one} {other}": 0.5 for one, other in pairwise(groups)}
    found |= {f"y:{one} {other}": 0.3 for one, other in pairwise(mixed)}
    found |= {f"x:{one} {other}": 0.3 for one, other in pairwise(part.tokens)}
    return found | {f"w:{token}": 0.3 for token in part.tokens}


@lru_cache(maxsize=20_000)
def _letters(token: str) -> dict[str, float]:
    word = f" {token} "
    return {
        f"c:{word[at : at + length]}": 0.144
        for length in _LETTERS
        for at in range(len(word) - length + 1)
    }
