"""Decides what a run of a ladder does now: plain data and ``now`` in, a decision out.

Whoever carries the decision out writes a row for each step fired and each step skipped, in the
transaction that also sets the next alarm; the rows come back here as ``RunSoFar.fired``. So each
step and repeat is fired once, or is recorded with the reason why it was not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from app.sla.ladder import (
    ENDED,
    HANDED_BACK,
    Fired,
    Ladder,
    PageChannel,
    Receiver,
    ReceiverKind,
    RunSoFar,
    RunState,
    Shot,
    Step,
    alarm_of,
    first_alarm,
    left_of,
    plan,
)
from app.sla.terms import Severity

__all__ = [
    "Decision",
    "Directory",
    "Fired",
    "Method",
    "Page",
    "Reach",
    "RunSoFar",
    "RunState",
    "Skip",
    "Why",
    "decide",
    "first_alarm",
    "is_program",
    "next_person",
]


class Why(StrEnum):
    """Why a step did not page; the metric's label, and what staff see."""

    OVERTAKEN = "a newer step was due as well"
    SNOOZED = "the ticket was snoozed, and a newer step is due"
    NOBODY = "nobody could be reached"
    MET = "the promise was kept"
    CANCELLED = "the clock was cancelled"


@dataclass(frozen=True, slots=True)
class Method:
    """One way to a person: a person may have two numbers, and the second is tried too."""

    channel: PageChannel
    # Empty means the only one that the person has of this channel.
    address: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """How a person can be reached at one moment."""

    # Used at once. Empty when the person cannot be reached; then ``reason`` says why.
    methods: tuple[Method, ...] = ()
    # Tried one after another when those fail.
    then: tuple[Method, ...] = ()
    # Why these, or why none.
    reason: str = ""


class Directory(Protocol):
    """Who is there, as the decisions ask for it, for one ticket at one moment."""

    def people(self, receiver: Receiver, at: datetime) -> Sequence[str]:
        """Return the ids of whom a receiver names, the first in line first; empty for nobody.

        A team is given with the member whose turn it is first. A webhook is its own id, written
        as it is in the ladder (``webhook:room``).
        """
        ...

    def reach(
        self, person: str, how: Sequence[PageChannel], severity: Severity, at: datetime
    ) -> Reach:
        """Return how a person can be reached by what a step asks for."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """One person is to be told of one step."""

    person: str
    step: int
    repeat: int
    name: str
    nominal_at: datetime
    methods: tuple[Method, ...]
    # Tried one after another when those fail; after them, ``next_person``.
    then: tuple[Method, ...] = ()
    # How it came to this person: the receiver, and whose place it takes.
    reason: str = ""

    @property
    def channels(self) -> tuple[PageChannel, ...]:
        """Return the channels used at once."""
        return tuple(method.channel for method in self.methods)


@dataclass(frozen=True, slots=True)
class Skip:
    """A step or repeat that is recorded as not needed."""

    step: int
    repeat: int
    name: str
    nominal_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now, and when to look again."""

    pages: tuple[Page, ...] = ()
    # What was fired: a page may take the place of another's, and two steps may share one.
    fired: tuple[Shot, ...] = ()
    skipped: tuple[Skip, ...] = ()
    next_alarm_at: datetime | None = None
    # The last step has been passed untaken, and the catch-all was paged now or before.
    exhausted: bool = False
    # What is to be said on the ticket.
    notes: tuple[str, ...] = ()


def decide(ladder: Ladder, run: RunSoFar, now: datetime, directory: Directory) -> Decision:
    """Return what a run does now.

    1. A clock that is met or cancelled pages nobody; what was left is recorded with that reason.
    2. A clock that stands still pages nobody, and is looked at again when it is resumed.
    3. Of what is due only the newest step fires, with all that share its nominal time; what is
       older is recorded as overtaken.
    4. A step that finds nobody pages its fallback, else the people of the steps after it in turn,
       else the catch-all, at once. A webhook that a step names beside people is told as well, but
       a program answers nobody: it takes no person's place.
    5. The next alarm is the earliest of what is left.
    """
    if run.state in ENDED:
        return _ended(ladder, run)
    if run.state is RunState.PAUSED:
        return Decision()
    last = len(ladder.steps)
    planned = plan(ladder, run)
    due = [shot for shot in left_of(planned, ladder, run) if alarm_of(shot, run) <= now]
    fires, skips = _newest(due, run, last)
    pages, empty, notes = _pages_of(ladder, run, fires, now, directory)
    if any(shot.step == last for shot in fires):
        notes = (*notes, "the last step is exhausted and nobody has taken the ticket")
    fired = tuple(shot for shot in fires if shot not in empty)
    skipped = (*skips, *(_skip(shot, Why.NOBODY) for shot in empty))
    after = _written_down(run, fired, skipped, now)
    coming = (alarm_of(shot, after) for shot in left_of(planned, ladder, after))
    return Decision(
        pages=pages,
        fired=fired,
        skipped=skipped,
        next_alarm_at=min(coming, default=None),
        exhausted=any((row.step, row.repeat) == (last, run.hand_backs) for row in after.fired),
        notes=notes,
    )


