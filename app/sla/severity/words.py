"""Text into clauses, and clauses into what their words mean."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

LONGEST = 4_000
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
_EDGE = re.compile(
    r"[.!?;\n…]+(?=\s|$)|\s[–—]\s|\b(?:men|but|aber|however|whereas|mens|medan|while)\b|[()]",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[\w%]+(?:[.'’/*:-][\w%]+)*|%")
_STEM = 4
_FAR = 4


@dataclass(slots=True)
class _Node:
    """One word of a phrase and what may follow it."""

    exact: dict[str, "_Node"] = field(default_factory=dict)
    starts: dict[str, list[tuple[str, "_Node"]]] = field(default_factory=dict)
    any_one: "_Node | None" = None
    skip: "_Node | None" = None
    means: list[str] = field(default_factory=list)


class Lexicon:
    """Phrases by what they mean; a text is looked up word by word."""

    def __init__(self, phrases: Mapping[str, Sequence[str]]) -> None:
        self._root = _Node()
        for concept, several in phrases.items():
            for phrase in several:
                self._add(phrase.split(), concept)

    def meanings(self, tokens: Sequence[str]) -> dict[str, str]:
        """Return what is meant, each with the first words that say so."""
        found: dict[str, str] = {}
        for start in range(len(tokens)):
            for end, node in self._walk(self._root, tokens, start):
                for concept in node.means:
                    found.setdefault(concept, " ".join(tokens[start:end]))
        return found

    def _add(self, words: Sequence[str], concept: str) -> None:
        node = self._root
        for word in words:
            if word == "_":
                node.any_one = node.any_one or _Node()
                node = node.any_one
            elif word == "~":
                node.skip = node.skip or _Node()
                node = node.skip
            elif word.endswith("*"):
                stem = word[:-1]
                several = node.starts.setdefault(stem[:_STEM], [])
                known = next((one for text, one in several if text == stem), None)
                if known is None:
                    known = _Node()
                    several.append((stem, known))
                node = known
            else:
                node = node.exact.setdefault(word, _Node())
        node.means.append(concept)

    def _walk(self, node: _Node, tokens: Sequence[str], at: int) -> Iterator[tuple[int, _Node]]:
        if node.means:
            yield at, node
        if at >= len(tokens):
            return
        token = tokens[at]
        following = node.exact.get(token)
        if following is not None:
            yield from self._walk(following, tokens, at + 1)
        for length in range(1, _STEM + 1):
            for stem, one in node.starts.get(token[:length], ()):
                if len(stem) == length or (length == _STEM and token.startswith(stem)):
                    yield from self._walk(one, tokens, at + 1)
        if node.any_one is not None:
            yield from self._walk(node.any_one, tokens, at + 1)
        if node.skip is not None:
            for further in range(at, min(at + _FAR, len(tokens))):
                yield from self._walk(node.skip, tokens, further)


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of a sentence, and what its words mean."""

    tokens: tuple[str, ...]
    means: Mapping[str, str]
    in_subject: bool
    asks: bool


@cache
def lexicon() -> Lexicon:
    """Return the shipped lexicon."""
    raw = files("app.sla.severity").joinpath("data/concepts.toml").read_text("utf-8")
    return Lexicon(read_phrases(raw))


def read_phrases(toml: str) -> dict[str, list[str]]:
    """Read ``[concept] words = "a | b c* | d ~ e"``."""
    document = tomllib.loads(toml)
    return {
        concept: [
            " ".join(one.split())
            for line in entry["words"].splitlines()
            for one in line.split("|")
            if one.strip()
        ]
        for concept, entry in document.items()
    }


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
    return _NOISE.sub(" ", own)[:LONGEST]


def clauses(subject: str | None, text: str) -> list[Clause]:
    """Split a message into clauses."""
    lines = [(subject or "", True), (newest(text), False)]
    known = lexicon()
    found = []
    for line, in_subject in lines:
        start = 0
        for edge in [*_EDGE.finditer(line), None]:
            end = edge.start() if edge else len(line)
            tokens = tuple(token.lower() for token in _TOKEN.findall(line[start:end]))
            asks = bool(edge and "?" in edge.group())
            if tokens:
                found.append(Clause(tokens, known.meanings(tokens), in_subject, asks))
            start = edge.end() if edge else end
    return found
