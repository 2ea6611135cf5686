"""Writes plain data as TOML, as a policy is exported; what is written reads back the same.

Only what our documents hold: tables, texts, numbers, truth and lists of these.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def write_toml(document: Mapping[str, object]) -> str:
    """Return the document; a value of another kind is a TypeError, for it is a mistake of ours."""
    return "\n".join(_table(document, ())).strip("\n") + "\n"


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    inner = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    rows = {key: value for key, value in table.items() if _is_rows(value)}
    plain = {key: value for key, value in table.items() if key not in inner and key not in rows}
    if path and (plain or not (inner or rows)):
        yield f"\n[{_path(path)}]"
    yield from _pairs(plain)
    for key, value in inner.items():
        yield from _table(value, (*path, key))
    for key, several in rows.items():
        for row in several:
            yield f"\n[[{_path((*path, key))}]]"
            yield from _pairs(row)


def _pairs(table: Mapping[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        if value is not None:
            yield f"{_key(key)} = {_value(value)}"


def _is_rows(value: object) -> bool:
    """Tell a list of tables, which is written a table at a time, from one of plain values."""
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _path(path: tuple[str, ...]) -> str:
    return ".".join(_key(part) for part in path)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        pairs = ", ".join(_pairs(value))
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, Sequence):
        return f"[{', '.join(_value(one) for one in value)}]"
    raise TypeError(f"{type(value).__name__} is no value of a document")


def _text(text: str) -> str:
    # A basic string of TOML escapes as JSON does, and U+007F besides.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
