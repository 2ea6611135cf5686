"""A message as the features that the model weighs.

A feature is one of these, told by its first letters:

- ``g:`` a group of words, ``s:`` in the subject, ``q:`` in a question;
- ``p:`` two groups in one clause, ``b:`` one right after the other, ``m:`` anywhere in the message;
- ``w:`` a word, ``x:`` a word and the one after it, ``y:`` the same with groups in place of words;
- ``c:`` three and five letters of a word, which carry over from language to language.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
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
# However long a message is, its features weigh as much together.
_WEIGHT = 8.0
# In a clause of so many groups, which is a list or a log, pairs tell nothing.
_MANY = 14
# Nor do pairs anywhere in a long message.
_MANY_IN_ALL = 30
_LETTERS = (3, 5)


@dataclass(frozen=True, slots=True)
class Features:
    """What the model weighs in a message: names by their first letter, and what scales them."""

    of_kind: Mapping[str, Set[str]]
    scale: float

    def weighed(self) -> Iterator[tuple[str, float]]:
        """Give each feature with what it weighs."""
        for kind, names in self.of_kind.items():
            value = WEIGHS[kind] / 1000 * self.scale
            yield from ((name, value) for name in names)


@dataclass(frozen=True, slots=True)
class Reading:
    """A message taken apart: its newest text, its clauses, and its features."""

    text: str
    clauses: Sequence[Clause]
    features: Features


def read(channel: str, subject: str | None, body: str, lexicon: Lexicon | None = None) -> Reading:
    """Take a message apart."""
    text = newest(body)
    parts = clauses((subject or "")[:LONGEST_SUBJECT], text, lexicon)
    return Reading(text, parts, _features(channel, parts))


def _features(channel: str, parts: Sequence[Clause]) -> Features:
    found: dict[str, set[str]] = defaultdict(set)
    found["a"] = {f"channel:{channel}", "always"}
    for part in parts:
        _add_clause(found, part)
    everywhere = {one[2:] for one in found["g"]}
    if len(everywhere) <= _MANY_IN_ALL:
        found["m"] = {f"m:{one}&{other}" for one, other in combinations(sorted(everywhere), 2)}
    found["c"].update(*[_letters(one[2:]) for one in found["w"]])
    squares = sum(len(names) * WEIGHS[kind] ** 2 for kind, names in found.items())
    return Features(found, _WEIGHT * 1000 / math.sqrt(squares))


def _add_clause(found: Mapping[str, set[str]], part: Clause) -> None:
    tokens = part.tokens
    found["w"].update([f"w:{one}" for one in tokens])
    if len(tokens) > 1:
        mixed = [group or token for group, token in zip(part.groups, tokens, strict=True)]
        found["x"].update([f"x:{one} {other}" for one, other in pairwise(tokens)])
        found["y"].update([f"y:{one} {other}" for one, other in pairwise(mixed)])
    groups = [one for one in part.groups if one]
    if not groups:
        return
    different = sorted(set(groups))
    found["g"].update([f"g:{one}" for one in different])
    if part.in_subject:
        found["s"].update([f"s:{one}" for one in different])
    if part.asks:
        found["q"].update([f"q:{one}" for one in different])
    if len(groups) > 1:
        found["b"].update([f"b:{one} {other}" for one, other in pairwise(groups)])
        if len(different) <= _MANY:
            found["p"].update([f"p:{one}&{other}" for one, other in combinations(different, 2)])


@lru_cache(maxsize=20_000)
def _letters(token: str) -> tuple[str, ...]:
    word = f" {token} "
    return tuple(
        f"c:{word[at : at + length]}" for length in _LETTERS for at in range(len(word) - length + 1)
    )
