"""What staff keep on a ticket beside what is said: links, tags, time, and who is writing."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session

from app.desk.events import audit, record
from app.desk.work import By
from app.kit.errors import BadInput, Conflict, NotAllowed, NotFound
from app.models import (
    Agent,
    Draft,
    Event,
    LinkKind,
    Role,
    Ticket,
    TicketLink,
    TimeEntry,
)
from app.models.base import Id
from app.store import extras

MOST_TAGS = 30
# Whoever writes says so at least this often; a closed window says nothing.
WRITING_FOR = timedelta(seconds=60)


def link(session: Session, ticket: Ticket, other: Ticket, by: By, *, kind: LinkKind) -> None:
    """Bind a ticket to another one; both logs tell it."""
    if ticket.id == other.id:
        raise BadInput("a ticket is not linked to itself", field="to")
    there = extras.find_link(session, ticket.id, other.id, kind)
    back = extras.find_link(session, other.id, ticket.id, kind)
    if there or (back and kind is LinkKind.RELATED):
        raise Conflict(f"ticket {ticket.number} is {kind.value} {other.number} already")
    session.add(
        TicketLink(
            ticket_id=ticket.id,
            other_id=other.id,
            kind=kind,
            created_at=by.now,
            created_by=by.agent.id,
        )
    )
    _tell_both(session, ticket, other, by, event=Event.LINKED, kind=kind)


def unlink(session: Session, ticket: Ticket, other: Ticket, by: By, *, kind: LinkKind) -> None:
    """Undo a link, from whichever end."""
    found = extras.find_link(session, ticket.id, other.id, kind)
    found = found or extras.find_link(session, other.id, ticket.id, kind)
    if found is None:
        raise NotFound(f"ticket {ticket.number} is not {kind.value} {other.number}")
    session.delete(found)
    _tell_both(session, ticket, other, by, event=Event.UNLINKED, kind=kind)


def _tell_both(
    session: Session, ticket: Ticket, other: Ticket, by: By, *, event: Event, kind: LinkKind
) -> None:
    for one, far in ((ticket, other), (other, ticket)):
        told: dict[str, object] = {"number": far.number, "link": kind.value, "first": one is ticket}
        record(session, one, event, at=by.now, now=by.now, actor=by.actor, **told)
        audit(session, one, f"ticket.{event.value}", now=by.now, actor=by.actor, after=told)


def set_tags(session: Session, ticket: Ticket, by: By, *, tags: Iterable[str]) -> None:
    """Let a ticket have exactly these tags; saying so again changes nothing."""
    wanted = sorted({tag_of(tag) for tag in tags})
    if len(wanted) > MOST_TAGS:
        raise BadInput(f"a ticket has at most {MOST_TAGS} tags", field="tags")
    before = list(ticket.tags)
    on = [tag for tag in wanted if tag not in before]
    off = [tag for tag in before if tag not in wanted]
    if not on and not off:
        return
    extras.set_tags(session, ticket.id, on=on, off=off)
    ticket.tags = wanted
    for event, changed in ((Event.TAGGED, on), (Event.UNTAGGED, off)):
        if changed:
            record(session, ticket, event, at=by.now, now=by.now, actor=by.actor, tags=changed)
    audit(
        session,
        ticket,
        "ticket.tagged",
        now=by.now,
        actor=by.actor,
        before={"tags": before},
        after={"tags": wanted},
    )


def tag_of(word: str) -> str:
    """Return a word as the tag that it is; BadInput for one that is none."""
    tag = " ".join(word.lower().split())
    if not tag or len(tag) > 50 or "," in tag:
        raise BadInput("a tag is a word or a few, of at most 50 letters", field="tags")
    return tag


def enter_time(
    session: Session,
    ticket: Ticket,
    by: By,
    *,
    minutes: int,
    billable: bool,
    note: str,
    at: datetime | None,
) -> TimeEntry:
    """Write down minutes of work; ``at`` None is now."""
    if at is not None and at > by.now:
        raise BadInput("this is still to come", field="at")
    entry = TimeEntry(
        ticket_id=ticket.id,
        agent_id=by.agent.id,
        minutes=minutes,
        billable=billable,
        note=note,
        at=at or by.now,
        created_at=by.now,
    )
    session.add(entry)
    told: dict[str, object] = {
        "entry": str(entry.id),
        "minutes": minutes,
        "billable": billable,
        "note": note,
    }
    record(session, ticket, Event.TIME_ENTERED, at=entry.at, now=by.now, actor=by.actor, **told)
    audit(session, ticket, "ticket.time_entered", now=by.now, actor=by.actor, after=told)
    return entry


def withdraw_time(session: Session, ticket: Ticket, by: By, *, entry_id: Id) -> None:
    """Let an entry not count; one's own, or as a lead anybody's."""
    entry = extras.find_time(session, ticket.id, entry_id)
    if entry is None:
        raise NotFound(f"ticket {ticket.number} has no entry {entry_id}", field="entry_id")
    if entry.agent_id != by.agent.id and by.agent.role not in {Role.LEAD, Role.ADMIN}:
        raise NotAllowed("this is somebody else's time", remedy="Ask them, or a lead.")
    if entry.withdrawn_at is not None:
        raise Conflict("the entry was withdrawn already")
    entry.withdrawn_at = by.now
    told: dict[str, object] = {"entry": str(entry.id), "minutes": entry.minutes}
    record(session, ticket, Event.TIME_WITHDRAWN, at=by.now, now=by.now, actor=by.actor, **told)
    audit(session, ticket, "ticket.time_withdrawn", now=by.now, actor=by.actor, before=told)


def note_writing(session: Session, ticket: Ticket, by: By, *, text: str | None) -> Draft:
    """Note that an agent is writing; None keeps what they have so far.

    It is no change of the ticket: its version stays.
    """
    draft = extras.find_draft(session, ticket.id, by.agent.id)
    if draft is None:
        draft = Draft(
            ticket_id=ticket.id, agent_id=by.agent.id, text="", since=by.now, seen_at=by.now
        )
        session.add(draft)
    elif draft.seen_at < by.now - WRITING_FOR:
        draft.since = by.now
    draft.seen_at = by.now
    if text is not None:
        draft.text = text
    return draft


def writing(
    session: Session, ticket: Ticket, *, now: datetime, but: Id | None = None
) -> list[tuple[Draft, Agent]]:
    """Return who is writing on a ticket, but one."""
    found = extras.drafts(session, ticket.id, now - WRITING_FOR)
    return [(draft, agent) for draft, agent in found if agent.id != but]
