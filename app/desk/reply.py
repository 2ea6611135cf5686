"""A person's answer to the customer: a mail in the thread, and the first-response clock met."""

from collections.abc import Sequence

from sqlmodel import Session

from app.desk import clocks, wording
from app.desk.events import audit, record
from app.desk.house import House
from app.desk.outgoing import ToCustomer, write_to_customer
from app.desk.work import By
from app.kit.errors import BadInput, Conflict
from app.kit.ids import new_id
from app.models import Contact, DeliveryClass, Event, MessageKind, Ticket
from app.models.base import Id
from app.store import tickets


def reply(
    session: Session,
    house: House,
    ticket: Ticket,
    by: By,
    *,
    text: str,
    cc: Sequence[str] = (),
) -> Id:
    """Send an agent's answer to the customer, and meet the first-response clock.

    The answer counts from the moment it is committed to the outbox; if it cannot be delivered,
    the ticket says so.
    """
    if not text.strip():
        raise BadInput("the reply is empty", field="text")
    contact = session.get(Contact, ticket.contact_id) if ticket.contact_id else None
    if contact is None or contact.email is None:
        raise Conflict(
            f"ticket {ticket.number} has no mail address to reply to",
            remedy="Give its contact an address, or call back.",
        )
    thread = tickets.thread_ids(session, ticket.id)
    what = ToCustomer(
        part=f"reply-{new_id().hex}",
        kind=MessageKind.REPLY,
        urgency=DeliveryClass.LETTER,
        author=by.agent.name,
        to=contact.email,
        cc=cc,
        rendered=wording.reply(house, ticket, text=text, agent=by.agent, now=by.now),
        said=text,
        in_reply_to=thread[-1] if thread else None,
        references=thread,
    )
    message = write_to_customer(session, house, ticket, what, now=by.now)
    record(
        session,
        ticket,
        Event.REPLIED,
        at=by.now,
        now=by.now,
        actor=by.actor,
        message=str(message),
    )
    clocks.refold(session, house, ticket, now=by.now)
    audit(session, ticket, "ticket.replied", now=by.now, actor=by.actor)
    return message
