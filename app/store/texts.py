"""Which tickets an SMS may belong to."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlmodel import Session, and_, col, or_, select

from app.models import Contact, Message, MessageKind, Ticket
from app.models.base import Id

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('sms:' || :number, 0))")
_OURS = (MessageKind.REPLY, MessageKind.AUTOMATIC)
_NEWEST = 20


def wait_for_turn(session: Session, number: str) -> None:
    """Let the SMS of one number be taken in one after the other until this transaction ends.

    On SQLite every writer waits for its turn as it is.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(_ONE_AT_A_TIME, {"number": number})


def tickets_of(session: Session, number: str) -> Sequence[Ticket]:
    """Return the newest tickets of whoever has this number (E.164), newest first."""
    query = (
        select(Ticket)
        .join(Contact, col(Contact.id) == col(Ticket.contact_id))
        .where(Contact.phone == number)
        .order_by(col(Ticket.number).desc())
        .limit(_NEWEST)
    )
    return session.exec(query).all()


def newest_talk(session: Session, ticket_ids: Sequence[Id], number: str) -> Id | None:
    """Return which of these tickets the newest SMS with a number was about; None without any.

    What we sent and is no mail was an SMS.
    """
    by_sms = or_(
        Message.from_address == number,
        and_(col(Message.kind).in_(_OURS), col(Message.message_id).is_(None)),
    )
    query = (
        select(Message.ticket_id)
        .where(col(Message.ticket_id).in_(ticket_ids), by_sms)
        .order_by(col(Message.at).desc(), col(Message.id).desc())
        .limit(1)
    )
    return session.exec(query).first()
