"""Reads TOML so that a complaint about any key can say on which line it stands.

The standard library's reader tells lines only for broken syntax, so the text is walked a second
time, by its own small rules, for where each key begins.
"""

import re
import tomllib
from dataclasses import dataclass

from app.kit.errors import BadInput

_BARE_OR_QUOTED = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_BARE_OR_QUOTED}(?:\s*\.\s*{_BARE_OR_QUOTED})*"
_TABLE = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")
_PART = re.compile(_BARE_OR_QUOTED)
# The end of a value that goes on over lines is found by counting brackets outside of texts.
_TEXT_OR_COMMENT = re.compile(
    r'"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL
)
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class TomlDocument:
    """What a TOML text holds, and the line on which each key begins."""

    data: dict[str, object]
    lines: dict[Path, int]

    def line_of(self, path: Path) -> int | None:
        """Return the line of a key, or of the nearest one around it; None at the very top."""
        for length in range(len(path), 0, -1):
            line = self.lines.get(path[:length])
            if line is not None:
                return line
        return None


def read_toml(text: str) -> TomlDocument:
    """Return the document; BadInput with its line when the syntax is broken."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        where = f"line {found[1]}" if found else "the end"
        what = _AT_LINE.sub("", str(error)).removesuffix(" (at end of document)").strip()
        raise BadInput(f"this is no TOML: {what}.", field=where) from None
    return TomlDocument(data, _lines(text))


def full_key(path: Path) -> str:
    """Return a path as a person writes it: ``a.b[0].c``."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    return "".join(parts).removeprefix(".")


def at_line(key: str, line: int | None) -> str:
    """Return how a complaint names its place."""
    return key if line is None else f"{key} (line {line})"


def _lines(text: str) -> dict[Path, int]:
    """Walk a text that is known to be right TOML."""
    # Texts and comments are blanked: a mark that is also in here is one of TOML's own.
    quiet = _TEXT_OR_COMMENT.sub(_blank, text)
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    depth = 0
    for number, (line, hushed) in enumerate(
        zip(text.split("\n"), quiet.split("\n"), strict=True), start=1
    ):
        header = _TABLE.match(line) if depth == 0 else None
        key = _KEY.match(line) if depth == 0 else None
        if header is not None and hushed[header.start(1)] == "[":
            table = _entered(header, counts)
            _note(found, table, number)
        elif key is not None and hushed[key.end() - 1] == "=":
            _note(found, table + _parts(key[1]), number)
            depth += _opened(hushed[key.end() :])
        else:
            depth += _opened(hushed)
    return found


def _entered(header: re.Match[str], counts: dict[Path, int]) -> Path:
    """Return the path of a table's header; an array's table gets its number."""
    path: Path = ()
    parts = _parts(header[2])
    for place, part in enumerate(parts, start=1):
        path = (*path, part)
        if header[1] == "[[" and place == len(parts):
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _note(found: dict[Path, int], path: Path, number: int) -> None:
    for length in range(1, len(path) + 1):
        found.setdefault(path[:length], number)
    found[path] = number


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _opened(hushed: str) -> int:
    return sum(hushed.count(mark) for mark in "[{") - sum(hushed.count(mark) for mark in "]}")


def _blank(found: re.Match[str]) -> str:
    # As long as before, so that places in the two texts are the same.
    return re.sub(r"[^\n]", " " if found[0].startswith("#") else "x", found[0])
