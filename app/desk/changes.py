"""Telling a customer what has become of their ticket: work has begun, it waits, it is solved.

Which of these a desk writes is its own choice (``customers.told_of``). A customer to whom a person
has just written knows already, and gets no form letter behind it.
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.config import ToldOf
from app.desk import letters, wording
from app.desk.events import DESK, record
from app.desk.house import House
from app.desk.telling import customer_of, promises_of, tell
from app.models import Event, Ticket
from app.models.base import Instant
from app.sla.terms import Severity
from app.store import clocks, tickets

# Within so long, what a person wrote is the news.
JUST_WRITTEN = timedelta(minutes=10)
_CHANGES = {
    ToldOf.WORK_STARTED: letters.Change.WORK_STARTED,
    ToldOf.WAITING: letters.Change.WAITING,
    ToldOf.SEVERITY: letters.Change.SEVERITY,
    ToldOf.SOLVED: letters.Change.SOLVED,
    ToldOf.REOPENED: letters.Change.REOPENED,
}


def tell_change(
    session: Session,
    house: House,
    ticket: Ticket,
    what: ToldOf,
    *,
    now: Instant,
    note: str | None = None,
    severity: Severity | None = None,
) -> None:
    """Write to the customer that the ticket has moved on, or record why they were not told.

    1. A desk that does not tell of this says nothing, and nothing is recorded.
    2. What a person wrote in the last ten minutes is the news.
    3. No machine is told, as with every automatic letter.
    """
    if what not in house.settings.customers.told_of:
        return
    session.flush()
    written = tickets.newest_reply_at(session, ticket.id)
    if written is not None and now - written < JUST_WRITTEN:
        why = "just_written"
    else:
        contact = customer_of(session, ticket)
        promising = what in {ToldOf.SEVERITY, ToldOf.REOPENED}
        promises = promises_of(clocks.of_ticket(session, ticket.id)) if promising else ()
        context = letters.StatusChange(
            now=now,
            time_zone=ZoneInfo(ticket.time_zone),
            brand=house.settings.desk.name,
            number=ticket.number,
            subject=ticket.subject,
            change=_CHANGES[what],
            severity=severity,
            note=note,
            promises=promises,
            reopens_for=timedelta(days=house.settings.intake.reopen_days),
            customer_name=contact.name if contact else None,
            signature=wording.signature_of(house, ticket),
        )
        rendered = wording.rendered(house, ticket, "status", context)
        part = f"{what.value.replace('_', '-')}-{ticket.version}"
        silence = tell(session, house, ticket, rendered=rendered, part=part, now=now)
        why = silence.value if silence else ""
    record(
        session,
        ticket,
        Event.CHANGE_TOLD,
        at=now,
        now=now,
        actor=DESK,
        change=what.value,
        told=not why,
        reason=why,
    )
