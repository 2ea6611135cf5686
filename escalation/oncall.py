"""Answers the ladder's questions about who is on call, over all schedules of the house."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.sla.oncall import Away, HandOff, Schedule, Shift, duty_at, gaps, hand_offs, next_shift


@dataclass(frozen=True, slots=True)
class Rota:
    """The schedules in force, by name, and who is on leave."""

    schedules: Mapping[str, Schedule]
    away: Sequence[Away] = ()

    def now(self, name: str, at: datetime) -> tuple[str, ...]:
        """Return who is on call; empty for a gap, and for a schedule that does not exist."""
        schedule = self.schedules.get(name)
        duty = duty_at(schedule, at, self.away) if schedule else None
        return (duty.person,) if duty else ()

    def next(self, name: str, at: datetime) -> tuple[str, ...]:
        """Return who comes after the person on call now; empty when nobody else ever does."""
        schedule = self.schedules.get(name)
        shift = next_shift(schedule, at, self.away) if schedule else None
        return (shift.person,) if shift and shift.person else ()

    def gaps_ahead(self, at: datetime, ahead: timedelta) -> dict[str, tuple[Shift, ...]]:
        """Return the coming gaps of each schedule that has any."""
        found = {
            name: gaps(schedule, at, at + ahead, self.away)
            for name, schedule in self.schedules.items()
        }
        return {name: holes for name, holes in found.items() if holes}

    def hand_offs(self, since: datetime, until: datetime) -> tuple[tuple[str, HandOff], ...]:
        """Return the hand-offs after ``since`` up to and with ``until``, earliest first.

        To tell people an hour before, ask for the stretch that lies an hour ahead of the last
        two looks: each hand-off is then seen once.
        """
        found = (
            (name, change)
            for name, schedule in self.schedules.items()
            for change in hand_offs(schedule, since, until, self.away)
        )
        return tuple(sorted(found, key=lambda pair: (pair[1].at, pair[0])))
