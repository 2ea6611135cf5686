"""Finds the line of a TOML text on which a key stands, so that an error can say where to look.

The standard reader gives values without places. This one reads only what it needs for places:
headers, keys, and where a text or a list runs over several lines. It is asked only after the text
has been read without error, and it answers with the nearest line that it is sure of.
"""

import re
from collections.abc import Sequence

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")
# A text in quotes, or a comment: what may hold brackets that mean nothing.
_OPAQUE = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'|#.*')

Path = tuple[str | int, ...]


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """Return the line, counted from 1, of the key at ``path`` or of the nearest one above it.

    None means that not even the first part of the path is written in the text.
    """
    wanted = tuple(path)
    best: tuple[int, int] | None = None
    for number, found in _places(text):
        depth = _common(found, wanted)
        if depth == len(found) and (best is None or depth > best[0]):
            best = (depth, number)
    return best[1] if best else None


def _common(found: Path, wanted: Path) -> int:
    depth = 0
    for have, want in zip(found, wanted, strict=False):
        if have != want:
            break
        depth += 1
    return depth


def _places(text: str) -> list[tuple[int, Path]]:
    """Return every header and key with its line and its full path."""
    places: list[tuple[int, Path]] = []
    table: Path = ()
    counts: dict[Path, int] = {}
    open_brackets = 0
    closing: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if closing is not None:
            # Inside a text of several lines nothing is a key.
            closing = None if closing in line else closing
            continue
        if open_brackets == 0:
            header = _HEADER.match(line)
            if header:
                table = _table(header[2], repeated=header[1] == "[[", counts=counts)
                places.append((number, table))
                continue
            key = _KEY.match(line)
            if key:
                places.append((number, (*table, *_parts(key[1]))))
        bare = _OPAQUE.sub("", line.replace('"""', "\0").replace("'''", "\1"))
        open_brackets += sum(bare.count(sign) for sign in "[{")
        open_brackets -= sum(bare.count(sign) for sign in "]}")
        for mark, quotes in (("\0", '"""'), ("\1", "'''")):
            if bare.count(mark) % 2:
                closing = quotes
    return places


def _table(name: str, *, repeated: bool, counts: dict[Path, int]) -> Path:
    """Return the full path of a header, with the number of each repeated table in it."""
    path: Path = ()
    parts = _parts(name)
    for index, part in enumerate(parts):
        path = (*path, part)
        if index == len(parts) - 1 and repeated:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(name))
