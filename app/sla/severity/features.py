"""A message as the features that the model weighs.

A feature is one of these, told by its first letters:

- ``g:`` a group of words, ``s:`` in the subject, ``q:`` in a question;
- ``p:`` two groups in one clause, ``b:`` one right after the other, ``m:`` anywhere in the message;
- ``w:`` a word, ``x:`` a word and the one after it, ``y:`` the same with groups in place of words;
- ``c:`` three and five letters of a word, which carry over from language to language.

They are taken of the message as a whole and, but for ``m:`` and ``c:``, of each clause by itself.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise

from app.sla.severity.words import Clause, Lexicon, clauses, newest

LONGEST_SUBJECT = 500
# What a feature weighs by its first letter, in thousandths, before all of a message are scaled;
# "a" stands for what every message has.
WEIGHS: Mapping[str, int] = {
    "a": 500,
    "g": 700,
    "s": 400,
    "q": 400,
    "p": 500,
    "b": 500,
    "m": 150,
    "w": 300,
    "x": 300,
    "y": 300,
    "c": 144,
}
# However long a message is, its features weigh as much together; and those of a clause.
_WEIGHT = 8.0
_CLAUSE_WEIGHT = 6.0
# In a clause of so many groups, which is a list or a log, pairs tell nothing.
_MANY = 14
# Nor do pairs anywhere in a long message.
_MANY_IN_ALL = 30
_LETTERS = (3, 5)


@dataclass(frozen=True, slots=True)
class Features:
    """What the model weighs: names by their first letter, and what scales them."""

    of_kind: Mapping[str, Collection[str]]
    scale: float

    def weighed(self) -> Iterator[tuple[str, float]]:
        """Give each feature with what it weighs."""
        for kind, names in self.of_kind.items():
            value = WEIGHS[kind] / 1000 * self.scale
            yield from ((name, value) for name in names)


@dataclass(frozen=True, slots=True)
class Reading:
    """A message taken apart: its newest text, its clauses, its features, and those of a clause."""

    text: str
    clauses: Sequence[Clause]
    features: Features
    by_clause: Sequence[Features]


def read(channel: str, subject: str | None, body: str, lexicon: Lexicon | None = None) -> Reading:
    """Take a message apart."""
    text = newest(body)
    parts = clauses((subject or "")[:LONGEST_SUBJECT], text, lexicon)
    by_clause = [_of_clause(part) for part in parts]
    return Reading(text, parts, _of_message(channel, by_clause), by_clause)


def _of_message(channel: str, by_clause: Sequence[Features]) -> Features:
    found: dict[str, set[str]] = defaultdict(set)
    for features in by_clause:
        for kind, names in features.of_kind.items():
            found[kind].update(names)
    found["a"] = {f"channel:{channel}", "always"}
    everywhere = {one[2:] for one in found["g"]}
    if len(everywhere) <= _MANY_IN_ALL:
        found["m"] = {f"m:{one}&{other}" for one, other in combinations(sorted(everywhere), 2)}
    found["c"].update(*[_letters(one[2:]) for one in found["w"]])
    return _scaled(found, _WEIGHT)


def _of_clause(part: Clause) -> Features:
    tokens = part.tokens
    found = {"a": ["in subject"] if part.in_subject else ["in text"]}
    found["w"] = [f"w:{one}" for one in tokens]
    if len(tokens) > 1:
        mixed = [group or token for group, token in zip(part.groups, tokens, strict=True)]
        found["x"] = [f"x:{one} {other}" for one, other in pairwise(tokens)]
        found["y"] = [f"y:{one} {other}" for one, other in pairwise(mixed)]
    groups = [one for one in part.groups if one]
    if groups:
        different = sorted(set(groups))
        found["g"] = [f"g:{one}" for one in different]
        if part.in_subject:
            found["s"] = [f"s:{one}" for one in different]
        if part.asks:
            found["q"] = [f"q:{one}" for one in different]
        if len(groups) > 1:
            found["b"] = [f"b:{one} {other}" for one, other in pairwise(groups)]
            if len(different) <= _MANY:
                found["p"] = [f"p:{one}&{other}" for one, other in combinations(different, 2)]
    return _scaled(found, _CLAUSE_WEIGHT)


def _scaled(found: Mapping[str, Collection[str]], weight: float) -> Features:
    squares = sum(len(names) * WEIGHS[kind] ** 2 for kind, names in found.items())
    return Features(found, weight * 1000 / math.sqrt(squares))


@lru_cache(maxsize=20_000)
def _letters(token: str) -> tuple[str, ...]:
    word = f" {token} "
    return tuple(
        f"c:{word[at : at + length]}" for length in _LETTERS for at in range(len(word) - length + 1)
    )
