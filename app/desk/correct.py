"""Correcting when something took effect: the log is added to, and the clocks follow.

The first entry stays as it was written; the correction names it, the new time, and why. Whatever
follows from the log is then computed as if the right time had been known from the start. A breach
that was written down stays.
"""

from datetime import datetime

from sqlmodel import Session

from app.desk import clocks
from app.desk.events import audit, record
from app.desk.house import House
from app.desk.work import By
from app.kit.errors import BadInput, Conflict, NotAllowed, NotFound
from app.models import Event, Role, Ticket
from app.store import tickets

# What people say they did, and may say too late. A receipt never moves, a mail has its own time,
# and exclusions are ended and withdrawn.
CORRECTABLE = frozenset(
    {
        Event.WORK_STARTED,
        Event.WAITING,
        Event.RESUMED,
        Event.SEVERITY_SET,
        Event.SOLVED,
        Event.REOPENED,
    }
)


def correct_time(
    session: Session,
    house: House,
    ticket: Ticket,
    by: By,
    *,
    seq: int,
    at: datetime,
    reason: str,
) -> None:
    """Say that an entry of the ticket's log took effect at another time; this takes a lead."""
    if by.agent.role not in {Role.LEAD, Role.ADMIN}:
        raise NotAllowed("correcting the log takes the role lead")
    if not reason.strip():
        raise BadInput("say why the time is corrected", field="reason")
    entry = tickets.find_event(session, ticket.id, seq)
    if entry is None:
        raise NotFound(f"ticket {ticket.number} has no entry {seq}", field="seq")
    if entry.kind not in CORRECTABLE:
        raise Conflict(f"the time of {entry.kind!r} cannot be corrected")
    if not ticket.received_at <= at <= by.now:
        raise BadInput("the time must lie between the receipt and now", field="at")
    record(
        session,
        ticket,
        Event.CORRECTED,
        at=by.now,
        now=by.now,
        actor=by.actor,
        event=seq,
        what=entry.kind,
        to=at.isoformat(),
        reason=reason.strip(),
    )
    if entry.kind == Event.SOLVED and ticket.solved_at is not None:
        solved = [row.seq for row in tickets.events(session, ticket.id) if row.kind == entry.kind]
        ticket.solved_at = at if solved[-1] == seq else ticket.solved_at
    clocks.refold(session, house, ticket, now=by.now)
    audit(
        session,
        ticket,
        "ticket.time_corrected",
        now=by.now,
        actor=by.actor,
        before={"event": seq, "at": entry.at.isoformat()},
        after={"event": seq, "at": at.isoformat(), "reason": reason.strip()},
    )
