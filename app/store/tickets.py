"""Tickets, their messages, references and events."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select, tuple_

from app.models import (
    Agent,
    Attachment,
    Blob,
    Event,
    MailReference,
    Message,
    MessageKind,
    ReferenceKind,
    Status,
    Ticket,
    TicketEvent,
)
from app.models.base import Id
from app.sla.terms import FAULTS
from app.store import visible


def find(session: Session, ticket_id: Id, *, lock: bool = False) -> Ticket | None:
    """Return the ticket, locked against other writers where asked; None when there is none.

    Rows that point at it may still be written: else whoever takes a ticket and the engine that
    writes its log would wait for each other.
    """
    query = select(Ticket).where(Ticket.id == ticket_id)
    return session.exec(query.with_for_update(key_share=True) if lock else query).first()


def by_ids(session: Session, ids: Sequence[Id]) -> dict[Id, Ticket]:
    """Return these tickets, by id."""
    rows = session.exec(select(Ticket).where(col(Ticket.id).in_(ids)))
    return {row.id: row for row in rows}


def find_by_number(session: Session, number: int, *, lock: bool = False) -> Ticket | None:
    """Return the ticket with this number; None when there is none."""
    query = select(Ticket).where(Ticket.number == number)
    return session.exec(query.with_for_update(key_share=True) if lock else query).first()


def automatic_text(session: Session, ticket_id: Id) -> str | None:
    """Return what the desk wrote first by itself on a ticket; None where it wrote nothing."""
    query = (
        select(Message.text)
        .where(Message.ticket_id == ticket_id, Message.kind == MessageKind.AUTOMATIC)
        .order_by(col(Message.at), col(Message.id))
        .limit(1)
    )
    return session.exec(query).first()


def visible_to(session: Session, agent: Agent) -> ColumnElement[bool]:
    """Return the condition that every query of tickets for a web face goes through."""
    return visible.tickets_for(session, agent)


def find_visible(
    session: Session, agent: Agent, number: int, *, lock: bool = False
) -> Ticket | None:
    """Return the ticket with this number; None when there is none, or none the agent may see."""
    query = select(Ticket).where(Ticket.number == number, visible_to(session, agent))
    return session.exec(query.with_for_update() if lock else query).first()


def messages(
    session: Session,
    ticket_id: Id,
    *,
    merged: Sequence[Id] = (),
    kinds: Sequence[MessageKind] = (),
    after: tuple[datetime, Id] | None = None,
    limit: int | None = None,
) -> Sequence[Message]:
    """Return what was said, oldest first; ``after`` is the time and id of the last one known.

    What was said on tickets that were ``merged`` into this one stands between. No ``kinds`` are
    all of them.
    """
    query = (
        select(Message)
        .where(col(Message.ticket_id).in_([ticket_id, *merged]))
        .order_by(col(Message.at), col(Message.id))
        .limit(limit)
    )
    if kinds:
        query = query.where(col(Message.kind).in_(kinds))
    if after is not None:
        query = query.where(tuple_(col(Message.at), col(Message.id)) > after)
    return session.exec(query).all()


def find_message(session: Session, tickets: Sequence[Id], message_id: Id) -> Message | None:
    """Return a message that was said on one of these tickets; None when it was on none."""
    query = select(Message).where(Message.id == message_id, col(Message.ticket_id).in_(tickets))
    return session.exec(query).first()


def texts(session: Session, message_ids: Sequence[Id]) -> dict[Id, str]:
    """Return the beginnings of what these messages say, by their ids."""
    query = select(Message.id, func.substr(Message.text, 1, 20_000)).where(
        col(Message.id).in_(message_ids)
    )
    return dict(session.exec(query).all())


def open_of_contact(session: Session, contact_id: Id, since: datetime) -> Sequence[Ticket]:
    """Return a contact's unsolved tickets since then, newest first, fifty at the most."""
    query = (
        select(Ticket)
        .where(
            Ticket.contact_id == contact_id,
            col(Ticket.status).in_((Status.OPEN, Status.WAITING)),
            Ticket.received_at >= since,
        )
        .order_by(col(Ticket.number).desc())
        .limit(50)
    )
    return session.exec(query).all()


