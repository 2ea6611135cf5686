"""Lists of contacts, and contacts that are one person."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, or_, select, tuple_, update

from app.models import Agent, Call, Contact, Ticket
from app.models.base import Id
from app.store import visible


def listing(
    session: Session,
    agent: Agent,
    *,
    words: str | None,
    after: tuple[datetime, Id] | None,
    limit: int,
) -> Sequence[Contact]:
    """Return the contacts that an agent may see, the longest known first.

    ``words`` is a part of their name, address or number; None leaves none out.
    """
    query = select(Contact).where(
        visible.contacts_for(agent), col(Contact.merged_into_id).is_(None)
    )
    if words:
        query = query.where(
            or_(
                col(Contact.name).icontains(words, autoescape=True),
                col(Contact.email).icontains(words, autoescape=True),
                col(Contact.phone).icontains(words, autoescape=True),
            )
        )
    if after is not None:
        query = query.where(tuple_(col(Contact.created_at), col(Contact.id)) > after)
    query = query.order_by(col(Contact.created_at), col(Contact.id)).limit(limit)
    return session.exec(query).all()


def tickets_of(session: Session, contact_id: Id) -> Sequence[Ticket]:
    """Return every ticket of a contact's."""
    return session.exec(select(Ticket).where(Ticket.contact_id == contact_id)).all()


def move_all(session: Session, contact: Contact, *, to: Contact) -> list[Id]:
    """Let everything of a contact's be another one's; return the tickets that it was."""
    moved = list(session.exec(select(Ticket.id).where(Ticket.contact_id == contact.id)).all())
    for table in (Ticket, Call):
        session.connection().execute(
            update(table).where(col(table.contact_id) == contact.id).values(contact_id=to.id)
        )
    earlier = update(Contact).where(col(Contact.merged_into_id) == contact.id)
    session.connection().execute(earlier.values(merged_into_id=to.id))
    return moved
