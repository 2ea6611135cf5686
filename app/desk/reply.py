"""A person's answer to the customer: a mail in the thread, and the first-response clock met."""

from collections.abc import Sequence

from sqlmodel import Session

from app.desk import clocks, wording
from app.desk.copies import kept_copies
from app.desk.events import audit, record
from app.desk.house import House
from app.desk.outgoing import ToCustomer, write_to_customer
from app.desk.texting import LONGEST, ToPhone, why_no_sms, write_sms
from app.desk.tickets import StoredAttachment
from app.desk.work import By, check_not_merged
from app.kit.errors import BadInput, Conflict
from app.kit.html import clean_html
from app.kit.ids import new_id
from app.models import Contact, DeliveryClass, Event, MessageKind, Ticket
from app.models.base import Id
from app.store import extras, tickets

MOST_FILES = 20
# Relays commonly take 25 MB, and base64 adds a third (RFC 2045, section 6.8).
MOST_BYTES = 18_000_000


def reply(
    session: Session,
    house: House,
    ticket: Ticket,
    by: By,
    *,
    text: str,
    html: str | None = None,
    cc: Sequence[str] | None = None,
    files: Sequence[StoredAttachment] = (),
) -> Id:
    """Send an agent's answer to the customer, and meet the first-response clock.

    Whoever is known by a telephone number alone gets it as an SMS.

    ``cc`` None keeps the copies of what is answered (see ``kept_copies``); an empty list sends to
    the customer alone. ``html`` is cleaned; the text is what is sent beside it.

    The answer counts from the moment it is committed to the outbox; if it cannot be delivered,
    the ticket says so.
    """
    if not text.strip():
        raise BadInput("the reply is empty", field="text")
    check_not_merged(ticket)
    check_files(files)
    html = html and clean_html(html)
    contact = session.get(Contact, ticket.contact_id) if ticket.contact_id else None
    if contact is not None and contact.email is None and contact.phone is not None:
        message = _by_sms(session, house, ticket, by, contact.phone, text=text, files=files)
        _answered(session, house, ticket, by, message)
        return message
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
        cc=kept_copies(session, house, ticket, contact.email) if cc is None else cc,
        rendered=wording.reply(house, ticket, text=text, html=html, agent=by.agent, now=by.now),
        said=text,
        said_html=html,
        files=files,
        in_reply_to=thread[-1] if thread else None,
        references=thread,
    )
    message = write_to_customer(session, house, ticket, what, now=by.now)
    _answered(session, house, ticket, by, message)
    return message


def _by_sms(
    session: Session,
    house: House,
    ticket: Ticket,
    by: By,
    number: str,
    *,
    text: str,
    files: Sequence[StoredAttachment],
) -> Id:
    """Write to whoever is known by a number alone; Conflict where no SMS can go there."""
    why = why_no_sms(session, house, number, now=by.now)
    if why is not None:
        raise Conflict(
            f"{number} can have no SMS: {why.value.replace('_', ' ')}", remedy="Call back instead."
        )
    if files:
        raise BadInput("files cannot go with an SMS", field="attachments")
    if len(text) > LONGEST:
        raise BadInput(f"an SMS has at most {LONGEST} characters", field="text")
    what = ToPhone(
        part=f"reply-{new_id().hex}",
        kind=MessageKind.REPLY,
        urgency=DeliveryClass.LETTER,
        author=by.agent.name,
        number=number,
        text=text.strip(),
    )
    return write_sms(session, ticket, what, now=by.now)


def _answered(session: Session, house: House, ticket: Ticket, by: By, message: Id) -> None:
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
    extras.end_draft(session, ticket.id, by.agent.id)
    audit(session, ticket, "ticket.replied", now=by.now, actor=by.actor)


def check_files(files: Sequence[StoredAttachment]) -> None:
    """Refuse more than a relay would take; nothing is sent in part."""
    if len(files) > MOST_FILES:
        raise BadInput(f"at most {MOST_FILES} files go with a reply", field="attachments")
    if sum(len(file.data) for file in files) > MOST_BYTES:
        raise BadInput(
            f"the files are more than {MOST_BYTES // 1_000_000} MB together",
            field="attachments",
            remedy="Send a link in their place.",
        )
