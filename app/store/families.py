"""Tickets that have become parts of others, up and down; and messages that change tickets."""

from collections.abc import Sequence

from sqlmodel import Session, col, select, update

from app.models import Contact, MailReference, Message, Ticket
from app.models.base import Id

# A part of a part: rare, and never a circle, since only a ticket that is no part is merged into.
_DEEPEST = 20


def survivor(session: Session, ticket: Ticket, *, lock: bool = False) -> Ticket:
    """Return the ticket that this one has become a part of, or itself where it is none."""
    for _ in range(_DEEPEST):
        if ticket.merged_into_id is None:
            break
        query = select(Ticket).where(Ticket.id == ticket.merged_into_id)
        ticket = session.exec(query.with_for_update() if lock else query).one()
    return ticket


def family(session: Session, ticket_id: Id) -> list[Id]:
    """Return the ticket's id, and after it those of all that have become parts of it."""
    found = [ticket_id]
    newest = [ticket_id]
    for _ in range(_DEEPEST):
        query = select(Ticket.id).where(col(Ticket.merged_into_id).in_(newest))
        newest = list(session.exec(query).all())
        if not newest:
            break
        found += newest
    return found


def numbers(session: Session, ids: Sequence[Id]) -> dict[Id, int]:
    """Return the numbers of these tickets."""
    query = select(Ticket.id, Ticket.number).where(col(Ticket.id).in_(ids))
    return dict(session.exec(query).all())


def addresses(session: Session, ids: Sequence[Id]) -> list[str]:
    """Return the mail addresses of whoever these tickets are of, oldest ticket first."""
    query = (
        select(Contact.email)
        .join(Ticket, col(Ticket.contact_id) == col(Contact.id))
        .where(col(Ticket.id).in_(ids), col(Contact.email).is_not(None))
        .order_by(col(Ticket.number))
    )
    return [address for address in session.exec(query) if address]


def move_messages(session: Session, messages: Sequence[Message], *, to: Id) -> None:
    """Let these messages, and the Message-IDs that are theirs, belong to another ticket."""
    sources = {row.ticket_id for row in messages}
    named = [row.message_id for row in messages if row.message_id]
    session.connection().execute(
        update(Message)
        .where(col(Message.id).in_([row.id for row in messages]))
        .values(ticket_id=to)
    )
    session.connection().execute(
        update(MailReference)
        .where(col(MailReference.message_id).in_(named), col(MailReference.ticket_id).in_(sources))
        .values(ticket_id=to)
    )
