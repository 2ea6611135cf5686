"""Telling a ticket's customer something unasked: in the thread, and never to a machine."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from app.desk import letters
from app.desk.acknowledge import Silence, why_not
from app.desk.house import House
from app.desk.letters import Rendered
from app.desk.outgoing import ToCustomer, write_to_customer
from app.models import Clock, Contact, DeliveryClass, MessageKind, Ticket
from app.sla.terms import ClockStatus
from app.store import tickets


def customer_of(session: Session, ticket: Ticket) -> Contact | None:
    """Return whom the ticket's letters are for; None for a ticket of nobody's."""
    return session.get(Contact, ticket.contact_id) if ticket.contact_id else None


def promises_of(clocks: Sequence[Clock]) -> tuple[letters.Promise, ...]:
    """Return what the customer may expect by when; nothing of a clock that stands still."""
    running = sorted(
        (clock for clock in clocks if clock.status is ClockStatus.RUNNING),
        key=lambda clock: clock.kind,
    )
    return tuple(letters.Promise(one.kind, one.target_at, one.limit_at) for one in running)


def tell(
    session: Session,
    house: House,
    ticket: Ticket,
    *,
    rendered: Rendered,
    part: str,
    now: datetime,
) -> Silence | None:
    """Write to the customer; None when the letter is in the outbox, else why it is not.

    ``part`` names the letter among the ticket's, so that one cause makes one letter.
    """
    contact = customer_of(session, ticket)
    to = contact.email if contact else None
    first = tickets.first_message(session, ticket.id)
    silence = why_not(house, to=to, verdict=first.verdict if first else "human")
    if silence is not None or to is None:
        return silence or Silence.NO_ADDRESS
    thread = tickets.thread_ids(session, ticket.id)
    what = ToCustomer(
        part=part,
        kind=MessageKind.AUTOMATIC,
        urgency=DeliveryClass.LETTER,
        author=house.settings.desk.name,
        to=to,
        rendered=rendered,
        said=rendered.text,
        in_reply_to=thread[-1] if thread else None,
        references=thread,
    )
    write_to_customer(session, house, ticket, what, now=now)
    return None
