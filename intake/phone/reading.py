"""Reads a call out of what a telephone system posts, by its field map.

Nothing is refused for being odd: it is kept as it came, and said.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from app.desk.call_report import CallReport
from app.kit.ids import digest
from app.kit.text import storable
from app.models import CallOutcome, Direction
from app.sla.terms import Severity
from intake.phone.fields import parse_length, parse_text, parse_time
from intake.phone.maps import FieldMap, Source

W = TypeVar("W", bound=StrEnum)
# What one call may carry besides; what is more is cut off, and said so.
MOST_EXTRA = 200
LONGEST_EXTRA = 2_000


def read_report(
    fields: FieldMap, body: Mapping[str, object], *, source: str, zone: ZoneInfo, now: datetime
) -> CallReport:
    """Return what a telephone system tells of a call; what is odd is kept and said, not refused."""
    reading = _Reading(fields, flat(body), zone, now)
    direction = reading.word("direction", Direction) or Direction.INBOUND
    theirs, ours = reading.text("theirs"), reading.text("ours")
    inbound = direction is not Direction.OUTBOUND
    caller = reading.text("from") or (theirs if inbound else ours)
    called = reading.text("to") or (ours if inbound else theirs)
    started, answered, ended = reading.times()
    ticket = reading.text("ticket")
    told = CallReport(
        source=source,
        external_id=reading.text("external_id")[:200],
        direction=direction,
        from_number=caller,
        to_number=called,
        started_at=started,
        answered_at=answered,
        ended_at=ended,
        outcome=reading.word("outcome", CallOutcome),
        agent=reading.text("agent")[:200],
        note=reading.text("note"),
        transcript=reading.text("transcript"),
        severity=reading.word("severity", Severity),
        recording_url=reading.text("recording_url")[:2000],
        ticket_number=int(ticket) if ticket.isdecimal() and len(ticket) < 15 else None,
    )
    if not told.external_id:
        # A system that gives no id: its calls are told apart by what does not change.
        when = started or ended or sorted(reading.flat.items())
        who = f"{caller}|{called}|{when}"
        told = replace(told, external_id=f"hash-{digest(who.encode('utf-8', 'replace'))[:32]}")
    return replace(told, extra=reading.rest(), problems=tuple(reading.problems))


@dataclass
class _Reading:
    """A body that is being read; it notes what was used, so that the rest can be kept."""

    fields: FieldMap
    flat: Mapping[str, object]
    zone: ZoneInfo
    now: datetime
    used: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def sources(self, name: str) -> Iterator[tuple[Source, str]]:
        """Yield the sources of a thing that have a value, and that value."""
        for given in self.fields.fields.get(name, ()):
            source = given if isinstance(given, Source) else Source(path=given)
            value = parse_text(self.flat.get(source.path))
            if not value or not self.fits(source.when):
                continue
            if source.pattern is not None:
                match = re.search(source.pattern, value)
                if match is None:
                    continue
                value = match[match.lastindex or 0]
            yield source, storable(value)

    def fits(self, when: Mapping[str, str]) -> bool:
        """Tell whether every named field is as it should be; one that is missing is empty."""
        return all(
            re.fullmatch(pattern, parse_text(self.flat.get(path)), re.IGNORECASE)
            for path, pattern in when.items()
        )

    def text(self, name: str) -> str:
        """Return the first value of a thing; empty where there is none."""
        for source, value in self.sources(name):
            self.used.add(source.path)
            return value
        return ""

    def word(self, name: str, words: type[W]) -> W | None:
        """Return what the map's rules say, else our own word; None where neither is known."""
        for rule in self.fields.rules:
            if rule.thing == name and self.fits(rule.when):
                self.used.update(rule.when)
                return words(rule.word)
        for source, value in self.sources(name):
            try:
                found = words(value.lower())
            except ValueError:
                self.problems.append(f"{name}: {value[:60]!r} is not known")
                continue
            self.used.add(source.path)
            return found
        return None

    def time(self, name: str) -> datetime | None:
        """Return the first time of a thing that is one."""
        for source, value in self.sources(name):
            zone = ZoneInfo(source.zone) if source.zone else self.zone
            read = parse_time(value, zone=zone, now=self.now)
            if read.problem:
                self.problems.append(f"{name}: {read.problem}")
            if read.at is not None:
                self.used.add(source.path)
                return read.at
        return None

    def length(self, name: str) -> timedelta | None:
        """Return the first length of a thing that is one."""
        for source, value in self.sources(name):
            length = parse_length(value)
            if length is not None:
                self.used.add(source.path)
                return length
        return None

    def times(self) -> tuple[datetime | None, datetime | None, datetime | None]:
        """Return start, answer and end; what is missing follows from how long it took."""
        started, answered, ended = (self.time(name) for name in ("started", "answered", "ended"))
        duration, talk = self.length("duration"), self.length("talk")
        if ended is None and started is not None and duration is not None:
            ended = started + duration
        if answered is None and ended is not None and talk:
            answered = ended - talk
        if ended is None and answered is not None and talk:
            ended = answered + talk
        return started, answered, ended

    def rest(self) -> dict[str, object]:
        """Return what nothing was read from, but the token."""
        hidden = {*self.used, self.fields.token}
        left = {
            path: value
            for path, value in self.flat.items()
            if path not in hidden and value is not None
        }
        if len(left) > MOST_EXTRA:
            self.problems.append(f"{len(left) - MOST_EXTRA} more fields were not kept")
        return {path[:200]: self.kept(path, left[path]) for path in list(left)[:MOST_EXTRA]}

    def kept(self, path: str, value: object) -> object:
        """Return a value as it is kept."""
        if not isinstance(value, str):
            return value
        if len(value) > LONGEST_EXTRA:
            self.problems.append(f"{path[:200]} was cut")
        return storable(value[:LONGEST_EXTRA])


def flat(body: Mapping[str, object], at: str = "", depth: int = 0) -> dict[str, object]:
    """Return nested fields by their paths: ``data.user.email``, ``comments.0.content``."""
    found: dict[str, object] = {}
    for name, value in body.items():
        path = storable(f"{at}{name}")
        inner = value if isinstance(value, Mapping) else _numbered(value)
        if inner is None:
            found[path] = value
        elif depth < 6:
            found |= flat(inner, f"{path}.", depth + 1)
    return found


def _numbered(value: object) -> Mapping[str, object] | None:
    """Return a list's things by their places; None for what is no list."""
    if not isinstance(value, list):
        return None
    return {str(place): one for place, one in enumerate(value[:50])}
