"""Writing an SMS to a customer: kept on the ticket, put into the outbox, and never past a guard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.desk.acknowledge import Silence
from app.desk.events import DESK, record
from app.desk.house import House
from app.desk.letters.words import PROMISED, SEVERITY
from app.desk.no_sms import has_stopped
from app.desk.quiet import Held, Quiet
from app.desk.tickets import add_message
from app.kit import i18n
from app.kit.phone_numbers import is_mobile
from app.models import Clock, DeliveryClass, Event, MessageKind, Ticket
from app.models.base import Id
from app.outbox.put import Notice, put_notice
from app.sla.terms import ClockStatus, Severity

# Twilio refuses a longer one (https://www.twilio.com/docs/api/errors/21617).
LONGEST: Final = 1600
# Without a link: Norwegian operators filter those.
_CALL_US: Final[Mapping[str, str]] = {
    "nb": "Er det kritisk, ring {phone}.",
    "nn": "Er det kritisk, ring {phone}.",
    "en": "If it is critical, call {phone}.",
}


@dataclass(frozen=True, slots=True)
class ToPhone:
    """An SMS to a customer, and as what it is sent."""

    # Which of the ticket's messages: the same cause makes the same one.
    part: str
    kind: MessageKind
    urgency: DeliveryClass
    author: str
    number: str
    text: str


def write_sms(session: Session, ticket: Ticket, what: ToPhone, *, now: datetime) -> Id:
    """Keep the message on the ticket, let it be sent, and return the message's id."""
    message = add_message(
        session,
        ticket,
        kind=what.kind,
        at=now,
        author=what.author,
        to_addresses=[what.number],
        text=what.text,
    )
    notice = Notice(
        dedupe_key=f"{ticket.id}:{what.part}",
        kind=what.urgency,
        channel="sms",
        recipient=what.number,
        payload={"text": what.text, "language": ticket.language},
        ticket_id=ticket.id,
    )
    put_notice(session, notice, now=now)
    return message


def confirm_by_sms(
    session: Session,
    house: House,
    ticket: Ticket,
    what: ToPhone,
    *,
    likeness: str | None = None,
    now: datetime,
) -> Silence | Held | None:
    """Confirm receipt by SMS; return why not, None where it is on its way.

    The guards are those of automatic mail, and the number's owner may have stopped all SMS.
    """
    why = why_no_sms(session, house, what.number, now=now)
    if why is not None:
        return why
    quiet = Quiet.about(session, house.settings.automatic, [what.number], now)
    held = quiet.why_not(session, ticket, what.number, likeness, now)
    if held is not None:
        return held
    message = write_sms(session, ticket, what, now=now)
    quiet.note(session, ticket, what.number, likeness, now)
    record(
        session,
        ticket,
        Event.ACKNOWLEDGED,
        at=now,
        now=now,
        actor=DESK,
        to=what.number,
        by="sms",
        message=str(message),
    )
    return None


def receipt_of(
    house: House,
    ticket: Ticket,
    clocks: Sequence[Clock],
    words: Mapping[str, str],
    *,
    by_phone: bool,
    now: datetime,
) -> str:
    """Return what confirms receipt: number, severity, what is promised by when.

    ``words`` begin it, by language. Whoever wrote about something critical is asked to call.
    """
    language = i18n.closest(ticket.language, default="en")
    zone = ZoneInfo(ticket.time_zone)
    desk = house.settings.desk
    severity = SEVERITY[language][ticket.severity]
    parts = [words[language].format(brand=desk.name, number=ticket.number, severity=severity)]
    for clock in sorted(clocks, key=lambda one: one.kind):
        if clock.status is ClockStatus.RUNNING and clock.limit_at is not None:
            by = i18n.deadline(clock.limit_at, zone=zone, language=language, now=now)
            parts.append(f"{PROMISED[language][clock.kind]}: {by}.")
    if desk.phone and not by_phone and ticket.severity in {Severity.CRITICAL, Severity.SERIOUS}:
        parts.append(_CALL_US[language].format(phone=desk.phone))
    return " ".join(parts)


def why_no_sms(session: Session, house: House, number: str, *, now: datetime) -> Silence | None:
    """Return why a number gets no SMS at all.

    1. No way to send them is set up.
    2. It is our own, or no mobile's.
    3. Its owner wants none.
    """
    if not house.settings.twilio.account_sid:
        return Silence.NO_SMS
    if number == house.settings.twilio.number:
        return Silence.OUR_OWN_ADDRESS
    if not is_mobile(number):
        return Silence.NOT_A_MOBILE
    return Silence.WANTS_NO_SMS if has_stopped(session, number, now=now) else None
