"""Confirming a call: an SMS to a mobile, and a mail where an address is known.

Both stand under the guards of all automatic mail (``app.desk.quiet``); a call is confirmed once,
when its ticket is there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.desk.acknowledge import Silence, acknowledge
from app.desk.callers import Caller
from app.desk.events import DESK, record
from app.desk.house import House
from app.desk.letters.words import PROMISED, SEVERITY
from app.desk.quiet import Held, Quiet
from app.desk.tickets import add_message
from app.kit import i18n
from app.kit.phone_numbers import is_mobile
from app.models import Call, Clock, DeliveryClass, Event, MessageKind, Ticket
from app.outbox.put import Notice, put_notice
from app.sla.terms import ClockStatus

# The letters of GSM 7 bit only (3GPP TS 23.038): one sign that is not doubles an SMS's price.
_RECEIVED: Final[Mapping[str, str]] = {
    "nb": "{brand}: Takk for at du ringte. Saken har nummer {number} ({severity}).",
    "nn": "{brand}: Takk for at du ringde. Saka har nummer {number} ({severity}).",
    "en": "{brand}: Thank you for calling. Your ticket is number {number} ({severity}).",
}


@dataclass(frozen=True, slots=True)
class CallReceipt:
    """What is to be confirmed."""

    ticket: Ticket
    call: Call
    clocks: Sequence[Clock]
    caller: Caller
    # The call opened the ticket; else it joined it.
    opened: bool


def confirm_call(session: Session, house: House, receipt: CallReceipt, *, now: datetime) -> None:
    """Tell the caller the ticket's number, its severity and what is promised.

    1. A mobile gets an SMS, whether the call opened the ticket or joined it.
    2. A contact with an address gets a mail where the call opened the ticket; the one that it
       joined was confirmed before.
    3. Where neither can be, the log says why.
    """
    silence = _by_sms(session, house, receipt, now=now)
    ticket, contact = receipt.ticket, receipt.caller.contact
    if receipt.opened and contact is not None and contact.email:
        acknowledge(
            session,
            house,
            ticket,
            receipt.clocks,
            contact=contact,
            in_reply_to=None,
            references=(),
            verdict="human",
            now=now,
            by_phone=True,
        )
    elif silence is not None:
        record(
            session,
            ticket,
            Event.NOT_ACKNOWLEDGED,
            at=now,
            now=now,
            actor=DESK,
            reason=silence.value,
        )


def sms_receipt(house: House, ticket: Ticket, clocks: Sequence[Clock], *, now: datetime) -> str:
    """Return the SMS; without a link, since Norwegian operators filter those."""
    language = i18n.closest(ticket.language, default="en")
    zone = ZoneInfo(ticket.time_zone)
    parts = [
        _RECEIVED[language].format(
            brand=house.settings.desk.name,
            number=ticket.number,
            severity=SEVERITY[language][ticket.severity],
        )
    ]
    for clock in sorted(clocks, key=lambda one: one.kind):
        if clock.status is ClockStatus.RUNNING and clock.limit_at is not None:
            by = i18n.deadline(clock.limit_at, zone=zone, language=language, now=now)
            parts.append(f"{PROMISED[language][clock.kind]}: {by}.")
    return " ".join(parts)


def _by_sms(
    session: Session, house: House, receipt: CallReceipt, *, now: datetime
) -> Silence | Held | None:
    ticket = receipt.ticket
    number = receipt.caller.number
    if number is None:
        return Silence.HIDDEN_NUMBER
    if not is_mobile(number):
        return Silence.NOT_A_MOBILE
    if not house.settings.twilio.account_sid:
        return Silence.NO_SMS
    quiet = Quiet.about(session, house.settings.automatic, [number], now)
    held = quiet.why_not(session, ticket, number, None, now)
    if held is not None:
        return held
    text = sms_receipt(house, ticket, receipt.clocks, now=now)
    message = add_message(
        session,
        ticket,
        kind=MessageKind.AUTOMATIC,
        at=now,
        author=house.settings.desk.name,
        to_addresses=[number],
        text=text,
    )
    notice = Notice(
        dedupe_key=f"{ticket.id}:call-{receipt.call.id}",
        kind=DeliveryClass.RECEIPT,
        channel="sms",
        recipient=number,
        payload={"text": text, "language": ticket.language},
        ticket_id=ticket.id,
    )
    put_notice(session, notice, now=now)
    quiet.note(session, ticket, number, None, now)
    record(
        session,
        ticket,
        Event.ACKNOWLEDGED,
        at=now,
        now=now,
        actor=DESK,
        to=number,
        by="sms",
        message=str(message),
    )
    return None
