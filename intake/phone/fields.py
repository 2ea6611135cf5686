"""Reads what telephone systems write: times, lengths, and placeholders that nobody filled in.

Nothing here raises on what a telephone system sends: a call is not lost for a time that is odd.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

# 3CX posts its variables as they stand where it has no value for them: "[RecordingUrl]".
_UNFILLED = re.compile(r"\[\w{1,60}\]|\{\w{1,60}\}|%\w{1,60}%")
_EMPTY = frozenset({"", "null", "none", "n/a", "0000-00-00 00:00:00", "undefined"})
_CLOCK = re.compile(r"(?:(\d+)[.:])?(\d{1,3}):(\d{2}):(\d{2})(?:\.\d+)?|(\d{1,4}):(\d{2})")
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d+)?")
# Seconds since 1970 have ten digits until 2286; what has more counts milliseconds.
_MILLISECONDS_FROM = 100_000_000_000


def parse_text(value: object) -> str:
    """Return a value as text; empty for what is none, and for a placeholder."""
    if value is None or isinstance(value, Mapping | list):
        return ""
    text = ("true" if value else "false") if isinstance(value, bool) else str(value).strip()
    return "" if text.lower() in _EMPTY or _UNFILLED.fullmatch(text) else text


def parse_length(value: object) -> timedelta | None:
    """Return a length given in seconds, or as ``hh:mm:ss``; None for what is neither."""
    text = parse_text(value)
    if _NUMBER.fullmatch(text):
        return timedelta(seconds=max(0.0, min(float(text), 7 * 86_400)))
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    days, hours, minutes, seconds, short_minutes, short_seconds = (
        int(one) if one else 0 for one in match.groups()
    )
    return timedelta(
        days=days,
        hours=hours,
        minutes=minutes or short_minutes,
        seconds=seconds or short_seconds,
    )


@dataclass(frozen=True, slots=True)
class Read:
    """A time, and what was odd about it; None where it is no time at all."""

    at: datetime | None
    problem: str = ""


def parse_time(value: object, *, zone: ZoneInfo, now: datetime) -> Read:
    """Return a time: seconds or milliseconds since 1970, ISO 8601, RFC 2822, or local without zone.

    A local time that the autumn's change makes two is taken for the one nearer to ``now``, when it
    reached us; the other is told. One that the spring's change leaves out is moved on by the hour.
    """
    text = parse_text(value)
    if not text:
        return Read(None)
    at = _epoch(text) if _NUMBER.fullmatch(text) else _written(text)
    if at is None:
        return Read(None, f"no time: {text[:60]}")
    if at.tzinfo is not None:
        return Read(at.astimezone(UTC))
    return _local(at, zone, now)


def _epoch(text: str) -> datetime | None:
    seconds = float(text)
    if seconds >= _MILLISECONDS_FROM:
        seconds /= 1000
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def _written(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None


def _local(at: datetime, zone: ZoneInfo, now: datetime) -> Read:
    first, second = (at.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return Read(first)
    if first > second:
        return Read(first, f"no such local time: {at.isoformat(sep=' ')}")
    nearer, other = sorted((first, second), key=lambda one: abs(one - now))
    problem = (
        f"{at.isoformat(sep=' ')} is two times: {nearer:%H:%M} UTC was taken, not {other:%H:%M}"
    )
    return Read(nearer, problem)
