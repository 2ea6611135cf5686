"""Answering a page by telephone: a key on the call, or an SMS from the number that was paged.

Whoever answers is known by the delivery that reached them, or by the verified number they write
from; a ticket is taken so only by somebody who was paged about it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlmodel import Session

from app.desk import taking
from app.desk.house import House
from app.desk.staff_notices import ToStaff, notify
from app.desk.work import By
from app.models import OPEN, Agent, Delivery, DeliveryClass, Page, Ticket
from app.models.base import Id
from app.sla.ladder import PageChannel
from app.store import oncall, outbox, pages, people, tickets

# A page may be answered so long; an SMS that is older means something else.
_LASTS = timedelta(days=3)
_TAKE: Final = re.compile(
    r"(?:1|ack|ok|ta|tar|take|jeg tar(?: den| saken)?|i take(?: it)?)[\s#.!]*(\d{1,9})?[\s.!]*",
    re.IGNORECASE,
)
_DECLINE: Final = re.compile(
    r"(?:2|nei|no|kan ikke|kan ikkje|pass|videre|vidare)[\s#.!]*(\d{1,9})?[\s.!]*", re.IGNORECASE
)


class Answer(StrEnum):
    """What came of an answer; also the metric's label."""

    TAKEN = "taken"
    OTHERS = "others"  # Somebody else was quicker.
    OVER = "over"  # The ticket is no longer open.
    DECLINED = "declined"
    AGAIN = "again"  # The page is to be heard once more.
    WHICH = "which"  # Several wait, and the answer names none.
    NONE = "none"  # Nothing waits, or not that one.
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer's outcome, and what is needed to tell of it."""

    answer: Answer
    language: str = "nb"
    # The ticket's number; nought where it is about none.
    number: int = 0
    # Who has taken it, where somebody else has.
    who: str = ""
    # The numbers of the tickets that wait.
    waiting: Sequence[int] = ()
    # What the page said, where it is to be heard again.
    delivery: Delivery | None = None


_SAID: Final = {
    "nb": {
        Answer.TAKEN: "Sak {number} er din. Takk!",
        Answer.OTHERS: "{who} har tatt sak {number}. Du trenger ikke gjøre noe.",
        Answer.OVER: "Sak {number} er ikke åpen lenger. Du trenger ikke gjøre noe.",
        Answer.DECLINED: "Da varsler vi en annen om sak {number}.",
        Answer.WHICH: "Flere saker venter: {waiting}. Svar TA og nummeret.",
        Answer.NONE: "Ingen slik sak venter på deg.",
        Answer.UNCLEAR: "Det forsto vi ikke. Svar TA {number} for å ta saken, NEI {number} hvis du "
        "ikke kan.",
    },
    "nn": {
        Answer.TAKEN: "Sak {number} er di. Takk!",
        Answer.OTHERS: "{who} har teke sak {number}. Du treng ikkje gjere noko.",
        Answer.OVER: "Sak {number} er ikkje open lenger. Du treng ikkje gjere noko.",
        Answer.DECLINED: "Då varslar vi ein annan om sak {number}.",
        Answer.WHICH: "Fleire saker ventar: {waiting}. Svar TA og nummeret.",
        Answer.NONE: "Inga slik sak ventar på deg.",
        Answer.UNCLEAR: "Det forstod vi ikkje. Svar TA {number} for å ta saka, NEI {number} om du "
        "ikkje kan.",
    },
    "en": {
        Answer.TAKEN: "Ticket {number} is yours. Thank you!",
        Answer.OTHERS: "{who} has taken ticket {number}. There is nothing to do.",
        Answer.OVER: "Ticket {number} is no longer open. There is nothing to do.",
        Answer.DECLINED: "Then we page somebody else about ticket {number}.",
        Answer.WHICH: "Several tickets wait: {waiting}. Answer ACK and the number.",
        Answer.NONE: "No such ticket waits for you.",
        Answer.UNCLEAR: "We did not understand. Answer ACK {number} to take it, NO {number} if you "
        "cannot.",
    },
}


def in_words(outcome: Outcome) -> str:
    """Return an outcome as its person is told of it; empty for a page that is heard again."""
    words = _SAID.get(outcome.language, _SAID["en"]).get(outcome.answer, "")
    waiting = ", ".join(map(str, outcome.waiting))
    return words.format(number=outcome.number, who=outcome.who, waiting=waiting)


