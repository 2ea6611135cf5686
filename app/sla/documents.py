"""Reads a document that people write (TOML, or the same as plain data) into a checked model.

Whatever is wrong is said once, with the full key and, for TOML, the line. A length of time may be
written ``repeat_every = "5m"`` or ``repeat_every_s = 300``; the second is the canonical form.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from app.kit.errors import BadInput
from app.sla.duration import parse_duration
from app.sla.toml_document import TomlDocument, at_line, full_key, read_toml

_WORDS = {
    "extra_forbidden": "there is no such key",
    "missing": "this is missing",
}


class Document(BaseModel):
    """Unchangeable, and a key that is not known is refused: a typing error is never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _read_durations(cls, raw: object) -> object:
        if not isinstance(raw, Mapping):
            return raw
        read = dict(cast("Mapping[str, object]", raw))
        for name in cls.model_fields:
            short = name.removesuffix("_s")
            if name.endswith("_s") and short in read:
                if name in read:
                    raise ValueError(f"{short} and {name} say the same")
                read[name] = _seconds(short, read.pop(short))
        return read


M = TypeVar("M", bound=BaseModel)


def from_toml(model: type[M], text: str) -> M:
    """Return the document that a TOML text holds; BadInput names the key and the line."""
    document = read_toml(text)
    return _read(model, document.data, document)


def from_mapping(model: type[M], raw: Mapping[str, object]) -> M:
    """Return the document that plain data holds; BadInput names the full key."""
    return _read(model, raw, None)


def digest_of(document: Mapping[str, object]) -> str:
    """Return the SHA-256 of a document in its canonical form: sorted keys, no spaces, UTF-8."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _read(model: type[M], raw: Mapping[str, object], source: TomlDocument | None) -> M:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first: Any = error.errors(include_url=False)[0]
        # A model that is one of two kinds names the kind in the path; people never wrote it.
        path = tuple(part for part in first["loc"] if not str(part).startswith("~"))
        line = source.line_of(path) if source is not None else None
        place = at_line(full_key(path), line) if path else None
        raise BadInput(f"{_message(first)}.", field=place) from None


def _message(error: Mapping[str, Any]) -> str:
    cause = error.get("ctx", {}).get("error")
    message = str(cause) if isinstance(cause, ValueError) else str(error["msg"])
    return _WORDS.get(error["type"]) or message.rstrip(".")


def _seconds(name: str, value: object) -> int:
    before = isinstance(value, str) and value.startswith("-")
    seconds = parse_duration(value.removeprefix("-") if isinstance(value, str) else value)
    if seconds is None:
        raise ValueError(f'{name} is no length of time: write it as "2h", "1h30m" or "-15m"')
    return -seconds if before else seconds
