"""Tickets that are one, and tickets that are two: merge, undo the merge, split.

Merged, a ticket is closed and keeps its messages, its log and whatever was broken on it; the
ticket that it has become a part of shows its messages with its own, answers its customer too, and
gets what they write from then on. So a merge can be undone as if it had never been.
"""

from collections.abc import Sequence

from sqlmodel import Session

from app.desk import clocks
from app.desk.events import audit, record
from app.desk.house import House
from app.desk.tickets import Opening, open_ticket, take_up
from app.desk.work import By, check_not_merged, raise_severity
from app.kit.errors import BadInput, Conflict
from app.models import (
    OPEN,
    Contact,
    Event,
    LinkKind,
    Message,
    MessageKind,
    Status,
    Ticket,
    TicketLink,
)
from app.models.base import Id
from app.sla.severity import Judgement
from app.store import families, pages, people, search, tickets


def merge(
    session: Session, house: House, ticket: Ticket, into: Ticket, by: By, *, reason: str = ""
) -> None:
    """Make a ticket a part of another one.

    The older promise and the worse severity count: a ticket that is owed something is merged only
    into one that was received before it, and that one becomes as severe as it.
    """
    _check_mergeable(ticket, into)
    owed = ticket.status in OPEN
    before = ticket.status
    ticket.status = Status.CLOSED
    ticket.merged_into_id = into.id
    record(
        session,
        ticket,
        Event.MERGED,
        at=by.now,
        now=by.now,
        actor=by.actor,
        into=into.number,
        was=before.value,
        reason=reason.strip(),
    )
    clocks.refold(session, house, ticket, now=by.now)
    pages.end_waiting(session, ticket.id)
    _audit(session, ticket, "ticket.merged", by, {"into": into.number, "reason": reason.strip()})
    _tell_whole(session, into, Event.MERGED_IN, by, part=ticket)
    if before is Status.OPEN or (owed and into.status not in OPEN):
        take_up(session, house, into, at=by.now, now=by.now, actor=by.actor)
    if owed:
        raise_severity(
            session,
            house,
            into,
            severity=ticket.severity,
            reason=f"#{ticket.number}: {'; '.join(ticket.severity_reasons)}",
            now=by.now,
            actor=by.actor,
        )


def _check_mergeable(ticket: Ticket, into: Ticket) -> None:
    if ticket.id == into.id:
        raise BadInput("a ticket is not merged into itself", field="into")
    check_not_merged(ticket)
    if into.merged_into_id is not None:
        raise Conflict(
            f"ticket {into.number} is a part of another one itself",
            field="into",
            remedy="Merge into that one.",
        )
    if ticket.customer_id and into.customer_id and ticket.customer_id != into.customer_id:
        raise Conflict(
            f"tickets {ticket.number} and {into.number} are of different customers, who would "
            "read each other's mail",
            field="into",
            remedy="Link them in place of that.",
        )
    if ticket.status in OPEN and ticket.received_at < into.received_at:
        raise Conflict(
            f"ticket {ticket.number} was received before ticket {into.number}, and its promises "
            "are the older ones",
            field="into",
            remedy=f"Merge {into.number} into {ticket.number}.",
        )


def undo_merge(session: Session, house: House, ticket: Ticket, by: By, *, reason: str) -> Ticket:
    """Take a ticket out again and return the one that it was a part of.

    Its clocks run as if they had never stood still; what was written meanwhile stays where it is.
    """
    if ticket.merged_into_id is None:
        raise Conflict(f"ticket {ticket.number} is a part of no other one")
    if not reason.strip():
        raise BadInput("say why the merge is undone", field="reason")
    log = tickets.events(session, ticket.id)
    merged = next(row for row in reversed(log) if row.kind == Event.MERGED)
    into = families.survivor(session, ticket, lock=True)
    ticket.merged_into_id = None
    ticket.status = Status(str(merged.data["was"]))
    record(
        session,
        ticket,
        Event.UNMERGED,
        at=by.now,
        now=by.now,
        actor=by.actor,
        was_in=into.number,
        reason=reason.strip(),
    )
    if ticket.status is Status.OPEN:
        # In force from the merge on: no time was won by it.
        record(
            session,
            ticket,
            Event.RESUMED,
            at=merged.at,
            now=by.now,
            actor=by.actor,
            reason="the merge was undone",
        )
    clocks.refold(session, house, ticket, now=by.now)
    _audit(session, ticket, "ticket.unmerged", by, {"from": into.number, "reason": reason.strip()})
    _tell_whole(session, into, Event.UNMERGED_FROM, by, part=ticket)
    return into