def answer_call(
    session: Session, house: House, delivery_id: Id, key: str, *, now: datetime
) -> Outcome:
    """Do what a key on a page's call asks for: 1 takes, 2 declines, any other says it again."""
    delivery = outbox.find(session, delivery_id)
    page = pages.find(session, delivery.page_id) if delivery and delivery.page_id else None
    agent = _agent_of(session, page)
    ticket = tickets.find(session, page.ticket_id, lock=True) if page else None
    if delivery is None or page is None or agent is None or ticket is None:
        return Outcome(Answer.NONE)
    if key == "1":
        return _take(session, house, ticket, By(agent, now))
    if key == "2":
        # Whoever cannot take the first of a list can take none of it.
        all_of_it = [page, *pages.led_by(session, page.id)]
        return _decline(session, ticket, agent, all_of_it, now=now)
    return Outcome(Answer.AGAIN, agent.language, ticket.number, delivery=delivery)


def answer_sms(
    session: Session, house: House, number: str, text: str, *, sid: str, now: datetime
) -> bool:
    """Do what an SMS asks for that answers a page, and answer it; False where it answers none.

    False means that it is a customer's, or somebody's own: whoever works here and was not paged may
    write to the desk as anybody does.
    """
    agent = oncall.find_by_phone(session, number)
    if agent is None:
        return False
    outcome = _by_words(session, house, agent, text.strip(), now=now)
    if outcome is None:
        return False
    what = ToStaff(
        key=f"page-answer:{sid}",
        channel=PageChannel.SMS,
        address=number,
        subject="",
        text=in_words(outcome),
        language=agent.language,
        kind=DeliveryClass.RECEIPT,
    )
    notify(session, house, what, now=now)
    return True


def _by_words(
    session: Session, house: House, agent: Agent, text: str, *, now: datetime
) -> Outcome | None:
    recent = pages.of_person(session, agent.id, now - _LASTS)
    waiting = _waiting(session, recent)
    take, decline = _TAKE.fullmatch(text), _DECLINE.fullmatch(text)
    found = take or decline
    if found is None:
        # Whoever was paged and writes something else has most likely mistyped.
        return Outcome(Answer.UNCLEAR, agent.language, waiting[0]) if waiting else None
    if found[1] is None and len(waiting) != 1:
        answer = Answer.WHICH if waiting else Answer.NONE
        return Outcome(answer, agent.language, waiting=waiting)
    number = int(found[1]) if found[1] else waiting[0]
    ticket = tickets.find_by_number(session, number, lock=True)
    theirs = [page for page in recent if ticket and page.ticket_id == ticket.id]
    if ticket is None or not theirs:
        return Outcome(Answer.NONE, agent.language, number, waiting=waiting)
    if take:
        return _take(session, house, ticket, By(agent, now))
    return _decline(session, ticket, agent, theirs, now=now)


def _waiting(session: Session, recent: Sequence[Page]) -> Sequence[int]:
    """Return the numbers of the tickets that somebody was paged about and nobody has taken."""
    unanswered = dict.fromkeys(page.ticket_id for page in recent if page.state in pages.UNANSWERED)
    found = [tickets.find(session, ticket_id) for ticket_id in unanswered]
    return [
        ticket.number
        for ticket in found
        if ticket and ticket.taken_at is None and ticket.status in OPEN
    ]


def _take(session: Session, house: House, ticket: Ticket, by: By) -> Outcome:
    language = by.agent.language
    if ticket.status not in OPEN:
        return Outcome(Answer.OVER, language, ticket.number)
    if ticket.taken_by_id is not None and ticket.taken_by_id != by.agent.id:
        taker = people.find_agent(session, ticket.taken_by_id)
        return Outcome(Answer.OTHERS, language, ticket.number, taker.name if taker else "")
    taking.take(session, house, ticket, by)
    return Outcome(Answer.TAKEN, language, ticket.number)


def _decline(
    session: Session, ticket: Ticket, agent: Agent, theirs: Sequence[Page], *, now: datetime
) -> Outcome:
    if ticket.status not in OPEN:
        return Outcome(Answer.OVER, agent.language, ticket.number)
    for page in theirs:
        pages.decline(session, page.id, now=now)
    return Outcome(Answer.DECLINED, agent.language, ticket.number)


def _agent_of(session: Session, page: Page | None) -> Agent | None:
    """Return whom a page is to; None for a program, the catch-all, and who has left."""
    try:
        agent = people.find_agent(session, UUID(page.person)) if page else None
    except ValueError:
        return None
    return agent if agent and agent.active else None