def worst_unsolved(
    session: Session, customer_id: Id | None, contact_id: Id | None, *, since: datetime
) -> Ticket | None:
    """Return the worst unsolved fault of a customer since then; of the contact, without one.

    Of several it is the newest; None where there is none.
    """
    whose = (
        Ticket.contact_id == contact_id
        if customer_id is None
        else Ticket.customer_id == customer_id
    )
    found = session.exec(
        select(Ticket)
        .where(
            whose,
            col(Ticket.status).in_((Status.OPEN, Status.WAITING)),
            Ticket.received_at >= since,
        )
        .order_by(col(Ticket.number).desc())
        .limit(50)
    ).all()
    faults = [one for one in found if one.severity in FAULTS]
    return min(faults, key=lambda one: one.severity.rank, default=None)


def first_message(session: Session, ticket_id: Id) -> Message | None:
    """Return what the ticket began with; None for one that nobody has written on."""
    query = (
        select(Message)
        .where(Message.ticket_id == ticket_id, Message.kind == MessageKind.INBOUND)
        .order_by(col(Message.at), col(Message.id))
        .limit(1)
    )
    return session.exec(query).first()


def standing_severities(session: Session, ticket_id: Id) -> list[TicketEvent]:
    """Return the settings of the severity that were not taken back, the last one last."""
    standing: list[TicketEvent] = []
    for row in events(session, ticket_id):
        if row.kind == Event.SEVERITY_SET:
            if "undoes" in row.data:
                standing.pop()
            else:
                standing.append(row)
    return standing


def corrected_severities(session: Session) -> Sequence[tuple[Ticket, Message]]:
    """Return the tickets whose severity stands as an agent set it, each with what it began with.

    What was taken back again taught nothing, nor is what the house raised since an agent's word.
    """
    set_by_agent = select(TicketEvent.ticket_id).where(
        TicketEvent.kind == Event.SEVERITY_SET.value, col(TicketEvent.actor).startswith("agent:")
    )
    query = select(Ticket).where(col(Ticket.id).in_(set_by_agent)).order_by(col(Ticket.number))
    standing = [
        ticket
        for ticket in session.exec(query).all()
        if (settings := standing_severities(session, ticket.id))
        and settings[-1].actor.startswith("agent:")
    ]
    firsts = [(ticket, first_message(session, ticket.id)) for ticket in standing]
    return [(ticket, first) for ticket, first in firsts if first is not None]


def first_messages(session: Session, ticket_ids: Sequence[Id]) -> dict[Id, Message]:
    """Return what each of these tickets began with; those that nobody has written on left out."""
    place = func.row_number().over(
        partition_by=col(Message.ticket_id), order_by=(col(Message.at), col(Message.id))
    )
    inbound = (
        select(Message.id, place.label("place"))
        .where(col(Message.ticket_id).in_(ticket_ids), Message.kind == MessageKind.INBOUND)
        .subquery()
    )
    query = select(Message).join(inbound, inbound.c.id == Message.id).where(inbound.c.place == 1)
    return {row.ticket_id: row for row in session.exec(query)}


def newest_from_a_person(session: Session, ticket_id: Id) -> Message | None:
    """Return the newest message that a person of the customer's wrote; None where none did."""
    query = (
        select(Message)
        .where(
            Message.ticket_id == ticket_id,
            Message.kind == MessageKind.INBOUND,
            Message.verdict == "human",
        )
        .order_by(col(Message.at).desc(), col(Message.id).desc())
        .limit(1)
    )
    return session.exec(query).first()


def newest_reply_at(session: Session, ticket_id: Id) -> datetime | None:
    """Return when a person of ours last wrote to the customer; None where none has."""
    query = (
        select(Message.at)
        .where(Message.ticket_id == ticket_id, Message.kind == MessageKind.REPLY)
        .order_by(col(Message.at).desc())
        .limit(1)
    )
    return session.exec(query).first()


def find_attachment(
    session: Session, ticket_ids: Sequence[Id], attachment_id: Id
) -> tuple[Attachment, bytes] | None:
    """Return a file of these tickets and its bytes; None where they have no such file."""
    query = (
        select(Attachment, Blob.data)
        .join(Message, col(Message.id) == col(Attachment.message_id))
        .join(Blob, col(Blob.sha256) == col(Attachment.sha256))
        .where(Attachment.id == attachment_id, col(Message.ticket_id).in_(ticket_ids))
    )
    return session.exec(query).first()


def files_among(
    session: Session, ticket_ids: Sequence[Id], attachment_ids: Sequence[Id]
) -> frozenset[Id]:
    """Return which of these files are on these tickets."""
    query = (
        select(Attachment.id)
        .join(Message, col(Message.id) == col(Attachment.message_id))
        .where(col(Attachment.id).in_(attachment_ids), col(Message.ticket_id).in_(ticket_ids))
    )
    return frozenset(session.exec(query).all())


