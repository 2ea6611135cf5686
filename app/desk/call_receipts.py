"""Confirming a call: an SMS to a mobile, and a mail where an address is known.

Both stand under the guards of all automatic mail (``app.desk.quiet``); a call is confirmed once,
when its ticket is there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from app.desk.acknowledge import Silence, acknowledge
from app.desk.callers import Caller
from app.desk.events import DESK, record
from app.desk.house import House
from app.desk.quiet import Held
from app.desk.texting import ToPhone, confirm_by_sms, receipt_of
from app.models import Call, Clock, DeliveryClass, Event, MessageKind, Ticket

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


def _by_sms(
    session: Session, house: House, receipt: CallReceipt, *, now: datetime
) -> Silence | Held | None:
    ticket, number = receipt.ticket, receipt.caller.number
    if number is None:
        return Silence.HIDDEN_NUMBER
    what = ToPhone(
        part=f"call-{receipt.call.id}",
        kind=MessageKind.AUTOMATIC,
        urgency=DeliveryClass.RECEIPT,
        author=house.settings.desk.name,
        number=number,
        text=receipt_of(house, ticket, receipt.clocks, _RECEIVED, by_phone=True, now=now),
    )
    return confirm_by_sms(session, house, ticket, what, now=now)