def next_person(
    ladder: Ladder,
    run: RunSoFar,
    failed: Page,
    now: datetime,
    directory: Directory,
    *,
    paged: frozenset[str],
) -> tuple[Page, ...]:
    """Return whom to page instead, when every channel to a person has failed.

    ``paged`` is everybody whom this step has paged already. Somebody reached in the same step is
    no substitute: that person believes the other to be on it. Empty when there is nobody left.
    """
    shot = Shot(failed.step, failed.repeat, failed.name, failed.nominal_at, failed.nominal_at)
    seat = f"{failed.person} was not reached"
    for receivers, how, place in _places(ladder, run, shot):
        found = _find(receivers, how, shot, _Moment(directory, run.severity, now))
        pages = tuple(
            page for page in found if page.person not in paged and not is_program(page.person)
        )
        if pages:
            reason = f"{seat}, so {place or 'the same step'}"
            return tuple(replace(page, reason=f"{reason}: {page.reason}") for page in pages[:1])
    return ()


def _ended(ladder: Ladder, run: RunSoFar) -> Decision:
    """Record the steps that had not fired; of repeats and the catch-all nobody needs to hear."""
    why = Why.MET if run.state is RunState.MET else Why.CANCELLED
    done = {fired.step for fired in run.fired if fired.repeat == 0}
    # A step that had no time, since its clock stood still, is recorded at the run's start.
    times = {shot.step: shot.nominal_at for shot in plan(ladder, run) if shot.repeat == 0}
    return Decision(
        skipped=tuple(
            Skip(number, 0, step.name, times.get(number, run.started_at), why)
            for number, step in ladder.steps_for(run.kind, run.severity)
            if number not in done
        )
    )


def _newest(
    due: Sequence[Shot], run: RunSoFar, last: int
) -> tuple[tuple[Shot, ...], tuple[Skip, ...]]:
    """Return what fires of all that is due, and what is recorded as overtaken.

    The catch-all waits while anything else is due: whoever is paged now is given time to answer.
    """
    steps = [shot for shot in due if shot.step != last] or list(due)
    if not steps:
        return (), ()
    latest = {shot.step: shot for shot in sorted(steps, key=lambda shot: shot.repeat)}
    newest = max(latest.values(), key=lambda shot: shot.base_at)
    fires = tuple(shot for shot in latest.values() if shot.nominal_at == newest.nominal_at)
    return tuple(sorted(fires, key=lambda shot: (shot.base_at, shot.step))), tuple(
        _skip(shot, Why.SNOOZED if alarm_of(shot, run) > shot.nominal_at else Why.OVERTAKEN)
        for shot in steps
        if shot not in fires
    )


def _written_down(
    run: RunSoFar, fired: Sequence[Shot], skipped: Sequence[Skip], now: datetime
) -> RunSoFar:
    """Return the run as it will be read back once the decision has been carried out."""
    rows = (
        *(Fired(shot.step, shot.repeat, shot.nominal_at, now) for shot in fired),
        *(Fired(skip.step, skip.repeat, skip.nominal_at, now, skip.reason) for skip in skipped),
    )
    return replace(run, fired=(*run.fired, *rows))


