"""What is promised: a target and a limit for each severity and clock, and how time is counted.

A policy is plain data, checked as a whole when it is read and never changed afterwards: a new
promise is a new policy. Lower figure is the target, upper the limit; past the limit is a breach.
"""

import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Annotated, Self, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.kit.errors import BadInput
from app.sla.duration import check_duration, write_duration
from app.sla.hours import Calendar
from app.sla.terms import FAULTS, ClockKind, Counting, Severity
from app.sla.toml_document import Path, TomlDocument, at_line, full_key, read_toml

DAY_S = 86_400
_DEFAULT = FilePath(__file__).parent.parent / "data" / "policy.toml"

# What a policy must promise for every fault; without it a fault would run no clock at all.
REQUIRED_CLOCKS = (ClockKind.FIRST_RESPONSE, ClockKind.WORK_STARTED)


class Target(BaseModel):
    """One promise: aimed at within ``target_s``, broken after ``limit_s``.

    Seconds are of true time for ``every_hour``, of working time for ``business_hours``, and whole
    days of 86,400 for ``calendar_days``. ``calendar`` is None for the policy's own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    target_s: int = Field(ge=0)
    limit_s: int = Field(ge=0)
    counting: Counting
    calendar: str | None = None

    @model_validator(mode="after")
    def _limit_after_target(self) -> Self:
        if self.limit_s < self.target_s:
            raise ValueError("the limit comes before the target")
        if self.counting is Counting.CALENDAR_DAYS and (
            self.target_s % DAY_S or self.limit_s % DAY_S
        ):
            raise ValueError("calendar days are counted whole: write them as 2d")
        return self


Targets = dict[Severity, dict[ClockKind, Target]]


class Policy(BaseModel):
    """All promises of one kind of agreement, with the calendars they are counted in."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    name: Annotated[str, Field(min_length=1, max_length=100)]
    # The calendar of every promise that names no other.
    calendar_name: Annotated[str, Field(alias="calendar")]
    calendars: dict[str, Calendar]
    targets: Targets

    @classmethod
    def from_toml(cls, text: str) -> "Policy":
        """Return the policy of a TOML text; BadInput names the full key and its line."""
        document = read_toml(text)
        return _read(document.data, document)

    @classmethod
    def from_dict(cls, document: object) -> "Policy":
        """Return the policy of plain data; BadInput names the full key."""
        if not isinstance(document, Mapping):
            raise BadInput("a policy must be a table of keys and values.")
        return _read(cast("Mapping[str, object]", document), None)

    def to_dict(self) -> dict[str, object]:
        """Return the policy as plain data in its canonical form; reading it gives an equal one."""
        return {
            "name": self.name,
            "calendar": self.calendar_name,
            "calendars": {name: self.calendars[name].to_dict() for name in sorted(self.calendars)},
            "targets": {
                severity.value: {
                    kind.value: _target_out(self.targets[severity][kind])
                    for kind in ClockKind
                    if kind in self.targets[severity]
                }
                for severity in Severity
                if self.targets.get(severity)
            },
        }

    def digest(self) -> str:
        """Return the SHA-256 of the canonical form, in hex: equal promises have equal digests."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def target(self, severity: Severity, kind: ClockKind) -> Target | None:
        """Return what is promised; None when nothing is."""
        return self.targets.get(severity, {}).get(kind)

    def calendar(self, target: Target | None = None) -> Calendar:
        """Return the calendar of a promise, or the policy's own."""
        name = target.calendar if target is not None else None
        return self.calendars[self.calendar_name if name is None else name]

    def with_calendar(self, calendar: Calendar) -> "Policy":
        """Return the same promises counted in a customer's own calendar."""
        calendars = {**self.calendars, self.calendar_name: calendar}
        return self.model_copy(update={"calendars": calendars})


@functools.cache
def default_policy() -> Policy:
    """Return the policy that ships with the house."""
    return Policy.from_toml(_DEFAULT.read_text(encoding="utf-8"))


def _read(given: Mapping[str, object], source: TomlDocument | None) -> Policy:
    """Return the policy, checked from the inside out so that each complaint names one key."""
    document = dict(given)
    path: Path = ()
    try:
        calendars: dict[str, object] = {}
        for name, calendar in _table(document.get("calendars"), ("calendars",)).items():
            path = ("calendars", name)
            calendars[name] = Calendar.from_dict(calendar)
        document["calendars"] = calendars
        path = ()
        document["targets"] = _targets(_table(document.get("targets"), ("targets",)))
        policy = Policy.model_validate(document)
        _check_whole(policy)
    except ValidationError as error:
        first = error.errors()[0]
        # Pydantic adds a "[key]" of its own when a key of a table is the wrong word.
        place = tuple(part for part in first["loc"] if part != "[key]")
        raise _complaint(place, first["msg"].removeprefix("Value error, "), source) from None
    except BadInput as error:
        inner = tuple((error.field or "").split(".")) if error.field else ()
        raise _complaint((*path, *inner), error.message, source, error.remedy) from None
    return policy


def _complaint(
    path: Path, message: str, source: TomlDocument | None, remedy: str | None = None
) -> BadInput:
    key = full_key(path) or "policy"
    line = source.line_of(path) if source is not None else None
    return BadInput(message, field=at_line(key, line), remedy=remedy)


def _table(value: object, path: Path) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise BadInput("this table of keys and values is missing.", field=full_key(path))
    return {str(key): inner for key, inner in value.items()}


def _targets(given: dict[str, object]) -> dict[str, object]:
    """Return the targets with every duration in seconds."""
    read: dict[str, object] = {}
    for severity, clocks in given.items():
        found = _table(clocks, ("targets", severity))
        read[severity] = {
            kind: _target(_table(target, ("targets", severity, kind)), ("targets", severity, kind))
            for kind, target in found.items()
        }
    return read


def _target(given: dict[str, object], path: Path) -> dict[str, object]:
    read = dict(given)
    for short, full in (("target", "target_s"), ("limit", "limit_s")):
        if short in read and full in read:
            raise BadInput(f"{short} and {full} say the same.", field=full_key((*path, short)))
        if short in read:
            read[full] = check_duration(read.pop(short), field=full_key((*path, short)))
    return read


def _check_whole(policy: Policy) -> None:
    """Refuse a policy that leaves a fault without a promise, or names no calendar of its own."""
    if policy.calendar_name not in policy.calendars:
        raise BadInput(f"there is no calendar {policy.calendar_name!r}.", field="calendar")
    for severity in Severity:
        clocks = policy.targets.get(severity, {})
        for kind in REQUIRED_CLOCKS if severity in FAULTS else ():
            if kind not in clocks:
                raise BadInput(
                    "nothing is promised for this fault.", field=f"targets.{severity}.{kind}"
                )
        for kind, target in clocks.items():
            if target.calendar is not None and target.calendar not in policy.calendars:
                raise BadInput(
                    f"there is no calendar {target.calendar!r}.",
                    field=f"targets.{severity}.{kind}.calendar",
                )


def _target_out(target: Target) -> dict[str, object]:
    whole_days = target.counting is Counting.CALENDAR_DAYS

    def written(seconds: int) -> str:
        return f"{seconds // DAY_S}d" if whole_days else write_duration(seconds)

    read: dict[str, object] = {
        "target": written(target.target_s),
        "limit": written(target.limit_s),
        "counting": target.counting.value,
    }
    if target.calendar is not None:
        read["calendar"] = target.calendar
    return read
