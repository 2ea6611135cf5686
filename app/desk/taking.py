"""Answering a page: take the ticket, hand it back, hand it on, or snooze it.

None of these stops a clock. Whoever has taken a ticket and does not answer is warned again before
the limit, and the limit always tells the next level.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from app.desk import clocks
from app.desk.events import audit, record
from app.desk.house import House
from app.desk.staff_notices import ToStaff, notify
from app.desk.work import By, assign, check_open
from app.kit.errors import BadInput, Conflict, NotAllowed
from app.models import Agent, Event, Role, Ticket
from app.sla.ladder import PageChannel
from app.sla.terms import ClockStatus
from app.store import clocks as store
from app.store import pages, people

_LEADS = frozenset({Role.LEAD, Role.ADMIN})
_TAKEN = {
    "nb": ("Sak {number} er tatt", "{who} har tatt sak {number}. Du trenger ikke gjøre noe."),
    "nn": ("Sak {number} er teken", "{who} har teke sak {number}. Du treng ikkje gjere noko."),
    "en": ("Ticket {number} is taken", "{who} has taken ticket {number}. There is nothing to do."),
}
_HANDED_ON = {
    "nb": ("Sak {number} er din", "{who} har gitt sak {number} videre til deg: {reason}"),
    "nn": ("Sak {number} er di", "{who} har gjeve sak {number} vidare til deg: {reason}"),
    "en": ("Ticket {number} is yours", "{who} has handed ticket {number} on to you: {reason}"),
}


def take(session: Session, house: House, ticket: Ticket, by: By) -> None:
    """Answer a page: the ladder stops calling others, and the ticket is theirs if nobody's.

    Everybody else who was paged is told. Taking it again changes nothing; somebody else may take
    it over.
    """
    check_open(ticket, "take")
    if ticket.taken_at is not None and ticket.taken_by_id == by.agent.id:
        return
    before = ticket.taken_by_id
    ticket.taken_at = ticket.taken_at or by.now
    ticket.taken_by_id = by.agent.id
    ticket.snoozed_until = None
    record(session, ticket, Event.TAKEN, at=by.now, now=by.now, actor=by.actor)
    if ticket.assignee_id is None or ticket.assignee_id == before:
        assign(session, ticket, by, to=by.agent)
    audit(session, ticket, "ticket.taken", now=by.now, actor=by.actor)
    _tell_the_others(session, house, ticket, by)
    pages.end_waiting(session, ticket.id)
    clocks.look_again(session, ticket, now=by.now)


def hand_back(session: Session, ticket: Ticket, by: By, *, reason: str) -> None:
    """Give a taken ticket back: those of the newest step are paged again, at once."""
    _check_taken(ticket, by, reason)
    ticket.taken_at = ticket.taken_by_id = None
    ticket.handed_back_at = by.now
    ticket.hand_backs += 1
    record(
        session,
        ticket,
        Event.HANDED_BACK,
        at=by.now,
        now=by.now,
        actor=by.actor,
        reason=reason.strip(),
    )
    if ticket.assignee_id == by.agent.id:
        assign(session, ticket, by, to=None)
    audit(
        session,
        ticket,
        "ticket.handed_back",
        now=by.now,
        actor=by.actor,
        after={"reason": reason.strip()},
    )
    clocks.look_again(session, ticket, now=by.now)


def hand_on(
    session: Session, house: House, ticket: Ticket, by: By, *, to: Agent, reason: str
) -> None:
    """Give a taken ticket to somebody else, who is told; it stays taken."""
    _check_taken(ticket, by, reason)
    if to.id == ticket.taken_by_id:
        raise Conflict(f"{to.name} has taken ticket {ticket.number} already", field="agent_id")
    assign(session, ticket, by, to=to)
    ticket.taken_by_id = to.id
    record(
        session,
        ticket,
        Event.HANDED_ON,
        at=by.now,
        now=by.now,
        actor=by.actor,
        agent=str(to.id),
        reason=reason.strip(),
    )
    audit(
        session,
        ticket,
        "ticket.handed_on",
        now=by.now,
        actor=by.actor,
        after={"agent_id": str(to.id), "reason": reason.strip()},
    )
    word = _Word(to, _HANDED_ON, PageChannel.MAIL, to.email, reason)
    _tell(session, house, ticket, by, word)
    clocks.look_again(session, ticket, now=by.now)


def snooze(session: Session, ticket: Ticket, by: By, *, until: datetime, reason: str) -> datetime:
    """Let nobody be paged before an instant, and return it: never later than a running limit."""
    check_open(ticket, "snooze")
    if not reason.strip():
        raise BadInput("say why nobody is to be paged", field="reason")
    if until <= by.now:
        raise BadInput("this is past already", field="until")
    running = [
        clock.limit_at
        for clock in store.of_ticket(session, ticket.id)
        if clock.status is ClockStatus.RUNNING and clock.limit_at and clock.limit_at > by.now
    ]
    until = min([until, *running])
    ticket.snoozed_until = until
    record(
        session,
        ticket,
        Event.SNOOZED,
        at=by.now,
        now=by.now,
        actor=by.actor,
        until=until.isoformat(),
        reason=reason.strip(),
    )
    audit(
        session,
        ticket,
        "ticket.snoozed",
        now=by.now,
        actor=by.actor,
        after={"until": until.isoformat(), "reason": reason.strip()},
    )
    clocks.look_again(session, ticket, now=by.now)
    return until


def _check_taken(ticket: Ticket, by: By, reason: str) -> None:
    check_open(ticket, "give away")
    if ticket.taken_at is None:
        raise Conflict(f"nobody has taken ticket {ticket.number}", remedy="Take it first.")
    if ticket.taken_by_id not in {None, by.agent.id} and by.agent.role not in _LEADS:
        raise NotAllowed(
            f"somebody else has taken ticket {ticket.number}", remedy="Ask them, or a lead."
        )
    if not reason.strip():
        raise BadInput("say why", field="reason")


def _tell_the_others(session: Session, house: House, ticket: Ticket, by: By) -> None:
    """Tell everybody who was paged, by the method they were reached by; nobody is called for it."""
    told: dict[str, tuple[PageChannel, str]] = {}
    for page in pages.waiting(session, ticket.id):
        channel, address = page.methods[max(0, page.used - 1)]
        told[page.person] = (PageChannel(channel), address)
    staff = {str(agent.id): agent for agent in people.agents_by_id(session, _ids(told))}
    for person, (by_what, where) in told.items():
        agent = staff.get(person)
        if agent is None or agent.id == by.agent.id:
            continue
        silent = by_what is not PageChannel.VOICE
        channel, address = (by_what, where) if silent else (PageChannel.MAIL, agent.email)
        _tell(session, house, ticket, by, _Word(agent, _TAKEN, channel, address))


def _ids(people_told: dict[str, tuple[PageChannel, str]]) -> list[UUID]:
    """Return the ids of those who are agents; a webhook and the catch-all are none."""
    found = []
    for person in people_told:
        try:
            found.append(UUID(person))
        except ValueError:
            continue
    return found


@dataclass(frozen=True, slots=True)
class _Word:
    """What one of the staff is told, and by what."""

    agent: Agent
    words: dict[str, tuple[str, str]]
    channel: PageChannel
    address: str
    reason: str = ""


def _tell(session: Session, house: House, ticket: Ticket, by: By, word: _Word) -> None:
    agent = word.agent
    subject, text = (
        line.format(number=ticket.number, who=by.agent.name, reason=word.reason.strip())
        for line in word.words.get(agent.language, word.words["en"])
    )
    what = ToStaff(
        key=f"{ticket.id}:taken-{ticket.version}-{agent.id.hex[-12:]}",
        channel=word.channel,
        address=word.address,
        subject=subject,
        text=text,
        language=agent.language,
        ticket_id=ticket.id,
        number=ticket.number,
    )
    notify(session, house, what, now=by.now)