def _pages_of(
    ladder: Ladder, run: RunSoFar, fires: Sequence[Shot], now: datetime, directory: Directory
) -> tuple[tuple[Page, ...], tuple[Shot, ...], tuple[str, ...]]:
    """Return the pages of what fires, the shots that reach nobody at all, and notes."""
    pages: list[Page] = []
    empty: list[Shot] = []
    notes: list[str] = []
    # The newest step speaks first: of two pages to one person at one moment, hers is sent.
    for shot in reversed(fires):
        programs: tuple[Page, ...] = ()
        found: tuple[Page, ...] = ()
        for receivers, how, place in _places(ladder, run, shot):
            found = _find(receivers, how, shot, _Moment(directory, run.severity, now))
            if found and not place and not _wants_people(receivers):
                break
            # Of the steps that stand in for it, only people count.
            if place in {"", _FALLBACK}:
                programs += tuple(page for page in found if is_program(page.person))
            found = tuple(page for page in found if not is_program(page.person))
            if found:
                if place:
                    notes.append(f"“{shot.name}” found nobody, so {place} was paged")
                    found = tuple(replace(page, reason=f"{place}: {page.reason}") for page in found)
                break
        found = (*found, *programs)
        if not found:
            empty.append(shot)
            notes.append(f"“{shot.name}” found nobody, and neither did anything after it")
        told = {(page.person, page.methods) for page in pages}
        pages += [page for page in found if (page.person, page.methods) not in told]
    return tuple(pages), tuple(empty), tuple(notes)


def is_program(person: str) -> bool:
    """Tell whether a page's id is a webhook's, and no person's."""
    return person.startswith(f"{ReceiverKind.WEBHOOK.value}:")


def _wants_people(receivers: Sequence[Receiver]) -> bool:
    return any(receiver.kind is not ReceiverKind.WEBHOOK for receiver in receivers)


@dataclass(frozen=True, slots=True)
class _Moment:
    """Who is asked, about what, and when."""

    directory: Directory
    severity: Severity
    now: datetime


Place = tuple[tuple[Receiver, ...], tuple[PageChannel, ...], str]
_FALLBACK = "its fallback"


def _places(ladder: Ladder, run: RunSoFar, shot: Shot) -> Iterator[Place]:
    """Yield where a shot looks for people: whom, how, and in whose place (empty for its own).

    1. Its own receivers. 2. Its fallback. 3. The steps after it, in order. 4. The catch-all.
    """
    steps = ladder.steps_for(run.kind, run.severity)
    own = _own_step(ladder, run, shot)
    if own is not None:
        yield own.whom, own.how, ""
        yield own.fallback, own.how, _FALLBACK
        base = shot.step if shot.step != HANDED_BACK else ladder.steps.index(own)
        for number, step in steps:
            if number > base:
                yield step.whom, step.how, f"“{step.name}”"
                yield step.fallback, step.how, f"the fallback of “{step.name}”"
    last = ladder.catch_all
    yield last.whom, last.how, "" if shot.step == len(ladder.steps) else "the catch-all"


def _own_step(ladder: Ladder, run: RunSoFar, shot: Shot) -> Step | None:
    """Return the step a shot belongs to; None for the catch-all.

    A handed-back ticket is told to those of the newest step that has fired, or of the first.
    """
    if shot.step == len(ladder.steps):
        return None
    if shot.step != HANDED_BACK:
        return ladder.steps[shot.step]
    applying = dict(ladder.steps_for(run.kind, run.severity))
    fired = [
        (fired.nominal_at, fired.step)
        for fired in run.fired
        if fired.step in applying and not fired.skipped
    ]
    if fired:
        return applying[max(fired)[1]]
    return next(iter(applying.values()), None)


def _find(
    receivers: Sequence[Receiver],
    how: tuple[PageChannel, ...],
    shot: Shot,
    moment: _Moment,
) -> tuple[Page, ...]:
    """Return a page for everybody whom the receivers name and who can be reached."""
    pages: dict[str, Page] = {}
    for receiver in receivers:
        people = moment.directory.people(receiver, moment.now)
        one_of_them = receiver.kind is ReceiverKind.TEAM
        if one_of_them and people:
            # The turn goes round with each repeat.
            turn = shot.repeat % len(people)
            people = [*people[turn:], *people[:turn]]
        for person in people:
            reach = moment.directory.reach(person, how, moment.severity, moment.now)
            if not reach.methods:
                continue
            pages.setdefault(person, _page(person, shot, reach, str(receiver)))
            if one_of_them:
                break
    return tuple(pages.values())


def _page(person: str, shot: Shot, reach: Reach, reason: str) -> Page:
    return Page(
        person=person,
        step=shot.step,
        repeat=shot.repeat,
        name=shot.name,
        nominal_at=shot.nominal_at,
        methods=reach.methods,
        then=reach.then,
        reason=reason,
    )


def _skip(shot: Shot, why: Why) -> Skip:
    return Skip(shot.step, shot.repeat, shot.name, shot.nominal_at, why)
