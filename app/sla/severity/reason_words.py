"""Reasons in their reader's language.

A reason is kept in English, as it was given; whoever reads bokmål or nynorsk is shown it in bokmål.
What an agent or the operator wrote themselves stays as they wrote it.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("nb", "en")
# Of a ticket that was merged: its number, and its reasons.
_MERGED = re.compile(r"(#\d+: )(.+)", re.DOTALL)
_QUOTED = re.compile(r"(.+?): “(.*)”", re.DOTALL)
_PLACE = re.compile(r"\\\{(\w+)\\\}")


@dataclass(frozen=True, slots=True)
class _Words:
    severities: Mapping[str, str]
    sentences: Sequence[tuple[re.Pattern[str], str]]
    meanings: Mapping[str, str]


def reasons_in(reasons: Sequence[str], language: str) -> list[str]:
    """Return reasons in a language; English for any but the Norwegian ones."""
    return [in_bokmal(one) for one in reasons] if language in {"nb", "nn"} else list(reasons)


def in_bokmal(reason: str) -> str:
    """Return a reason in bokmål; as it is where it is nobody's but its writer's."""
    merged = _MERGED.fullmatch(reason)
    if merged:
        return merged[1] + "; ".join(in_bokmal(one) for one in merged[2].split("; "))
    words = _words()
    for pattern, norwegian in words.sentences:
        found = pattern.fullmatch(reason)
        if found:
            given = found.groupdict()
            if "severity" in given:
                given["severity"] = words.severities[given["severity"]]
            return norwegian.format_map(given)
    quoted = _QUOTED.fullmatch(reason)
    about = _meanings(quoted[1] if quoted else reason, words.meanings)
    if about is None:
        return reason
    return f"{about}: «{quoted[2]}»" if quoted else about


def _meanings(text: str, known: Mapping[str, str]) -> str | None:
    """Return meanings joined by commas, some of which hold commas; None where one is unknown."""
    if text in known:
        return known[text]
    for comma in re.finditer(", ", text):
        first = known.get(text[: comma.start()])
        rest = _meanings(text[comma.end() :], known) if first is not None else None
        if rest is not None:
            return f"{first}, {rest}"
    return None


@cache
def _words() -> _Words:
    raw = files("app.sla.severity").joinpath("data/reasons.nb.toml").read_text("utf-8")
    document = tomllib.loads(raw)
    severities = document["severities"]
    # The most particular first: the longest.
    longest_first = sorted(document["sentences"].items(), key=lambda one: len(one[0]), reverse=True)
    sentences = [(_pattern(english, severities), norwegian) for english, norwegian in longest_first]
    return _Words(severities, sentences, document["meanings"])


def _pattern(english: str, severities: Iterable[str]) -> re.Pattern[str]:
    """Return what fits a sentence with anything in its places."""
    fits = {"severity": "|".join(severities), "number": r"#\d+", "text": ".*"}
    pattern = _PLACE.sub(lambda at: f"(?P<{at[1]}>{fits[at[1]]})", re.escape(english))
    return re.compile(pattern, re.DOTALL)
