"""Chooses how a person is reached: verified methods in the person's order, leave, quiet hours."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.sla.ladder import PageChannel
from app.sla.oncall import Away
from app.sla.terms import Severity
from escalation.ladder import Method, Reach


class Urgency(StrEnum):
    """How a person wants to be reached depends on this, and on nothing finer."""

    HIGH = "high"
    LOW = "low"


class Why(StrEnum):
    """Why a person is not reached, or not as the step asked; staff see it."""

    INACTIVE = "no longer works here"
    AWAY = "on leave"
    QUIET = "quiet hours"
    UNVERIFIED = "no verified method"
    OTHER_METHOD = "no verified method of the kind asked for, so another"


# What may wait in an inbox without waking anybody.
SILENT = frozenset({PageChannel.MAIL, PageChannel.CHAT, PageChannel.WEBHOOK})


@dataclass(frozen=True, slots=True)
class OwnMethod:
    """A method as the person has set it up; the order of a person's methods is its own."""

    channel: PageChannel
    address: str
    # Proved with a code; nothing is ever sent to a method that was not.
    verified: bool
    urgencies: frozenset[Urgency] = frozenset(Urgency)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Every night from one local time to another; from 22:00 to 07:00 runs past midnight."""

    start: time
    end: time

    def cover(self, at: datetime, tz: ZoneInfo) -> bool:
        """Return whether it is quiet; equal times mean never."""
        local = at.astimezone(tz).time()
        if self.start <= self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person has said about being reached."""

    person: str
    methods: tuple[OwnMethod, ...]
    tz: ZoneInfo
    active: bool = True
    quiet: QuietHours | None = None
    away: tuple[Away, ...] = ()


def urgency_of(severity: Severity) -> Urgency:
    """Return how urgent a page about a ticket of this severity is."""
    return Urgency.HIGH if severity is Severity.CRITICAL else Urgency.LOW


def reach(profile: Profile, how: Sequence[PageChannel], severity: Severity, at: datetime) -> Reach:
    """Return how a person is reached by what a step asks for.

    1. Somebody who has left, or is on leave, is not reached at all.
    2. Only verified methods count; those for this urgency before those for the other.
    3. In quiet hours only what makes no noise is left, unless the ticket is critical.
    4. ``preferred`` is the person's first method, and the rest stand behind it in their order.
    5. Channels that are named are all used at once; where the person has none of them, the first
       method is used instead: a page by the wrong channel is better than none.
    """
    if not profile.active:
        return Reach(reason=Why.INACTIVE)
    if any(leave.start <= at < leave.end for leave in profile.away):
        return Reach(reason=Why.AWAY)
    urgency = urgency_of(severity)
    own = [method for method in profile.methods if method.verified]
    own.sort(key=lambda method: urgency not in method.urgencies)
    if not own:
        return Reach(reason=Why.UNVERIFIED)
    if urgency is Urgency.LOW and profile.quiet and profile.quiet.cover(at, profile.tz):
        own = [method for method in own if method.channel in SILENT]
        if not own:
            return Reach(reason=Why.QUIET)
    methods = _once(Method(method.channel, method.address) for method in own)
    first = _asked_for(methods, how)
    reason = "" if first else Why.OTHER_METHOD
    first = first or methods[:1]
    return Reach(first, tuple(method for method in methods if method not in first), reason)


def _asked_for(methods: tuple[Method, ...], how: Sequence[PageChannel]) -> tuple[Method, ...]:
    """Return the first method of each channel that is asked for."""
    found = []
    for channel in how:
        fitting = (
            method for method in methods if channel in {PageChannel.PREFERRED, method.channel}
        )
        found += list(fitting)[:1]
    return _once(found)


def _once(methods: Iterable[Method]) -> tuple[Method, ...]:
    return tuple(dict.fromkeys(methods))
