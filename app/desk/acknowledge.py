"""Confirming receipt at once: number, severity, what we promise by when, and how to reach us."""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from app.desk import wording
from app.desk.breaker import trip
from app.desk.events import DESK, record
from app.desk.house import House
from app.desk.outgoing import ToCustomer, write_to_customer
from app.desk.quiet import Held, Quiet, domain_of
from app.models import Clock, Contact, DeliveryClass, Event, MessageKind, Ticket
from app.models.base import Id

# Addresses that nobody reads, and those of mail servers themselves (RFC 2142; RFC 5321, 4.5.1).
_NOBODY = re.compile(
    r"^(mailer-daemon|postmaster|abuse|root|no-?_?reply|do-?not-?reply|bounces?|daemon)([+.-].*)?@",
    re.IGNORECASE,
)


class Silence(StrEnum):
    """Why a receipt was not confirmed; also the metric's label."""

    MACHINE = "machine"
    NO_ADDRESS = "no_address"
    OUR_OWN_ADDRESS = "our_own_address"
    NOBODY_READS_IT = "nobody_reads_it"
    HIDDEN_NUMBER = "hidden_number"
    NOT_A_MOBILE = "not_a_mobile"
    NO_SMS = "no_sms"  # No way to send them is set up.
    WANTS_NO_SMS = "wants_no_sms"


def acknowledge(
    session: Session,
    house: House,
    ticket: Ticket,
    clocks: Sequence[Clock],
    *,
    contact: Contact | None,
    in_reply_to: str | None,
    references: Sequence[str],
    verdict: str,
    now: datetime,
    quiet: Quiet | None = None,
    likeness: str | None = None,
    by_phone: bool = False,
) -> Id | None:
    """Confirm by mail the receipt of what opened the ticket; None where it must not be, said why.

    ``quiet`` is what a batch of mails has looked up for all of them; ``likeness`` tells mails of
    one machine (``app.desk.quiet``).

    The acknowledgement does not meet the first-response clock: that takes a person.
    """
    to = contact.email if contact else None
    silence: Silence | Held | None = why_not(house, to=to, verdict=verdict)
    if silence is None and to is not None:
        quiet = quiet or Quiet.about(session, house.settings.automatic, [to], now)
        silence = quiet.why_not(session, ticket, to, likeness, now)
        if silence is Held.DOMAIN_BUDGET:
            trip(session, house, quiet, domain_of(to), now=now)
        elif silence is Held.ALL_BUDGET:
            trip(session, house, quiet, None, now=now)
    if silence is not None or to is None or quiet is None:
        record(
            session,
            ticket,
            Event.NOT_ACKNOWLEDGED,
            at=now,
            now=now,
            actor=DESK,
            reason=(silence or Silence.NO_ADDRESS).value,
        )
        return None
    rendered = wording.acknowledgement(
        session, house, ticket, clocks, contact=contact, now=now, by_phone=by_phone
    )
    what = ToCustomer(
        part="receipt",
        kind=MessageKind.AUTOMATIC,
        urgency=DeliveryClass.RECEIPT,
        author=house.settings.desk.name,
        to=to,
        rendered=rendered,
        said=rendered.text,
        in_reply_to=in_reply_to,
        references=[*references, in_reply_to] if in_reply_to else list(references),
    )
    message = write_to_customer(session, house, ticket, what, now=now)
    quiet.note(session, ticket, to, likeness, now)
    record(
        session,
        ticket,
        Event.ACKNOWLEDGED,
        at=now,
        now=now,
        actor=DESK,
        to=to,
        message=str(message),
    )
    return message


def why_not(house: House, *, to: str | None, verdict: str) -> Silence | None:
    """Return why an address must get no automatic mail; None where it may.

    1. Nothing automatic answers a machine (RFC 3834, section 2), but a monitor that is listed; a
       bounce is never answered.
    2. There is nowhere to send it.
    3. It would come back to ourselves.
    4. The address is one that only machines have.
    """
    if verdict == "bounce" or (verdict != "human" and not is_monitor(house, to)):
        return Silence.MACHINE
    if not to:
        return Silence.NO_ADDRESS
    if to in house.own_addresses:
        return Silence.OUR_OWN_ADDRESS
    if _NOBODY.match(to) and not is_monitor(house, to):
        return Silence.NOBODY_READS_IT
    return None


def is_monitor(house: House, address: str | None) -> bool:
    """Tell whether an address, or its domain, is on the list of monitors that want a receipt."""
    listed = {one.lower() for one in house.settings.automatic.monitors}
    return address is not None and bool(listed & {address, f"@{domain_of(address)}"})
