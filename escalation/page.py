"""Carrying out what the ladder decided: a row for each step, a letter for each person paged."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.desk import wording
from app.desk.addresses import message_id
from app.desk.events import DESK, record
from app.desk.house import House
from app.models import Agent, Clock, DeliveryClass, Event, LadderStep, Ticket
from app.outbox.compose import Letter
from app.outbox.put import Outgoing, put
from app.sla.ladder import Shot
from app.sla.terms import Severity
from escalation.directory import CATCH_ALL, Staff
from escalation.ladder import Decision, Page, Skip

# The worst severity's pages go before everything else in the outbox.
CRITICAL_PAGE = 10


@dataclass(frozen=True, slots=True)
class Climb:
    """One due alarm: the clock it hangs on, and all that carrying it out needs."""

    session: Session
    house: House
    staff: Staff
    ticket: Ticket
    clock: Clock
    now: datetime


def carry_out(climb: Climb, decision: Decision) -> None:
    """Write the decision down, page whom it names, and set the clock's next alarm."""
    for skip in decision.skipped:
        _skipped(climb, skip)
    for shot in decision.fired:
        _fired(
            climb, shot, [page for page in decision.pages if (page.step, page.repeat) == shot.key]
        )
    for page in decision.pages:
        _mail(climb, page)
    for note in decision.notes:
        _tell(climb, Event.LADDER_NOTE, climb.now, note=note)
    climb.clock.next_alarm_at = next_alarm(climb.clock, decision.next_alarm_at)


def next_alarm(clock: Clock, step_at: datetime | None) -> datetime | None:
    """Return the next step's time, or the moment past the limit, where a breach is recorded."""
    if clock.limit_at is None or clock.breached_at is not None:
        return step_at
    # A promise met at the very second of its limit is kept; a microsecond later it is broken.
    past = clock.limit_at + timedelta(microseconds=1)
    return past if step_at is None else min(step_at, past)


def _fired(climb: Climb, shot: Shot, pages: Iterable[Page]) -> None:
    paged = [page.person for page in pages]
    _step(climb, shot, paged=paged)
    _tell(
        climb,
        Event.STEP_FIRED,
        shot.nominal_at,
        step=shot.name,
        repeat=shot.repeat,
        paged=[_name(climb.staff, person) for person in paged],
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
    climb.session.add(
        LadderStep(
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
    )


def _mail(climb: Climb, page: Page) -> None:
    house, ticket = climb.house, climb.ticket
    agent = climb.staff.agents.get(page.person)
    address = agent.email if agent else climb.staff.catch_all
    if address is None:
        return
    mailbox, box = house.mailbox(ticket.mailbox)
    part = _part(climb.clock, page, agent)
    about = f"{page.name} ({page.reason})" if page.reason else page.name
    rendered = wording.page(
        climb.session,
        house,
        ticket,
        climb.clock,
        agent=agent,
        step=page.step + 1,
        reason=about,
        now=climb.now,
    )
    letter = Letter(
        from_address=box.address,
        from_name=house.settings.desk.name,
        to=(address,),
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        message_id=message_id(house.secret, number=ticket.number, part=part, address=box.address),
        date=climb.now,
        auto_submitted="auto-generated",
    )
    outgoing = Outgoing(
        dedupe_key=f"{ticket.id}:{part}",
        kind=DeliveryClass.PAGE,
        mailbox=mailbox,
        letter=letter,
        ticket_id=ticket.id,
        urgency=CRITICAL_PAGE if ticket.severity is Severity.CRITICAL else None,
    )
    put(climb.session, outgoing, now=climb.now)


def _part(clock: Clock, page: Page, agent: Agent | None) -> str:
    """Return what names this page among the ticket's mails: a cause makes one page a person."""
    who = agent.id.hex[-12:] if agent else "all"
    kind = clock.kind.value.replace("_", "-")
    return f"page-{kind}-{clock.run}-{page.step + 1}-{page.repeat}-{who}"


def _name(staff: Staff, person: str) -> str:
    agent = staff.agents.get(person)
    return agent.name if agent else (staff.catch_all or CATCH_ALL)
