"""When each step of a run is due: a step's own time, its repeats, and the last resort.

Every time here is *nominal*: counted from the promise and from other nominal times, never from
when something was really done, so a late engine does not push the rest of the ladder back.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.sla.ladder.document import Ladder, Offset, Step
from app.sla.ladder.run import ENDED, HANDED_BACK, RunSoFar, RunState, Timing
from app.sla.ladder.words import Anchor, Only


@dataclass(frozen=True, slots=True)
class Shot:
    """One firing that is to come: a step for the first time, or a repeat of it."""

    step: int
    repeat: int
    name: str
    nominal_at: datetime
    # The nominal time of the step's first firing: of two steps the later one is the newer.
    base_at: datetime
    # Placed by the limit: it warns although somebody has taken the ticket.
    by_limit: bool = False

    @property
    def key(self) -> tuple[int, int]:
        """Return what makes it unique in its run."""
        return self.step, self.repeat


def first_alarm(ladder: Ladder, run: RunSoFar, timing: Timing | None = None) -> datetime | None:
    """Return when a run must be looked at next; None when nothing is to come.

    Called when a clock starts, and after whatever changes a run from outside. The answer may lie
    in the past: then something is due at once.
    """
    if run.state in ENDED or run.state is RunState.PAUSED:
        return None
    waiting = (alarm_of(shot, run) for shot in pending(ladder, run, timing))
    return min(waiting, default=None)


def pending(ladder: Ladder, run: RunSoFar, timing: Timing | None = None) -> tuple[Shot, ...]:
    """Return what this run may still fire, newest step last, by ``left_of`` its plan."""
    return left_of(plan(ladder, run, timing), ladder, run)


def left_of(planned: tuple[Shot, ...], ladder: Ladder, run: RunSoFar) -> tuple[Shot, ...]:
    """Return what a run's plan has left, newest step last.

    Writing down what was fired at its nominal time moves nothing in a plan, so one plan does for
    a run before and after a decision.

    1. What was fired, or recorded as not needed, is left out.
    2. While somebody has taken the ticket, only the steps placed by the limit are left, once each.
    3. A ticket that was handed back pages the people of its newest step again.
    4. When nobody has taken it after the last step and its repeats, the catch-all is left.
    """
    done = {(fired.step, fired.repeat) for fired in run.fired}
    shots = [shot for shot in planned if shot.key not in done]
    if run.taken_at is not None:
        return tuple(shot for shot in shots if shot.by_limit and shot.repeat == 0)
    if run.handed_back_at is not None:
        back = Shot(
            HANDED_BACK, run.hand_backs, "Handed back", run.handed_back_at, run.handed_back_at
        )
        shots += [back] if back.key not in done else []
    last = _last_resort(ladder, run, planned)
    shots += [last] if last and last.key not in done else []
    return tuple(sorted(shots, key=lambda shot: (shot.base_at, shot.step, shot.nominal_at)))


def alarm_of(shot: Shot, run: RunSoFar) -> datetime:
    """Return when a shot is looked at: its nominal time, or the end of a snooze before it.

    A snooze never outlasts the limit, even if it was written down before the limit came closer.
    """
    until = run.snoozed_until
    if until is not None and run.limit_at is not None:
        until = min(until, run.limit_at)
    return shot.nominal_at if until is None else max(shot.nominal_at, until)


def plan(ladder: Ladder, run: RunSoFar, timing: Timing | None = None) -> tuple[Shot, ...]:
    """Return every step that applies and has a time, each followed by its repeats.

    What was fired is in it too, at the time that was recorded for it.
    """
    return tuple(_plan(ladder, run, timing or run.clock))


def _plan(ladder: Ladder, run: RunSoFar, timing: Timing) -> Iterator[Shot]:
    recorded = {fired.step: fired.nominal_at for fired in run.fired if fired.repeat == 0}
    previous: datetime | None = None
    by_limit = False
    for number, step in ladder.steps_for(run.kind, run.severity):
        # A step that has fired stays where it was, though the promise was moved since.
        base = recorded.get(number) or _place(step, run, timing, previous)
        by_limit = _is_by_limit(step, inherited=by_limit)
        previous = base
        if base is None:
            continue
        at = base
        yield Shot(number, 0, step.name, at, base, by_limit)
        for repeat in range(1, step.repeat_times + 1):
            at = _in_hours(step, at + timedelta(seconds=step.repeat_every_s or 0), timing)
            yield Shot(number, repeat, step.name, at, base, by_limit)


def _place(step: Step, run: RunSoFar, timing: Timing, previous: datetime | None) -> datetime | None:
    when = step.when
    if isinstance(when, Offset):
        anchors = {
            Anchor.START: run.begun_at or run.started_at,
            Anchor.TARGET: run.target_at,
            Anchor.LIMIT: run.limit_at,
            Anchor.PREVIOUS: previous,
        }
        anchor = anchors[when.anchor]
        at = anchor and anchor + timedelta(seconds=when.offset_s)
    else:
        at = timing.at_share(when.of, when.share)
    return at and _in_hours(step, at, timing)


def _in_hours(step: Step, at: datetime, timing: Timing) -> datetime:
    if step.only is Only.ALWAYS or timing.is_open(at):
        return at
    return timing.next_opening(at)


def _is_by_limit(step: Step, *, inherited: bool) -> bool:
    """Return whether the limit places the step, by itself or through the step before it."""
    if isinstance(step.when, Offset):
        if step.when.anchor is Anchor.PREVIOUS:
            return inherited
        return step.when.anchor is Anchor.LIMIT
    return step.when.of is Anchor.LIMIT


def _last_resort(ladder: Ladder, run: RunSoFar, planned: tuple[Shot, ...]) -> Shot | None:
    """Return the catch-all's shot: some time after the last page.

    It is a wait for an answer, so it is counted from when the last page was really sent.
    None where no step applies: a ladder that is silent about a clock means it. Each hand-back
    leads to the catch-all anew, so a ticket that was given back late does not end in silence.
    """
    if not planned:
        return None
    number = len(ladder.steps)
    sent = (row.fired_at for row in run.fired if not row.skipped and row.step != number)
    at = max(*(shot.nominal_at for shot in planned), *sent, run.started_at)
    at += timedelta(seconds=ladder.catch_all.after_s)
    return Shot(number, run.hand_backs, ladder.catch_all.name, at, at)
