"""What somebody searches for, as words and phrases; and as each database asks for them. Pure.

Whatever is typed is a search: only letters and digits are taken from it, so no sign of a database's
own language ever reaches it. Words are all wanted, ``"words in quotes"`` side by side, and what
follows a minus sign must not be there. A word of three letters or more is also found as the
beginning of a longer one, without its ending: Norwegian joins words, and bends them at the end.
"""

import re
from dataclasses import dataclass

_TOKEN = re.compile(r'(-?)"([^"]*)"?|(-?)([^\s"]+)')
_WORDS = re.compile(r"[^\W_]+")
MOST_TERMS = 20
LONGEST_QUERY = 500
_SHORTEST_BEGINNING = 3
_SHORTEST_STEM = 4
# Endings of Norwegian and English nouns and verbs, longest first.
_ENDINGS = (
    *("heten", "heter", "ingene", "inger", "ingen"),
    *("ende", "ene", "ane", "ene", "else", "ing", "ete"),
    *("en", "et", "er", "ar", "es", "ed", "te", "de", "s", "a", "e", "t", "r"),
)


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand side by side; one alone may be the beginning of a longer one."""

    words: tuple[str, ...]
    quoted: bool = False
    unwanted: bool = False

    @property
    def open_ended(self) -> bool:
        """Tell whether a longer word is found by it too."""
        word = self.words[0]
        alone = len(self.words) == 1 and not self.quoted
        return alone and len(word) >= _SHORTEST_BEGINNING and not word.isdecimal()


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for; without a wanted term nothing is found."""

    terms: tuple[Term, ...]

    @property
    def wanted(self) -> tuple[Term, ...]:
        """Return the terms that must be there."""
        return tuple(term for term in self.terms if not term.unwanted)

    @property
    def unwanted(self) -> tuple[Term, ...]:
        """Return the terms that must not be there."""
        return tuple(term for term in self.terms if term.unwanted)


def parse_search(query: str) -> Search:
    """Return what is searched for, whatever is typed."""
    terms = []
    for match in _TOKEN.finditer(query[:LONGEST_QUERY]):
        quoted = match[2] is not None
        words = tuple(_WORDS.findall((match[2] if quoted else match[4]).lower()))
        minus = match[1] if quoted else match[3]
        if words:
            terms.append(Term(words, quoted=quoted, unwanted=bool(minus)))
    return Search(tuple(terms[:MOST_TERMS]))


def plain(text: str) -> str:
    """Return a text's words alone, as both databases are given it: an address is its parts."""
    return " ".join(_WORDS.findall(text))


def beginning(word: str) -> str:
    """Return a word without its ending, where enough of it is left."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: -len(ending)]
    return word


def for_fts5(search: Search) -> str:
    """Return the search in SQLite's words; empty where nothing is wanted."""
    wanted = " AND ".join(_fts5(term) for term in search.wanted)
    unwanted = "".join(f" NOT {_fts5(term)}" for term in search.unwanted)
    return f"({wanted}){unwanted}" if wanted else ""


def _fts5(term: Term) -> str:
    if term.open_ended:
        return f'"{beginning(term.words[0])}"*'
    return f'"{" ".join(term.words)}"'


def for_postgres(search: Search) -> tuple[str, dict[str, str]]:
    """Return the search as an expression of PostgreSQL's and its parameters; empty for nothing.

    Both dictionaries are asked, as both have read what is kept.
    """
    parts, values = [], {}
    for number, term in enumerate(search.terms):
        name = f"term{number}"
        function = "to_tsquery" if term.open_ended else "phraseto_tsquery"
        values[name] = f"{term.words[0]}:*" if term.open_ended else " ".join(term.words)
        both = " || ".join(f"{function}('{one}', :{name})" for one in ("norwegian", "english"))
        parts.append(f"!!({both})" if term.unwanted else f"({both})")
    return (" && ".join(parts), values) if search.wanted else ("", {})


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a text, and where in it the words are that were searched for."""

    text: str
    marks: tuple[tuple[int, int], ...]


def snippet(search: Search, text: str, *, length: int = 200) -> Snippet:
    """Return the piece of a text around the first word found; its beginning where none is."""
    shown = " ".join(text.split())
    wanted = [
        re.escape(beginning(word) if term.open_ended else word)
        + (r"[^\W_]*" if term.open_ended else r"(?![^\W_])")
        for term in search.wanted
        for word in term.words
    ]
    pattern = re.compile(rf"(?<![^\W_])(?:{'|'.join(wanted)})", re.IGNORECASE) if wanted else None
    first = pattern.search(shown) if pattern else None
    start = max(0, first.start() - length // 3) if first else 0
    start = shown.rfind(" ", 0, start) + 1 if start else 0
    piece = shown[start : start + length]
    marks = tuple((m.start(), m.end()) for m in pattern.finditer(piece)) if pattern else ()
    return Snippet(piece, marks)
