"""Field maps: what each telephone system calls the things that we want to know, as data.

A map is a TOML file beside this one, or in the operator's own folder (``phone.maps_folder``); the
format is described in ``docs/phone.md``. What no map names is kept with the call as it came.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from app.config import TimeZone
from app.kit.errors import BadConfig, BadInput

# As it is described in docs/phone.md.
OWN = "generic"


def _is_pattern(text: str) -> str:
    re.compile(text)
    return text


Pattern = Annotated[str, AfterValidator(_is_pattern)]
When = dict[str, Pattern]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Part):
    """Where a value is found: a path, the part of it that counts, and when it does."""

    path: str
    pattern: Pattern | None = None
    when: When = Field(default_factory=dict)
    # Of a time that bears none.
    zone: TimeZone | None = None


class Rule(_Part):
    """What a word of the telephone system's means; the first rule of a thing that fits decides."""

    thing: Literal["direction", "outcome", "severity"]
    word: str
    when: When


class FieldMap(_Part):
    """One telephone system's map."""

    about: str
    # Where the body itself bears the token, since the system can set no header.
    token: str | None = None
    fields: dict[str, list[str | Source]]
    rules: list[Rule] = Field(default_factory=list)


NAMES = frozenset(
    {
        *("external_id", "direction", "from", "to", "theirs", "ours", "started", "answered"),
        *("ended", "duration", "talk", "outcome", "agent", "note", "transcript"),
        *("recording_url", "severity", "ticket"),
    }
)


@cache
def maps_of(folder: Path | None) -> Mapping[str, FieldMap]:
    """Return every map by its name; the operator's own before ours."""
    found = {}
    for file in files("intake.phone").joinpath("maps").iterdir():
        if file.name.endswith(".toml"):
            found[file.name.removesuffix(".toml")] = parse_map(file.read_text("utf-8"), file.name)
    for own in sorted(folder.glob("*.toml")) if folder else ():
        found[own.stem] = parse_map(own.read_text("utf-8"), str(own))
    return found


def parse_map(toml: str, name: str) -> FieldMap:
    """Read a map; BadConfig where it is none."""
    try:
        read = FieldMap.model_validate(tomllib.loads(toml))
    except (tomllib.TOMLDecodeError, ValidationError, re.error) as error:
        raise BadConfig(f"{name} is no field map: {error}", field="phone.maps_folder") from error
    unknown = sorted(read.fields.keys() - NAMES)
    if unknown:
        raise BadConfig(
            f"{name} maps to {', '.join(unknown)}, which a call does not have.",
            field="phone.maps_folder",
            remedy=f"There are: {', '.join(sorted(NAMES))}.",
        )
    return read


def get_map(name: str, folder: Path | None) -> FieldMap:
    """Return a map by its name; BadInput where there is none."""
    maps = maps_of(folder)
    if name not in maps:
        raise BadInput(
            f"there is no field map {name!r}",
            field="map",
            remedy=f"There are: {', '.join(sorted(maps))}.",
        )
    return maps[name]