def split(
    session: Session,
    house: House,
    ticket: Ticket,
    by: By,
    *,
    messages: Sequence[Id],
    subject: str,
) -> Ticket:
    """Make a ticket of its own of some of what the customer wrote, and return it.

    Its promises count from the receipt of the first of these messages. What stays, and what the
    desk has said, stays where it is.
    """
    check_not_merged(ticket)
    said = tickets.messages(session, ticket.id)
    moved = [row for row in said if row.id in set(messages)]
    _check_splittable(ticket, said, moved, wanted=len(set(messages)))
    first = moved[0]
    writer = first.from_address.lower()
    contact = people.contacts_by_email(session, [writer]).get(writer) or (
        session.get(Contact, ticket.contact_id) if ticket.contact_id else None
    )
    why = f"split from #{ticket.number}"
    opening = Opening(
        channel=ticket.channel,
        subject=subject.strip() or first.subject or ticket.subject,
        judgement=Judgement(ticket.severity, ticket.severity_confidence, (why,), confirm=True),
        received_at=max(first.at, ticket.received_at),
        language=ticket.language,
        time_zone=ticket.time_zone,
        mailbox=ticket.mailbox,
        contact=contact,
    )
    new, _ = open_ticket(session, house, opening, now=by.now)
    session.flush()
    families.move_messages(session, moved, to=new.id)
    search.move(session, [row.id for row in moved], to=new.id)
    session.add(
        TicketLink(
            ticket_id=new.id,
            other_id=ticket.id,
            kind=LinkKind.SPLIT_FROM,
            created_at=by.now,
            created_by=by.agent.id,
        )
    )
    record(
        session,
        new,
        Event.NOT_ACKNOWLEDGED,
        at=by.now,
        now=by.now,
        actor=by.actor,
        reason="split",
    )
    record(
        session,
        ticket,
        Event.SPLIT,
        at=by.now,
        now=by.now,
        actor=by.actor,
        into=new.number,
        messages=[str(row.id) for row in moved],
    )
    _audit(session, ticket, "ticket.split", by, {"into": new.number, "messages": len(moved)})
    return new


def _check_splittable(
    ticket: Ticket, said: Sequence[Message], moved: Sequence[Message], *, wanted: int
) -> None:
    if len(moved) != wanted or not moved:
        raise BadInput(f"ticket {ticket.number} has no such messages", field="messages")
    if any(row.kind is not MessageKind.INBOUND for row in moved):
        raise BadInput("only what the customer wrote can be split off", field="messages")
    if all(row in moved for row in said if row.kind is MessageKind.INBOUND):
        raise BadInput("something of the customer's must stay", field="messages")


def _tell_whole(session: Session, whole: Ticket, event: Event, by: By, *, part: Ticket) -> None:
    """Write down on a ticket what became of one that is, or was, a part of it."""
    record(
        session,
        whole,
        event,
        at=by.now,
        now=by.now,
        actor=by.actor,
        number=part.number,
    )
    _audit(session, whole, f"ticket.{event.value}", by, {"ticket": part.number})


def _audit(session: Session, ticket: Ticket, action: str, by: By, after: dict[str, object]) -> None:
    audit(session, ticket, action, now=by.now, actor=by.actor, after=after)
