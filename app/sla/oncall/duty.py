"""Who is on call at one instant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.sla.oncall.document import Layer, Schedule, instant


@dataclass(frozen=True, slots=True)
class Away:
    """A person on leave from one instant up to another."""

    person: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Duty:
    """The person on call, and by what: the layer's name, or ``override``."""

    person: str
    layer: str


OVERRIDE = "override"


def duty_at(schedule: Schedule, at: datetime, away: Sequence[Away] = ()) -> Duty | None:
    """Return who is on call; None where there is a gap.

    1. An override that names only a person is that person; of several the last written counts.
    2. Else the first layer that has somebody for this instant.
    3. Whoever is replaced at this instant, be it in a layer or by an override, is the one who
       stands in, and so on; two who stand in for each other have swapped.
    4. A person who is taken out by an override, or on leave, counts as nobody: the next is asked.
    """
    active = [o for o in schedule.overrides if schedule.at(o.start) <= at < schedule.at(o.end)]
    gone = {leave.person for leave in away if leave.start <= at < leave.end}
    gone |= {o.instead_of for o in active if o.person is None and o.instead_of}
    stand_ins = {o.instead_of: o.person for o in active if o.person and o.instead_of}
    for override in reversed(active):
        if override.person and not override.instead_of:
            person = _stand_in(override.person, stand_ins)
            if person not in gone:
                return Duty(person, OVERRIDE)
    for layer in schedule.layers:
        turn = person_of(layer, schedule, at)
        if turn is None:
            continue
        person = _stand_in(turn, stand_ins)
        if person not in gone:
            return Duty(person, layer.name if person == turn else OVERRIDE)
    return None


def person_of(layer: Layer, schedule: Schedule, at: datetime) -> str | None:
    """Return whose turn it is in a layer; None before its start, past its end, out of hours."""
    turn = turn_at(layer, schedule, at)
    if turn < 0 or (layer.ends is not None and at >= schedule.at(layer.ends)):
        return None
    if layer.hours and not _in_hours(layer, schedule, at):
        return None
    return layer.people[turn % len(layer.people)]


def turn_at(layer: Layer, schedule: Schedule, at: datetime) -> int:
    """Return the number of the turn that ``at`` is in, counted from nought; below it before all.

    Turns are counted on the local clock, so a hand-off keeps its time of day over a change of it.
    """
    local = at.astimezone(schedule.zone).replace(tzinfo=None)
    turn = (local - layer.starts) // layer.every.span
    # The local clock jumps, so the count by it may be one off beside a jump.
    while hand_off(layer, schedule, turn) > at:
        turn -= 1
    while hand_off(layer, schedule, turn + 1) <= at:
        turn += 1
    return turn


def hand_off(layer: Layer, schedule: Schedule, turn: int) -> datetime:
    """Return when a turn begins."""
    return instant(layer.starts + turn * layer.every.span, schedule.zone)


def _in_hours(layer: Layer, schedule: Schedule, at: datetime) -> bool:
    today = at.astimezone(schedule.zone).date()
    # A window that runs past midnight began yesterday.
    for day in (today - timedelta(days=1), today):
        for window in layer.hours:
            stretch = window.on(day, schedule.zone)
            if stretch and stretch[0] <= at < stretch[1]:
                return True
    return False


def _stand_in(person: str, stand_ins: dict[str, str]) -> str:
    """Follow who stands in for whom; a circle ends before it comes round."""
    seen = {person}
    while (other := stand_ins.get(person)) is not None and other not in seen:
        seen.add(other)
        person = other
    return person