def attachments(session: Session, message_ids: Sequence[Id]) -> Sequence[Attachment]:
    """Return the files of these messages."""
    return session.exec(select(Attachment).where(col(Attachment.message_id).in_(message_ids))).all()


def has_event(session: Session, ticket_id: Id, kind: str) -> bool:
    """Tell whether the ticket's log has an event of this kind."""
    query = select(TicketEvent.seq).where(
        TicketEvent.ticket_id == ticket_id, TicketEvent.kind == kind
    )
    return session.exec(query.limit(1)).first() is not None


def events(
    session: Session, ticket_id: Id, *, after: int = 0, limit: int | None = None
) -> Sequence[TicketEvent]:
    """Return the ticket's log after an entry, in the order it was written."""
    query = (
        select(TicketEvent)
        .where(TicketEvent.ticket_id == ticket_id, col(TicketEvent.seq) > after)
        .order_by(col(TicketEvent.seq))
        .limit(limit)
    )
    return session.exec(query).all()


def received_between(session: Session, since: datetime, until: datetime) -> Sequence[Ticket]:
    """Return the tickets received from ``since`` on and before ``until``, by number."""
    query = (
        select(Ticket)
        .where(col(Ticket.received_at) >= since, col(Ticket.received_at) < until)
        .order_by(col(Ticket.number))
    )
    return session.exec(query).all()


def events_of(session: Session, ticket_ids: Sequence[Id]) -> dict[Id, list[TicketEvent]]:
    """Return the logs of these tickets, each in the order it was written."""
    query = (
        select(TicketEvent)
        .where(col(TicketEvent.ticket_id).in_(ticket_ids))
        .order_by(col(TicketEvent.ticket_id), col(TicketEvent.seq))
    )
    logs: dict[Id, list[TicketEvent]] = {one: [] for one in ticket_ids}
    for row in session.exec(query):
        logs[row.ticket_id].append(row)
    return logs


def find_event(session: Session, ticket_id: Id, seq: int) -> TicketEvent | None:
    """Return an entry of the ticket's log; None when it has no such one."""
    query = select(TicketEvent).where(TicketEvent.seq == seq, TicketEvent.ticket_id == ticket_id)
    return session.exec(query).first()


def log_after(session: Session, seq: int) -> Sequence[tuple[TicketEvent, Ticket]]:
    """Return what every ticket's log has gained after an entry, in the order it was written."""
    query = (
        select(TicketEvent, Ticket)
        .join(Ticket, col(Ticket.id) == col(TicketEvent.ticket_id))
        .where(col(TicketEvent.seq) > seq)
        .order_by(col(TicketEvent.seq))
    )
    return session.exec(query).all()


def references_to(
    session: Session, message_ids: Sequence[str]
) -> Sequence[tuple[MailReference, Ticket]]:
    """Return what we know of these Message-IDs, with the tickets they belong to."""
    if not message_ids:
        return ()
    query = (
        select(MailReference, Ticket)
        .join(Ticket, col(Ticket.id) == col(MailReference.ticket_id))
        .where(col(MailReference.message_id).in_(message_ids))
    )
    return session.exec(query).all()


def thread_ids(session: Session, ticket_id: Id, *, limit: int = 20) -> Sequence[str]:
    """Return the newest Message-IDs that were sent or received on the ticket, oldest first."""
    query = (
        select(MailReference.message_id)
        .where(
            MailReference.ticket_id == ticket_id,
            MailReference.kind != ReferenceKind.MENTIONED,
        )
        .order_by(col(MailReference.id).desc())
        .limit(limit)
    )
    return list(reversed(session.exec(query).all()))


def participants(session: Session, ticket_id: Id) -> set[str]:
    """Return every address that wrote on the ticket or was written to."""
    query = select(Message.from_address, Message.to_addresses, Message.cc_addresses).where(
        Message.ticket_id == ticket_id, Message.kind != "note"
    )
    found: set[str] = set()
    for sender, to, cc in session.exec(query):
        found.update([sender, *to, *cc])
    found.discard("")
    return found


def count_by_status(session: Session) -> dict[str, int]:
    """Return how many tickets stand in each status."""
    query = select(Ticket.status, func.count()).group_by(col(Ticket.status))
    return dict(session.exec(query).all())
