"""Twilio's own description of its API (OpenAPI), and whether a request or an answer keeps to it.

Only what the document uses is checked: names, required fields, types, enums, patterns, lengths and
a few formats. It lies beside the checkout and not in it; without it nothing is checked, and the
tests that are about it are skipped.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
FILE = (
    Path(os.environ.get("SVARTID_SHARED", ROOT.parent / "shared"))
    / "specs"
    / ("twilio_api_v2010.json")
)
_FORM = "application/x-www-form-urlencoded"
_NUMBER = re.compile(r"^\+[1-9]\d{6,14}$")
_BOOLEAN = {"true", "false"}


class Document:
    """The document, read once."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._paths = [
            (re.compile("^" + re.sub(r"\{\w+\}", "([^/]+)", path) + "$"), path)
            for path in document["paths"]
        ]

    @classmethod
    @cache
    def load(cls) -> Self | None:
        """Return the document; None where it does not lie beside the checkout."""
        return cls(json.loads(FILE.read_text(encoding="utf-8"))) if FILE.is_file() else None

    def wrong_in_request(
        self,
        method: str,
        path: str,
        query: Mapping[str, Sequence[str]],
        form: Mapping[str, Sequence[str]],
    ) -> list[str]:
        """Return what a request has that the document does not allow."""
        operation = self._operation(method, path)
        if operation is None:
            return [f"the document knows no {method} {path}"]
        wrong: list[str] = []
        asked = {
            one["name"]: one for one in operation.get("parameters", ()) if one["in"] == "query"
        }
        for name, values in query.items():
            if name not in asked:
                wrong.append(f"{method} {path} has no query parameter {name}")
            else:
                wrong += self._wrong(name, values, asked[name]["schema"])
        body = operation.get("requestBody", {}).get("content", {}).get(_FORM, {}).get("schema", {})
        fields = body.get("properties", {})
        for name, values in form.items():
            if name not in fields:
                wrong.append(f"{method} {path} has no field {name}")
            else:
                wrong += self._wrong(name, values, fields[name])
        wrong += [f"{name} is missing" for name in body.get("required", ()) if name not in form]
        return wrong

    def wrong_in_answer(self, method: str, path: str, body: Mapping[str, Any]) -> list[str]:
        """Return what an answer of the stand-in has that the real one would not."""
        operation = self._operation(method, path)
        assert operation is not None
        (answer,) = operation["responses"].values()
        schema = self._real(answer["content"]["application/json"]["schema"])
        return list(self._wrong_object("answer", body, schema))

    def _operation(self, method: str, path: str) -> Mapping[str, Any] | None:
        for pattern, name in self._paths:
            if pattern.match(path):
                found: Mapping[str, Any] | None = self._document["paths"][name].get(method.lower())
                return found
        return None

    def _real(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" not in schema:
            return schema
        found: Mapping[str, Any] = self._document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return found

    def _wrong(self, name: str, values: Sequence[str], schema: Mapping[str, Any]) -> list[str]:
        schema = self._real(schema)
        if schema.get("type") == "array":
            items = self._real(schema["items"])
            return [one for value in values for one in _wrong_text(name, value, items)]
        if len(values) != 1:
            return [f"{name} is given {len(values)} times"]
        return list(_wrong_text(name, values[0], schema))

    def _wrong_object(self, name: str, value: Any, schema: Mapping[str, Any]) -> Iterator[str]:
        schema = self._real(schema)
        if value is None:
            if not schema.get("nullable") and "enum" not in schema:
                yield f"{name} cannot be null"
            return
        kinds = {"object": dict, "array": list, "integer": int, "boolean": bool, "string": str}
        expected = kinds.get(schema.get("type", ""))
        if expected is not None and not isinstance(value, expected):
            yield f"{name} is {value!r}"
        elif isinstance(value, dict) and "properties" in schema:
            for key, one in value.items():
                if key not in schema["properties"]:
                    yield f"{name} has no {key}"
                else:
                    yield from self._wrong_object(key, one, schema["properties"][key])
        elif isinstance(value, list):
            for one in value:
                yield from self._wrong_object(name, one, schema["items"])
        elif "enum" in schema and value not in schema["enum"]:
            yield f"{name} cannot be {value!r}"


def _wrong_text(name: str, value: str, schema: Mapping[str, Any]) -> Iterator[str]:
    kind, form = schema.get("type"), schema.get("format")
    if kind == "integer" and not re.fullmatch(r"-?\d+", value):
        yield f"{name} is no integer: {value!r}"
    if kind == "boolean" and value not in _BOOLEAN:
        yield f"{name} is no boolean: {value!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{name} is none of {schema['enum']}: {value!r}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{name} does not match {schema['pattern']}: {value!r}"
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        yield f"{name} is {len(value)} long"
    if form in {"phone-number", "endpoint"} and not _NUMBER.match(value):
        yield f"{name} is no number in E.164: {value!r}"
    if form == "uri":
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            yield f"{name} is no address: {value!r}"
