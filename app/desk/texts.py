"""An SMS to the desk: the verb that every way by which they come in ends in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlmodel import Session

from app.desk.callers import Caller, find_caller
from app.desk.earlier import heed_earlier
from app.desk.events import CUSTOMER, DESK, record
from app.desk.house import House
from app.desk.judging import judge_report
from app.desk.no_sms import has_stopped, says_start, says_stop, start_sms, stop_sms
from app.desk.page_answers import answer_sms
from app.desk.people import add_contact
from app.desk.quiet import likeness_of
from app.desk.terms import terms_of
from app.desk.texting import ToPhone, confirm_by_sms, receipt_of
from app.desk.tickets import Entry, Opening, add_entry, append, open_ticket, take_up
from app.kit.phone_numbers import parse_number
from app.models import Channel, Contact, DeliveryClass, Event, MessageKind, Ticket
from app.sla.severity import Report
from app.store import calls, families, heard, texts, tickets

_RECEIVED: Final[Mapping[str, str]] = {
    "nb": "{brand}: Vi har fått meldingen din. Saken har nummer {number} ({severity}).",
    "nn": "{brand}: Vi har fått meldinga di. Saka har nummer {number} ({severity}).",
    "en": "{brand}: We have your message. Your ticket is number {number} ({severity}).",
}
_SUBJECT_LENGTH = 80
_NUMBER: Final = re.compile(
    r"(?:#|\b(?:sak|ticket|case)\s*(?:nr\.?)?\s*#?)(\d{1,9})\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class TextMessage:
    """An SMS as it came in."""

    # The provider's id: the same message is taken in once.
    sid: str
    # As the provider writes it: a number, a short code, or a name.
    sender: str
    text: str
    # When it reached the provider.
    at: datetime
    # What was sent along, by address.
    files: tuple[str, ...] = ()
    # It says thank you and nothing else, which reopens nothing.
    only_thanks: bool = False


class Became(StrEnum):
    """What an SMS became; also the metric's label."""

    KNOWN = "known"  # It was taken in before.
    OURS = "ours"  # We sent it ourselves.
    STOP = "stop"
    START = "start"
    ANSWER = "answer"  # To a page.
    JOINED = "joined"
    OPENED = "opened"


def take_sms(session: Session, house: House, sms: TextMessage, *, now: datetime) -> Became:
    """Take an SMS in, once.

    1. One that was told before, or that we sent ourselves, is nothing.
    2. STOP and STOPP stop all SMS to that number, START and JA take that back.
    3. What one of ours answers to a page is that answer.
    4. Anything else is a customer's: it joins a ticket of theirs, or opens one, and whoever opened
       one is told its number. A short code or a name is a machine, and is told nothing.
    """
    if not heard.is_news(session, f"sms:{sms.sid}", now=now):
        return Became.KNOWN
    number = parse_number(sms.sender, house.settings.phone.region)
    if number is not None:
        became = _a_word_of_theirs(session, house, sms, number, now=now)
        if became is not None:
            return became
    return _from_customer(session, house, sms, number, now=now)


def _a_word_of_theirs(
    session: Session, house: House, sms: TextMessage, number: str, *, now: datetime
) -> Became | None:
    if number == house.settings.twilio.number:
        return Became.OURS
    if says_stop(sms.text):
        stop_sms(session, number, now=now, reason=f"the receiver wrote {sms.text.strip()[:20]}")
        return Became.STOP
    if says_start(sms.text) and has_stopped(session, number, now=now):
        start_sms(session, number, now=now)
        return Became.START
    if answer_sms(session, house, number, sms.text, sid=sms.sid, now=now):
        return Became.ANSWER
    return None


