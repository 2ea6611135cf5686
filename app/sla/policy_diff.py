"""What differs between two policies, and whether a customer is promised less.

Whether a promise is lower is not read off the figures but tried: the limit is computed under both
policies for a receipt at every hour of a year, so that shorter opening hours, another way of
counting and a new holiday are seen as what they are for the customer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.sla.counting import counter_of
from app.sla.policy import Policy, Target
from app.sla.terms import ClockKind, Severity

_HOURS = 365 * 24


@dataclass(frozen=True, slots=True)
class Change:
    """One key that differs; None where a policy does not have it."""

    key: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Effect:
    """What the change does to one promise, tried for a receipt at every hour of a year.

    ``later`` and ``sooner`` are how many of ``tried`` receipts get a later or an earlier limit;
    ``worst_s`` is by how many seconds the worst of them is later. A promise taken away is later
    for all, one newly given sooner for all, each by 0 seconds.
    """

    severity: Severity
    kind: ClockKind
    later: int
    sooner: int
    tried: int
    worst_s: int

    @property
    def lowers(self) -> bool:
        """Tell whether any customer is promised less."""
        return self.later > 0


def diff(before: Policy, after: Policy) -> tuple[Change, ...]:
    """Return every key whose value differs, by key; empty when the policies are equal."""
    old, new = dict(_flat(before.to_dict())), dict(_flat(after.to_dict()))
    return tuple(
        Change(key, old.get(key), new.get(key))
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    )


def effects(before: Policy, after: Policy, *, year: int) -> tuple[Effect, ...]:
    """Return what the change does to each promise that is made by either policy.

    Promises that no receipt feels are left out.
    """
    found = (
        _effect(before, after, severity, kind, datetime(year, 1, 1, tzinfo=UTC))
        for severity in Severity
        for kind in ClockKind
    )
    return tuple(effect for effect in found if effect.later or effect.sooner)


def _flat(value: object, key: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(inner, f"{key}.{name}" if key else str(name))
    else:
        yield key, value


def _effect(
    before: Policy, after: Policy, severity: Severity, kind: ClockKind, first: datetime
) -> Effect:
    old, new = before.target(severity, kind), after.target(severity, kind)
    if old is None or new is None:
        gone, given = old is not None, new is not None
        return Effect(severity, kind, _HOURS * gone, _HOURS * given, _HOURS, 0)
    later = sooner = worst = 0
    if old != new or before.calendar(old) != after.calendar(new):
        for hour in range(_HOURS):
            at = first + timedelta(hours=hour)
            moved = (_limit(after, new, at) - _limit(before, old, at)) // timedelta(seconds=1)
            later += moved > 0
            sooner += moved < 0
            worst = max(worst, moved)
    return Effect(severity, kind, later, sooner, _HOURS, worst)


def _limit(policy: Policy, target: Target, received: datetime) -> datetime:
    counter = counter_of(target, policy.calendar(target))
    return counter.reach(received, counter.units(target.limit_s))
