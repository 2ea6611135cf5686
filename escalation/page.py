"""Carrying out what the ladder decided: a row for each step, a page for each person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.desk.events import DESK, record
from app.desk.house import House
from app.kit.db import append_row
from app.kit.ids import new_id
from app.models import Clock, Event, LadderStep, Page, PageState, Ticket
from app.sla.ladder import PageChannel, Shot
from escalation.bundle import Bag, Ready
from escalation.directory import Staff
from escalation.ladder import Decision, Method, Skip
from escalation.ladder import Page as Wanted

# How long nothing may be heard of a message before the next method is tried. A mail server or a
# chat says at once whether it has taken a message; a phone's silence says nothing.
CONFIRMED_WITHIN = {
    PageChannel.VOICE: timedelta(seconds=90),
    PageChannel.SMS: timedelta(seconds=180),
}


@dataclass(frozen=True, slots=True)
class Climb:
    """One due alarm: the clock it hangs on, and all that carrying it out needs."""

    session: Session
    house: House
    staff: Staff
    ticket: Ticket
    clock: Clock
    now: datetime
    bag: Bag


def carry_out(climb: Climb, decision: Decision) -> None:
    """Write the decision down, page whom it names, and set the clock's next alarm."""
    for skip in decision.skipped:
        _skipped(climb, skip)
    for shot in decision.fired:
        _fired(
            climb, shot, [page for page in decision.pages if (page.step, page.repeat) == shot.key]
        )
    for page in decision.pages:
        send_page(climb, page)
    for note in decision.notes:
        _tell(climb, Event.LADDER_NOTE, climb.now, note=note)
    climb.clock.next_alarm_at = next_alarm(climb.clock, decision.next_alarm_at)


def record_unneeded(climb: Climb, decision: Decision) -> None:
    """Write down the steps that a clock that has ended no longer needs, and why.

    They are rows and no entries of the log: that the promise was kept is there already.
    """
    for skip in decision.skipped:
        _step(climb, skip, skipped=skip.reason)
    climb.clock.next_alarm_at = None


def next_alarm(clock: Clock, step_at: datetime | None) -> datetime | None:
    """Return the next step's time, or the moment past the limit, where a breach is recorded."""
    if clock.limit_at is None or clock.breached_at is not None:
        return step_at
    # A promise met at the very second of its limit is kept; a microsecond later it is broken.
    past = clock.limit_at + timedelta(microseconds=1)
    return past if step_at is None else min(step_at, past)


def send_page(climb: Climb, wanted: Wanted) -> Page:
    """Page a person by what is to be used at once; the other methods wait behind it."""
    page = Page(
        ticket_id=climb.ticket.id,
        clock_id=climb.clock.id,
        run=climb.clock.run,
        step=wanted.step,
        repeat=wanted.repeat,
        name=wanted.name,
        nominal_at=wanted.nominal_at,
        person=wanted.person,
        reason=wanted.reason,
        methods=[[one.channel.value, one.address] for one in (*wanted.methods, *wanted.then)],
        used=0,
        state=PageState.SENT,
        created_at=climb.now,
    )
    climb.bag.add(page)
    use_methods(climb, page, len(wanted.methods))
    return page


def use_methods(climb: Climb, page: Page, count: int) -> list[Method]:
    """Let a page go out by its next methods, and return them; empty when none is left."""
    chosen = [Method(PageChannel(one), to) for one, to in page.methods[page.used :][:count]]
    if not chosen:
        page.check_at = None
        return []
    ready = Ready(page, climb.ticket, climb.clock, tuple(chosen), page.used)
    page.used += len(chosen)
    waits = [CONFIRMED_WITHIN[one.channel] for one in chosen if one.channel in CONFIRMED_WITHIN]
    page.check_at = climb.now + max(waits) if len(waits) == len(chosen) else None
    climb.bag.put(ready)
    return chosen


def _fired(climb: Climb, shot: Shot, pages: Iterable[Wanted]) -> None:
    paged = [page.person for page in pages]
    _step(climb, shot, paged=paged)
    _tell(
        climb,
        Event.STEP_FIRED,
        shot.nominal_at,
        step=shot.name,
        repeat=shot.repeat,
        paged=[climb.staff.name_of(person) for person in paged],
    )


def _skipped(climb: Climb, skip: Skip) -> None:
    _step(climb, skip, skipped=skip.reason)
    _tell(
        climb,
        Event.STEP_SKIPPED,
        skip.nominal_at,
        step=skip.name,
        repeat=skip.repeat,
        reason=skip.reason,
    )


def _tell(climb: Climb, event: Event, at: datetime, **data: object) -> None:
    kind = climb.clock.kind.value
    record(climb.session, climb.ticket, event, at=at, now=climb.now, actor=DESK, clock=kind, **data)


def _step(climb: Climb, what: Shot | Skip, *, paged: Iterable[str] = (), skipped: str = "") -> None:
    append_row(
        climb.session,
        LadderStep,
        id=new_id(),
        clock_id=climb.clock.id,
        ticket_id=climb.ticket.id,
        run=climb.clock.run,
        step=what.step,
        repeat=what.repeat,
        name=what.name,
        nominal_at=what.nominal_at,
        fired_at=climb.now,
        skipped=skipped,
        paged=list(paged),
    )