def _from_customer(
    session: Session, house: House, sms: TextMessage, number: str | None, *, now: datetime
) -> Became:
    # Two of one number at once must see one another's ticket.
    texts.wait_for_turn(session, number or sms.sender)
    caller = find_caller(session, number)
    entry = Entry(
        at=sms.at,
        author=caller.contact.name if caller.contact and caller.contact.name else sms.sender,
        text="\n".join([sms.text, *sms.files]).strip(),
        from_address=number or sms.sender,
        to=[house.settings.twilio.number or ""],
        verdict="human" if number else "bulk",
        verdict_reason="" if number else "the sender is no telephone number",
        extra={"sms": sms.sid},
    )
    ticket = _one_to_join(session, house, sms, caller, now=now)
    if ticket is None:
        _open(session, house, sms, caller, entry, now=now)
        return Became.OPENED
    append(session, ticket, entry, now=now)
    if not sms.only_thanks and number is not None:
        take_up(session, house, ticket, at=sms.at, now=now, actor=CUSTOMER)
    return Became.JOINED


def _one_to_join(
    session: Session, house: House, sms: TextMessage, caller: Caller, *, now: datetime
) -> Ticket | None:
    """Return the ticket that an SMS belongs to; None where it opens one.

    1. One of the sender's own that it names by its number.
    2. The one that the newest SMS with this number was about: a conversation goes on.
    3. The sender's newest open one.

    A ticket that was solved longer ago than mail reopens one is left alone.
    """
    if caller.number is None:
        return None
    since = now - timedelta(days=house.settings.intake.reopen_days)
    theirs = texts.tickets_of(session, caller.number)
    fresh = [one for one in theirs if one.solved_at is None or one.solved_at >= since]
    named = {int(found) for found in _NUMBER.findall(sms.text)}
    found = next((one for one in fresh if one.number in named), None)
    if found is None:
        newest = texts.newest_talk(session, [one.id for one in fresh], caller.number)
        found = next((one for one in fresh if one.id == newest), None)
    if found is None:
        found = next((one for one in fresh if one.solved_at is None), None)
    ticket = tickets.find(session, found.id, lock=True) if found else None
    return ticket and families.survivor(session, ticket, lock=True)


def _open(
    session: Session,
    house: House,
    sms: TextMessage,
    caller: Caller,
    entry: Entry,
    *,
    now: datetime,
) -> None:
    contact = _contact_of(session, caller, now=now)
    customer_id = caller.customer.id if caller.customer else None
    terms = terms_of(session, house, customer_id, sms.at)
    agreed = terms.agreement.language if terms.agreement else None
    known = Caller(caller.number, contact, caller.customer)
    report = Report(channel="sms", subject=None, text=sms.text)
    judgement = heed_earlier(
        session,
        house,
        report,
        judge_report(house, report, at=now),
        customer_id=customer_id,
        contact_id=contact.id if contact else None,
        now=now,
    )
    first_line = next((line.strip() for line in sms.text.splitlines() if line.strip()), "SMS")
    opening = Opening(
        channel=Channel.SMS,
        subject=first_line[:_SUBJECT_LENGTH],
        judgement=judgement,
        received_at=sms.at,
        language=known.language(house.settings, agreed),
        time_zone=known.time_zone(house.settings, terms),
        contact=contact,
        customer_id=customer_id,
        terms=terms,
    )
    ticket, clocks = open_ticket(session, house, opening, now=now)
    add_entry(session, ticket, entry)
    why: object = "machine"
    if caller.number is not None:
        what = ToPhone(
            part="receipt",
            kind=MessageKind.AUTOMATIC,
            urgency=DeliveryClass.RECEIPT,
            author=house.settings.desk.name,
            number=caller.number,
            text=receipt_of(house, ticket, clocks, _RECEIVED, by_phone=False, now=now),
        )
        alike = likeness_of("", sms.text)
        why = confirm_by_sms(session, house, ticket, what, likeness=alike, now=now)
    if why is not None:
        reason = str(why)
        record(session, ticket, Event.NOT_ACKNOWLEDGED, at=now, now=now, actor=DESK, reason=reason)


def _contact_of(session: Session, caller: Caller, *, now: datetime) -> Contact | None:
    """Return whose the ticket is, so that the next SMS finds it; a stranger becomes a contact.

    Of several who share a number it is the one whom we have known longest.
    """
    if caller.number is None or caller.contact is not None:
        return caller.contact
    shared = calls.contacts_by_number(session, caller.number)
    return shared[0] if shared else add_contact(session, phone=caller.number, now=now)
