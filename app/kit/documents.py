"""Reads a document that people write (TOML, or the same as JSON) into a checked model.

Whatever is wrong is said once, with the full key and, for TOML, the line.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from app.kit.errors import BadInput
from app.kit.toml_lines import line_of

M = TypeVar("M", bound=BaseModel)

_WORDS = {
    "extra_forbidden": "there is no such key.",
    "missing": "this is missing.",
}


def read_toml(model: type[M], text: str) -> M:
    """Return the document that a TOML text holds; BadInput names the key and the line."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"this is no TOML: {error}.") from error
    return _read(model, raw, text)


def read_mapping(model: type[M], raw: Mapping[str, object]) -> M:
    """Return the document that a mapping holds; BadInput names the full key."""
    return _read(model, raw, None)


def digest_of(document: Mapping[str, object]) -> str:
    """Return the SHA-256 of a document in its canonical form: sorted keys, no spaces, UTF-8."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _read(model: type[M], raw: Mapping[str, object], text: str | None) -> M:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first: Any = error.errors(include_url=False)[0]
        # A model that is one of two kinds names the kind in the path; people never wrote it.
        path = [part for part in first["loc"] if not str(part).startswith("~")]
        line = line_of(text, path) if text is not None else None
        message = _WORDS.get(first["type"]) or f"{_message(first)}."
        raise BadInput(
            message if line is None else f"{message.rstrip('.')} (line {line}).",
            field=_key(path) or None,
        ) from error


def _message(error: Mapping[str, Any]) -> str:
    cause = error.get("ctx", {}).get("error")
    message = str(cause) if isinstance(cause, ValueError) else str(error["msg"])
    return message.rstrip(".")


def _key(path: list[str | int]) -> str:
    """Return a path as people write it: ``steps[2].when.share``, counted from nought as in JSON."""
    key = ""
    for part in path:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else str(part)
    return key
