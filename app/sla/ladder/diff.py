"""What differs between two ladders in whom a ticket reaches, when and how.

Compared for one clock of one severity at a time, since a step may be for some of them only. The
moments are those of ``plan`` and the catch-all after it, for a run that nobody takes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.sla.ladder.document import CatchAll, Ladder, Offset, Step
from app.sla.ladder.run import RunSoFar
from app.sla.ladder.times import Shot, pending
from app.sla.ladder.words import Anchor
from app.sla.terms import ClockKind, Severity

# What is told apart of a step: each with the fields of the document that make it up.
FACETS: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "when": ("when", "only"),
    "whom": ("whom", "fallback"),
    "how": ("how",),
    "repeats": ("repeat_every_s", "repeat_times"),
}


@dataclass(frozen=True, slots=True)
class StepChange:
    """What becomes of one step: added without a ``before``, removed without an ``after``."""

    before: Step | None
    after: Step | None
    # When it fires first; None where it does not, or where nothing is promised.
    before_at: datetime | None
    after_at: datetime | None
    # The keys of FACETS that are written otherwise.
    facets: tuple[str, ...]
    # The catch-all, written as a step that follows the last page.
    last_resort: bool = False

    @property
    def moved_s(self) -> int:
        """Return by how many seconds it fires later, below nought earlier; 0 where not both do."""
        if self.before_at is None or self.after_at is None:
            return 0
        return round((self.after_at - self.before_at).total_seconds())


@dataclass(frozen=True, slots=True)
class Row:
    """One moment of the example: the step that fires then under each ladder, or None."""

    at: datetime
    before: Step | None
    after: Step | None
    # 0 for the first firing.
    repeat: int


@dataclass(frozen=True, slots=True)
class CourseChange:
    """What differs for one clock of one severity."""

    severity: Severity
    clock: ClockKind
    # Whether the run had a limit; without one there are no moments and no rows.
    promised: bool
    steps: tuple[StepChange, ...]
    # The names of the steps that both have, as each orders them; empty where they agree.
    order: tuple[tuple[str, ...], ...]
    rows: tuple[Row, ...]


def compare(before: Ladder, after: Ladder, runs: Iterable[RunSoFar]) -> tuple[CourseChange, ...]:
    """Return what differs for these runs, one for each clock and severity, at their receipt.

    Empty when every ticket reaches the same people at the same times by the same ways; the
    ladders' own names do not count, their steps' names do: a page says them.
    """
    found = (_course(before, after, run) for run in runs)
    return tuple(one for one in found if one.steps or one.order)


@dataclass(frozen=True, slots=True)
class _Pair:
    """The numbers that one step has in the two ladders."""

    before: int | None
    after: int | None


def _course(before: Ladder, after: Ladder, run: RunSoFar) -> CourseChange:
    old, new = _rungs(before, run), _rungs(after, run)
    promised = run.limit_at is not None
    old_shots = pending(before, run) if promised else ()
    new_shots = pending(after, run) if promised else ()
    old_at, new_at = _firsts(old_shots), _firsts(new_shots)
    pairs = _pairs(old, new, len(before.steps), len(after.steps))
    changes = []
    for pair in pairs:
        one = old.get(pair.before) if pair.before is not None else None
        other = new.get(pair.after) if pair.after is not None else None
        change = StepChange(
            one,
            other,
            None if pair.before is None else old_at.get(pair.before),
            None if pair.after is None else new_at.get(pair.after),
            _facets(one, other),
            last_resort=pair.before == len(before.steps) or pair.after == len(after.steps),
        )
        if change.facets or change.before_at != change.after_at or one is None or other is None:
            changes.append(change)
    order = _order(pairs, old)
    return CourseChange(
        run.severity,
        run.kind,
        promised,
        tuple(changes),
        order,
        tuple(_rows(pairs, (old, new), (old_shots, new_shots))),
    )


def _order(pairs: Iterable[_Pair], old: Mapping[int, Step]) -> tuple[tuple[str, ...], ...]:
    kept = [
        (one.before, one.after) for one in pairs if one.before is not None and one.after is not None
    ]
    before = tuple(old[number].name for number, _ in sorted(kept))
    after = tuple(old[number].name for number, _ in sorted(kept, key=lambda one: one[1]))
    return (before, after) if before != after else ()


def _rungs(ladder: Ladder, run: RunSoFar) -> dict[int, Step]:
    """Return the steps that apply and, where there is one, the catch-all as the step after them."""
    steps = dict(ladder.steps_for(run.kind, run.severity))
    if steps:
        steps[len(ladder.steps)] = _as_step(ladder.catch_all)
    return steps


def _as_step(last: CatchAll) -> Step:
    when = Offset(anchor=Anchor.PREVIOUS, offset_s=last.after_s)
    return Step(name=last.name, when=when, whom=last.whom, how=last.how)


def _firsts(shots: Iterable[Shot]) -> dict[int, datetime]:
    return {shot.step: shot.nominal_at for shot in shots if shot.repeat == 0}


def _pairs(
    old: Mapping[int, Step], new: Mapping[int, Step], old_last: int, new_last: int
) -> list[_Pair]:
    """Return which step became which.

    1. The catch-all stays the catch-all, whatever it is called.
    2. A step keeps its name, or else everything but its name.
    3. What is left was removed or added.
    """
    left = {number: step for number, step in new.items() if number != new_last}
    pairs: list[_Pair] = []
    # All that keep their names come first, so that no renamed step takes another's place.
    waiting = []
    for number, step in old.items():
        if number == old_last:
            continue
        same = next((one for one, other in left.items() if other.name == step.name), None)
        if same is None:
            waiting.append((number, step))
        else:
            del left[same]
            pairs.append(_Pair(number, same))
    for number, step in waiting:
        alike = next((n for n, other in left.items() if _facets(step, other) == ("name",)), None)
        left.pop(alike if alike is not None else -1, None)
        pairs.append(_Pair(number, alike))
    pairs += [_Pair(None, number) for number in left]
    if old or new:
        pairs.append(_Pair(old_last if old else None, new_last if new else None))
    return pairs


def _facets(before: Step | None, after: Step | None) -> tuple[str, ...]:
    if before is None or after is None:
        return ()
    return tuple(
        facet
        for facet, fields in FACETS.items()
        if any(getattr(before, field) != getattr(after, field) for field in fields)
    )


def _rows(
    pairs: Iterable[_Pair],
    steps: tuple[Mapping[int, Step], Mapping[int, Step]],
    shots: tuple[Iterable[Shot], Iterable[Shot]],
) -> Iterator[Row]:
    """Yield each moment once, in order of time, with a step beside what it became."""
    place = {pair.before: n for n, pair in enumerate(pairs) if pair.before is not None}
    new_place = {pair.after: n for n, pair in enumerate(pairs) if pair.after is not None}
    old, new = (
        {(shot.nominal_at, places[shot.step], shot.repeat): side[shot.step] for shot in fired}
        for places, side, fired in zip((place, new_place), steps, shots, strict=True)
    )
    for key in sorted(old.keys() | new.keys()):
        at, _, repeat = key
        yield Row(at, old.get(key), new.get(key), repeat)
