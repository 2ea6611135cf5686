"""What a text must hold for a pattern to fit it at all, read from the pattern itself.

Most patterns fit few texts, and Python's regular expressions try each of their words at each
letter. So a text's runs of four letters are collected once, and a pattern is only tried on a text
that has one of those that each of its alternatives begins with. Where nothing can be told of a
pattern, it is always tried.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from re import _constants, _parser  # type: ignore[attr-defined] # what `re` itself reads with
from typing import Any

LENGTH = 4
# So many words that a part of a pattern can be are written out.
_MOST = 200
_FEW = 6
_SHORTEST = 3


def runs(text: str) -> set[str]:
    """Return the runs of four letters in a text."""
    return set(map("".join, zip(text, text[1:], text[2:], text[3:], strict=False)))


@dataclass(frozen=True, slots=True)
class Need:
    """What a text must hold one of: words by the run that each begins with, and shorter words."""

    by_run: Mapping[str, Sequence[str]]
    runs: AbstractSet[str]
    short: Sequence[str]

    def is_met(self, text: str, held: AbstractSet[str]) -> bool:
        """Tell whether a text that holds these runs has one of the words."""
        if not held.isdisjoint(self.runs):
            for run in held & self.runs:
                for word in self.by_run[run]:
                    if word in text:
                        return True
        return bool(self.short) and any(word in text for word in self.short)


@dataclass(frozen=True, slots=True)
class Sieved:
    """A pattern without flags, and what a text must hold for it."""

    pattern: re.Pattern[str]
    needs: Sequence[Need]

    def fits(self, text: str, held: AbstractSet[str]) -> bool:
        """Tell whether the pattern is found in a text that holds these runs."""
        for need in self.needs:
            if not need.is_met(text, held):
                return False
        return self.pattern.search(text) is not None


def sieved(sources: Iterable[str]) -> tuple[Sieved, ...]:
    """Compile alternatives, each with its needs; those that have none become one pattern."""
    found, always = [], []
    for source in sources:
        needs = [
            need
            for words in _read(_parser.parse(source)).all_needs()
            if (need := _need(words)) is not None
        ]
        if needs:
            needs.sort(key=lambda one: len(one.by_run) + 9 * len(one.short))
            found.append(Sieved(re.compile(source), tuple(needs)))
        else:
            always.append(f"(?:{source})")
    if always:
        found.append(Sieved(re.compile("|".join(always)), ()))
    return tuple(found)


def _need(words: AbstractSet[str]) -> Need | None:
    """Return what one of these words leaves in a text; None where that is nearly nothing."""
    by_run: dict[str, list[str]] = {}
    short = []
    for word in sorted(words):
        # Spaces stand everywhere.
        bare = word.strip()
        run = (bare if len(bare) >= LENGTH else word)[:LENGTH]
        if len(run) < LENGTH:
            short.append(run)
        else:
            by_run.setdefault(run, []).append(word)
    if len(short) > _FEW or min(map(len, short), default=_SHORTEST) < _SHORTEST:
        return None
    return Need(by_run, frozenset(by_run), tuple(short))


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a pattern: all words that it can be, or None, and what it needs besides."""

    words: frozenset[str] | None
    needs: Sequence[frozenset[str]] = ()

    def all_needs(self) -> Sequence[frozenset[str]]:
        return self.needs if self.words is None else [*self.needs, self.words]


_NOTHING = _Part(frozenset({""}))
_ANYTHING = _Part(None)


def _read(items: Iterable[tuple[Any, Any]]) -> _Part:
    """Read a sequence: words that follow one another are joined as long as they are few."""
    needs: list[frozenset[str]] = []
    words = _NOTHING.words or frozenset()
    whole = True
    for part in (_one(kind, what) for kind, what in items):
        if part.words is not None and len(words) * len(part.words) <= _MOST:
            words = frozenset(first + then for first in words for then in part.words)
            continue
        whole = False
        needs += [words, *part.needs]
        words = part.words or _NOTHING.words or frozenset()
    return _Part(words, needs) if whole else _Part(None, [*needs, words])


def _one(kind: Any, what: Any) -> _Part:
    part = _ANYTHING
    match kind:
        case _constants.LITERAL:
            part = _Part(frozenset({chr(what)}))
        case _constants.AT | _constants.ASSERT | _constants.ASSERT_NOT:
            # They take no letter; what they ask is left to the pattern.
            part = _NOTHING
        case _constants.IN:
            part = _one_of(what)
        case _constants.SUBPATTERN:
            part = _read(what[-1])
        case _constants.BRANCH:
            part = _any_of([_read(items) for items in what[1]])
        case _constants.MAX_REPEAT | _constants.MIN_REPEAT:
            part = _repeated(*what)
    return part


def _one_of(letters: Sequence[tuple[Any, Any]]) -> _Part:
    few = len(letters) <= _FEW and all(kind is _constants.LITERAL for kind, _ in letters)
    return _Part(frozenset(chr(one) for _, one in letters)) if few else _ANYTHING


def _any_of(parts: Sequence[_Part]) -> _Part:
    words = [part.words for part in parts if part.words is not None]
    if len(words) == len(parts):
        return _Part(frozenset().union(*words))
    # One need of each; the one whose shortest word is longest.
    best = [
        max(part.all_needs(), key=lambda need: min(map(len, need)), default=frozenset({""}))
        for part in parts
    ]
    return _Part(None, [frozenset().union(*best)])


def _repeated(least: int, most: int, items: Iterable[tuple[Any, Any]]) -> _Part:
    part = _read(items)
    if (least, most) == (0, 1) and part.words is not None:
        return _Part(part.words | {""})
    return _Part(None, part.all_needs() if least else ())
