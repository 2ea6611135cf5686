"""Who is on call over a stretch of time: shifts, gaps, hand-offs, who comes next, and swaps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from app.sla.oncall.document import Layer, Override, Schedule
from app.sla.oncall.duty import Away, duty_at, hand_off, turn_at

# How far ahead somebody who comes next is looked for: a near stretch first, since most are near.
_LOOK_AHEAD = (timedelta(days=2), timedelta(days=15), timedelta(days=100), timedelta(days=400))


@dataclass(frozen=True, slots=True)
class Shift:
    """One person on call from one instant up to another; nobody, where it is a gap."""

    start: datetime
    end: datetime
    person: str | None


@dataclass(frozen=True, slots=True)
class HandOff:
    """The moment one person leaves and another comes; None stands for nobody."""

    at: datetime
    leaving: str | None
    arriving: str | None


def shifts(
    schedule: Schedule, start: datetime, end: datetime, away: Sequence[Away] = ()
) -> tuple[Shift, ...]:
    """Return the shifts that fill the stretch without a hole; those at its edges are cut off.

    Neighbours of the same person are one shift, by whatever layer or override they come.
    """
    found: list[Shift] = []
    edges = sorted({start, end, *_edges(schedule, start, end, away)})
    for begin, finish in pairwise(edges):
        duty = duty_at(schedule, begin, away)
        person = duty.person if duty else None
        if found and found[-1].person == person:
            found[-1] = Shift(found[-1].start, finish, person)
        else:
            found.append(Shift(begin, finish, person))
    return tuple(found)


def gaps(
    schedule: Schedule, start: datetime, end: datetime, away: Sequence[Away] = ()
) -> tuple[Shift, ...]:
    """Return the stretches in which nobody is on call; an empty tuple is what one wants."""
    return tuple(shift for shift in shifts(schedule, start, end, away) if shift.person is None)


def hand_offs(
    schedule: Schedule, start: datetime, end: datetime, away: Sequence[Away] = ()
) -> tuple[HandOff, ...]:
    """Return the hand-offs after ``start`` up to and with ``end``.

    So two looks that meet, one up to an instant and one from it, see each hand-off once.
    """
    found = shifts(schedule, start, end + timedelta(microseconds=1), away)
    return tuple(
        HandOff(after.start, before.person, after.person) for before, after in pairwise(found)
    )


def next_shift(schedule: Schedule, at: datetime, away: Sequence[Away] = ()) -> Shift | None:
    """Return the next shift of another person than is on call now; None within a year if none.

    Its end is cut off where the looking ahead ended.
    """
    duty = duty_at(schedule, at, away)
    now = duty.person if duty else None
    for ahead in _LOOK_AHEAD:
        for shift in shifts(schedule, at, at + ahead, away):
            if shift.person not in {None, now}:
                return shift
    return None


def swapped(schedule: Schedule, first: Shift, second: Shift, *, note: str = "") -> Schedule:
    """Return the schedule with two people's shifts exchanged, by two overrides."""
    if first.person is None or second.person is None or first.person == second.person:
        raise ValueError("two shifts of two people are swapped")
    overrides = (
        Override(
            start=mine.start,
            end=mine.end,
            person=theirs.person,
            instead_of=mine.person,
            note=note,
        )
        for mine, theirs in ((first, second), (second, first))
    )
    return Schedule.model_validate(
        schedule.model_copy(update={"overrides": (*schedule.overrides, *overrides)}).to_dict()
    )


def _edges(
    schedule: Schedule, start: datetime, end: datetime, away: Sequence[Away]
) -> Iterator[datetime]:
    """Yield every instant inside the stretch at which somebody else may be on call."""
    found = (
        *(edge for layer in schedule.layers for edge in _layer_edges(layer, schedule, start, end)),
        *(schedule.at(edge) for o in schedule.overrides for edge in (o.start, o.end)),
        *(edge for leave in away for edge in (leave.start, leave.end)),
    )
    return (edge for edge in found if start < edge < end)


def _layer_edges(
    layer: Layer, schedule: Schedule, start: datetime, end: datetime
) -> Iterator[datetime]:
    if layer.ends is not None:
        yield schedule.at(layer.ends)
    turn = max(0, turn_at(layer, schedule, start))
    while (at := hand_off(layer, schedule, turn)) < end:
        yield at
        turn += 1
    if not layer.hours:
        return
    # A window that began the day before may still run.
    day = start.astimezone(schedule.zone).date() - timedelta(days=1)
    last = end.astimezone(schedule.zone).date()
    while day <= last:
        for window in layer.hours:
            yield from window.on(day, schedule.zone) or ()
        day += timedelta(days=1)
