"""Words and patterns of an operator's own business, beside those that come with the program.

A file in TOML::

    [words]                       # more words of a group that the program knows (words.toml)
    checkout = "billettluke* bookingportal*"

    [[pattern]]                   # as in signals.toml, tried on the newest text in lower case
    pattern = "plukkrobot..(står|stanset)"
    at_least = "critical"         # or: is = "minor"
    because = "the picking robot stands"
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.kit.errors import BadConfig
from app.sla.severity.signals import compiled
from app.sla.severity.words import Lexicon, shipped_words
from app.sla.terms import Severity


@dataclass(frozen=True, slots=True)
class OwnPattern:
    """A pattern, and what it makes of a message."""

    pattern: re.Pattern[str]
    severity: Severity
    # True lowers as well; False only makes it worse.
    exactly: bool
    because: str

    def changes(self, severity: Severity) -> bool:
        """Tell whether a message of this severity is of another by the pattern."""
        return self.severity.rank < severity.rank or (self.exactly and self.severity != severity)


@dataclass(frozen=True, slots=True)
class Own:
    """What an operator has added."""

    # None where there are no words of one's own.
    lexicon: Lexicon | None = None
    patterns: Sequence[OwnPattern] = ()

    def fitting(self, text: str) -> OwnPattern | None:
        """Return the worst of the patterns that fit a text in lower case; None where none does."""
        fitting = [one for one in self.patterns if one.pattern.search(text)]
        return min(fitting, key=lambda one: one.severity.rank, default=None)


def read_own(toml: str) -> Own:
    """Read such a file; raise ValueError, in words for the operator, where it is wrong."""
    document = tomllib.loads(toml)
    unknown = document.keys() - {"words", "pattern"}
    if unknown:
        raise ValueError(f"there is no such table: {', '.join(sorted(unknown))}")
    words = document.get("words", {})
    shipped = shipped_words()
    strange = words.keys() - shipped.keys()
    if strange:
        raise ValueError(f"words: there is no group {', '.join(sorted(strange))}; see words.toml")
    # One's own come first: a word belongs to the first group that claims it.
    mine = {group: str(more).lower().split() for group, more in words.items()}
    both = {group: [*mine.get(group, ()), *known] for group, known in shipped.items()}
    lexicon = Lexicon({**mine, **both}) if words else None
    return Own(lexicon, tuple(map(_read_pattern, document.get("pattern", ()))))


def _read_pattern(entry: dict[str, Any]) -> OwnPattern:
    unknown = entry.keys() - {"pattern", "at_least", "is", "because"}
    if unknown:
        raise ValueError(f"pattern: there is no such key: {', '.join(sorted(unknown))}")
    text = entry.get("pattern")
    if not isinstance(text, str) or not text.strip():
        raise ValueError("pattern: it says what to look for")
    if ("at_least" in entry) == ("is" in entry):
        raise ValueError(f"pattern {text!r}: give either `at_least` or `is`")
    try:
        pattern = compiled(text)
        severity = Severity(str(entry.get("at_least", entry.get("is"))))
    except (re.error, ValueError) as error:
        raise ValueError(f"pattern {text!r}: {error}") from error
    because = str(entry.get("because", f"a pattern of our own: {text}"))
    return OwnPattern(pattern, severity, "is" in entry, because)


def own_of(path: Path) -> Own:
    """Return what a file adds; BadConfig where it cannot be read. A changed file is read anew."""
    try:
        return _own_at(path, path.stat().st_mtime_ns)
    except (OSError, ValueError) as error:
        raise BadConfig(
            f"{path}: {error}",
            field="severity.own",
            remedy="Mend the file, or take the setting out.",
        ) from error


@lru_cache(maxsize=4)
def _own_at(path: Path, _changed: int) -> Own:
    return read_own(path.read_text("utf-8"))
