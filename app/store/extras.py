"""Links, tags, time, drafts and templates."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, delete, func, or_, select

from app.models import (
    Agent,
    Draft,
    LinkKind,
    ReplyTemplate,
    Ticket,
    TicketLink,
    TicketTag,
    TimeEntry,
)
from app.models.base import Id
from app.store.ticket_lists import Condition


def links(
    session: Session, ticket_id: Id, *, visible: Sequence[Condition] = ()
) -> list[tuple[TicketLink, Ticket]]:
    """Return what a ticket is bound to, either way, with the tickets at the other end."""
    query = (
        select(TicketLink, Ticket)
        .join(
            Ticket,
            or_(
                (col(TicketLink.ticket_id) == ticket_id)
                & (col(TicketLink.other_id) == col(Ticket.id)),
                (col(TicketLink.other_id) == ticket_id)
                & (col(TicketLink.ticket_id) == col(Ticket.id)),
            ),
        )
        .where(*visible)
        .order_by(col(Ticket.number), col(TicketLink.kind))
    )
    return list(session.exec(query).all())


def find_link(session: Session, ticket_id: Id, other_id: Id, kind: LinkKind) -> TicketLink | None:
    """Return a link in this direction; None without it."""
    return session.get(TicketLink, (ticket_id, other_id, kind))


def set_tags(session: Session, ticket_id: Id, *, on: Sequence[str], off: Sequence[str]) -> None:
    """Put tags on a ticket and take others off."""
    session.add_all(TicketTag(ticket_id=ticket_id, tag=tag) for tag in on)
    if off:
        session.connection().execute(
            delete(TicketTag).where(
                col(TicketTag.ticket_id) == ticket_id, col(TicketTag.tag).in_(off)
            )
        )


def tags_in_use(
    session: Session, *, after: str | None, limit: int, visible: Sequence[Condition] = ()
) -> list[tuple[str, int]]:
    """Return tags and how many tickets have each, by name."""
    query = select(TicketTag.tag, func.count()).group_by(col(TicketTag.tag))
    if visible:
        query = query.join(Ticket, col(Ticket.id) == col(TicketTag.ticket_id)).where(*visible)
    if after is not None:
        query = query.where(TicketTag.tag > after)
    return list(session.exec(query.order_by(col(TicketTag.tag)).limit(limit)).all())


def time_of_ticket(session: Session, ticket_id: Id) -> Sequence[TimeEntry]:
    """Return the time entered on a ticket, also what was withdrawn, in the order of the work."""
    query = (
        select(TimeEntry)
        .where(TimeEntry.ticket_id == ticket_id)
        .order_by(col(TimeEntry.at), col(TimeEntry.id))
    )
    return session.exec(query).all()


def find_time(session: Session, ticket_id: Id, entry_id: Id) -> TimeEntry | None:
    """Return an entry of this ticket; None when it has no such one."""
    query = select(TimeEntry).where(TimeEntry.id == entry_id, TimeEntry.ticket_id == ticket_id)
    return session.exec(query).first()


def drafts(session: Session, ticket_id: Id, since: datetime) -> list[tuple[Draft, Agent]]:
    """Return who was seen to write on a ticket since then."""
    query = (
        select(Draft, Agent)
        .join(Agent, col(Agent.id) == col(Draft.agent_id))
        .where(Draft.ticket_id == ticket_id, Draft.seen_at >= since)
        .order_by(col(Draft.since))
    )
    return list(session.exec(query).all())


def find_draft(session: Session, ticket_id: Id, agent_id: Id) -> Draft | None:
    """Return what an agent has written so far; None where they have not begun."""
    return session.get(Draft, (ticket_id, agent_id))


def end_draft(session: Session, ticket_id: Id, agent_id: Id) -> None:
    """Forget what an agent has written so far."""
    session.connection().execute(
        delete(Draft).where(col(Draft.ticket_id) == ticket_id, col(Draft.agent_id) == agent_id)
    )


def templates(session: Session) -> Sequence[ReplyTemplate]:
    """Return the templates, by name."""
    return session.exec(select(ReplyTemplate).order_by(col(ReplyTemplate.name))).all()


def find_template(session: Session, template_id: Id) -> ReplyTemplate | None:
    """Return a template; None when there is no such id."""
    return session.get(ReplyTemplate, template_id)


def find_template_named(session: Session, name: str) -> ReplyTemplate | None:
    """Return the template of this name; None without one."""
    return session.exec(select(ReplyTemplate).where(ReplyTemplate.name == name)).first()
