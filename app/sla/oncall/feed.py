"""Shifts as an iCalendar text (RFC 5545) that calendar programs subscribe to."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.sla.oncall.document import Schedule
from app.sla.oncall.duty import Away
from app.sla.oncall.shifts import shifts

# RFC 5545, section 3.1: a content line is folded so that none is longer than this many octets.
_LONGEST_OCTETS = 75
# How far beyond its stretch a feed looks for the ends of its shifts.
_OVERHANG = timedelta(days=92)

# What a shift is called, and a gap, by language.
_TITLES = {
    "nb": ("Vakt", "INGEN PÅ VAKT"),
    "nn": ("Vakt", "INGEN PÅ VAKT"),
    "en": ("On call", "NOBODY ON CALL"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the feed."""

    uid: str
    start: datetime
    end: datetime
    title: str


def duty_events(
    schedule: Schedule,
    start: datetime,
    end: datetime,
    away: Sequence[Away] = (),
    *,
    person: str | None = None,
    language: str = "nb",
    domain: str,
) -> tuple[Event, ...]:
    """Return the shifts of one person, or of everybody with the gaps when ``person`` is None.

    ``domain`` makes the entries' ids unique in the world (RFC 7986, section 5.3). An id is made
    from the schedule, the person and the shift's start, so the same shift keeps it in every feed.
    A shift that reaches over an end of the stretch is given whole, up to a quarter of a year.
    """
    duty, gap = _TITLES.get(language, _TITLES["en"])
    events = []
    for shift in shifts(schedule, start - _OVERHANG, end + _OVERHANG, away):
        inside = shift.start < end and shift.end > start
        if not inside or (person is not None and shift.person != person):
            continue
        who = shift.person or ""
        key = f"{schedule.name}\n{who}\n{shift.start.astimezone(UTC).isoformat()}"
        uid = f"{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}"
        title = f"{duty}: {schedule.name}" if who else f"{gap}: {schedule.name}"
        if who and person is None:
            title = f"{title} ({who})"
        events.append(Event(uid, shift.start, shift.end, title))
    return tuple(events)


def calendar_feed(events: Iterable[Event], *, name: str, stamp: datetime) -> str:
    """Return an iCalendar text; ``stamp`` is when the schedule was last changed."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Svartid//On call//EN",
        # RFC 7986, sections 5.1 and 5.7; the X- forms are what older programs read instead.
        f"NAME:{_text(name)}",
        f"X-WR-CALNAME:{_text(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
    ]
    for event in events:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{event.uid}",
            f"DTSTAMP:{_utc(stamp)}",
            f"DTSTART:{_utc(event.start)}",
            f"DTEND:{_utc(event.end)}",
            f"SUMMARY:{_text(event.title)}",
            # Being on call does not make a person busy.
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line))


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(value: str) -> str:
    """Escape a TEXT value (RFC 5545, section 3.3.11); other control characters are not allowed."""
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\n")):
        value = value.replace(plain, escaped)
    kept = "".join(sign for sign in value if sign >= " " or sign in "\n\t")
    return kept.replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """Yield a content line in parts of at most 75 octets, never cutting a character in two."""
    part, octets = "", 0
    for sign in line:
        size = len(sign.encode())
        if octets + size > _LONGEST_OCTETS:
            yield part
            # The space that marks a continuation counts as well.
            part, octets = " ", 1
        part += sign
        octets += size
    yield part
