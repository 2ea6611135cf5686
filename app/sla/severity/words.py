"""Text into clauses, and the words of a clause into what they are about."""

import html
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

LONGEST = 2_500
_NEXT_TO_NOTHING = 60
_QUOTED = re.compile(r"^\s*>.*$", re.MULTILINE)
_HISTORY = re.compile(
    r"^\s*(?:-{3,}.*|_{10,}|(?:from|fra|frå|från|von|de):\s.*|.{4,120}(?:wrote|skrev|skreiv|schrieb):)"
    r"\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_NOISE = re.compile(
    r"<[^<>]{1,200}>|\[(?:advarsel|warning|ekstern|external|utskrift|call|samtale)[^\]]{0,200}\]|"
    r"this (?:e-?mail|message) (?:and any|is intended).*|denne e-posten .{0,40}konfidensiell.*",
    re.IGNORECASE | re.DOTALL,
)
_HIDDEN = re.compile(r"<(style|script)\b.{0,4000}?</\1>", re.IGNORECASE | re.DOTALL)
_EDGE = re.compile(
    r"[.!?;\n…]+(?=\s|$)|\s[–—]\s|\b(?:men|but|aber|however|whereas|mens|medan|while)\b|[()]",
    re.IGNORECASE,
)
# What a link begins with tells nothing of certificates, and whose address it is nothing of words.
_ADDRESS = re.compile(r"https?://|[\w.+-]{1,64}@[\w.-]{1,80}", re.IGNORECASE)
_TOKEN = re.compile(r"[\w%]+(?:[.'’/*:-][\w%]+)*|%")
# A word longer than this is no word.
_WORD = 40
_REMEMBERED = 20_000


class Lexicon:
    """What words are about."""

    def __init__(self, groups: Mapping[str, Sequence[str]]) -> None:
        self._known: dict[str, str | None] = {}
        self._exact: dict[str, str] = {}
        self._starts: dict[str, str] = {}
        for group, words in groups.items():
            for word in words:
                if word.endswith("*"):
                    self._starts.setdefault(word[:-1], group)
                else:
                    self._exact.setdefault(word, group)

    def group(self, token: str) -> str | None:
        """Return the group of a word in lower case; None where it belongs to none."""
        known = self._known
        if token not in known:
            if len(known) >= _REMEMBERED:
                # A new one: other threads may be reading the old.
                known = self._known = {}
            known[token] = self._find(token)
        return known[token]

    def _find(self, token: str) -> str | None:
        found = self._exact.get(token)
        if found is not None:
            return found
        for length in range(min(len(token), _WORD), 1, -1):
            found = self._starts.get(token[:length])
            if found is not None:
                return found
        return "number" if token[:1].isdigit() else None


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of a sentence: its words in lower case, and each word's group or None."""

    tokens: tuple[str, ...]
    groups: tuple[str | None, ...]
    in_subject: bool
    asks: bool


@cache
def shipped_lexicon() -> Lexicon:
    """Return the lexicon that comes with the program."""
    return Lexicon(shipped_words())


@cache
def shipped_words() -> Mapping[str, Sequence[str]]:
    """Return the words of each group, as they come with the program."""
    return {name: str(entry["words"]).split() for name, entry in _document().items()}


@cache
def meanings() -> Mapping[str, str]:
    """Return what each group is about, in words for an agent."""
    return {name: str(entry["meaning"]) for name, entry in _document().items()}


@cache
def _document() -> dict[str, dict[str, str]]:
    raw = files("app.sla.severity").joinpath("data/words.toml").read_text("utf-8")
    return tomllib.loads(raw)


def newest(text: str) -> str:
    """Return the text without quoted lines, old mails below it, markup and disclaimers.

    What is quoted counts where the new text is next to nothing, as in a forwarded alarm or in
    "no, just the same here".
    """
    text = text[: LONGEST * 3]
    own = _QUOTED.sub("", text)
    old = _HISTORY.search(own)
    if old and own[: old.start()].strip():
        own = own[: old.start()]
    if len(own.strip()) < _NEXT_TO_NOTHING:
        own = text
    return html.unescape(_NOISE.sub(" ", _HIDDEN.sub(" ", own)))[:LONGEST]


def clauses(subject: str | None, text: str, lexicon: Lexicon | None = None) -> list[Clause]:
    """Split a subject and the newest text into clauses."""
    group = (lexicon or shipped_lexicon()).group
    found = []
    for raw, in_subject in ((subject or "", True), (text, False)):
        line = _ADDRESS.sub(" ", raw)
        start = 0
        for edge in [*_EDGE.finditer(line), None]:
            end = edge.start() if edge else len(line)
            tokens = tuple(token.lower()[:_WORD] for token in _TOKEN.findall(line[start:end]))
            if tokens:
                asks = bool(edge and "?" in edge.group())
                found.append(Clause(tokens, tuple(map(group, tokens)), in_subject, asks))
            start = edge.end() if edge else end
    return found
