"""One way to write to a customer: an entry on the ticket, a letter in the thread, a row to send."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from app.config import Mailbox
from app.desk.addresses import message_id, reply_address
from app.desk.house import House
from app.desk.letters import Rendered
from app.desk.tickets import StoredAttachment, add_message, keep_files, refer
from app.kit.ids import digest
from app.models import DeliveryClass, MessageKind, ReferenceKind, Ticket
from app.models.base import Id
from app.outbox.compose import Letter
from app.outbox.payload import StoredFile
from app.outbox.put import Outgoing, put

# Older systems heed this where they do not know RFC 3834's header, which the composer writes.
AUTOMATIC_HEADERS = (("Precedence", "auto_reply"),)


@dataclass(frozen=True, slots=True)
class ToCustomer:
    """What is to be said, to whom, and as what."""

    # Which mail of the ticket: it names the delivery and the Message-ID, so that the same cause
    # makes the same mail.
    part: str
    kind: MessageKind
    urgency: DeliveryClass
    author: str
    to: str
    rendered: Rendered
    # What is kept on the ticket: the words themselves, without the letter around them.
    said: str
    said_html: str | None = field(default=None, kw_only=True)
    in_reply_to: str | None
    references: Sequence[str]
    cc: Sequence[str] = ()
    files: Sequence[StoredAttachment] = ()


def write_to_customer(
    session: Session, house: House, ticket: Ticket, what: ToCustomer, *, now: datetime
) -> Id:
    """Keep the message on the ticket, put its letter into the outbox, return the message's id."""
    mailbox, box = house.mailbox(ticket.mailbox)
    automatic = what.kind is MessageKind.AUTOMATIC
    own_id = message_id(house.secret, number=ticket.number, part=what.part, address=box.address)
    message = add_message(
        session,
        ticket,
        kind=what.kind,
        at=now,
        author=what.author,
        from_address=box.address,
        to_addresses=[what.to],
        cc_addresses=what.cc,
        subject=what.rendered.subject,
        text=what.said,
        message_id=own_id,
        html=what.said_html,
        file_names=[file.name for file in what.files],
    )
    if what.files:
        keep_files(session, message, what.files)
    refer(session, ticket, own_id, ReferenceKind.OURS)
    letter = Letter(
        from_address=box.address,
        from_name=box.name or house.settings.desk.name,
        to=(what.to,),
        cc=tuple(what.cc),
        reply_to=_reply_to(house, ticket, box),
        subject=what.rendered.subject,
        text=what.rendered.text,
        html=what.rendered.html,
        message_id=own_id,
        in_reply_to=what.in_reply_to,
        references=tuple(what.references),
        date=now,
        auto_submitted="auto-replied" if automatic else None,
        extra_headers=AUTOMATIC_HEADERS if automatic else (),
        attachments=(),
    )
    outgoing = Outgoing(
        dedupe_key=f"{ticket.id}:{what.part}",
        kind=what.urgency,
        mailbox=mailbox,
        letter=letter,
        ticket_id=ticket.id,
        files=tuple(
            StoredFile(file.name, file.declared_type, digest(file.data)) for file in what.files
        ),
    )
    put(session, outgoing, now=now)
    return message


def _reply_to(house: House, ticket: Ticket, box: Mailbox) -> str | None:
    """Return the ticket's own reply address; None where the mail server would not deliver it."""
    if not box.plus_addresses:
        return None
    return reply_address(house.secret, number=ticket.number, address=box.address)
