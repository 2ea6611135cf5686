"""A promise that is broken: written down once, and told to the customer if it was news for them.

Of a late answer the answer itself tells. But a promise to keep somebody informed that is broken in
silence is broken twice, so then the desk says by itself that it is late.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.desk import clocks, letters
from app.desk.events import DESK, record
from app.desk.house import House
from app.desk.telling import customer_of, tell
from app.models import Clock, Event, Ticket
from app.sla.terms import ClockKind


def note_breach(
    session: Session, house: House, ticket: Ticket, clock: Clock, *, now: datetime
) -> None:
    """Write down that a limit was passed unmet; done again, it changes nothing.

    Where the customer was promised news by then, they are told that it is late: once a round, and
    this letter is not the news, so the round stays broken until a person has written.
    """
    if clock.breached_at is not None or clock.limit_at is None:
        return
    clocks.record_breach(session, ticket, clock, now=now)
    if clock.kind is not ClockKind.NEXT_UPDATE:
        return
    contact = customer_of(session, ticket)
    context = letters.Delay(
        now=now,
        time_zone=ZoneInfo(ticket.time_zone),
        brand=house.settings.desk.name,
        number=ticket.number,
        subject=ticket.subject,
        kind=clock.kind,
        promised_at=clock.limit_at,
        customer_name=contact.name if contact else None,
    )
    rendered = letters.render("delay", ticket.language, context)
    silence = tell(session, house, ticket, rendered=rendered, part=f"late-{clock.run}", now=now)
    record(
        session,
        ticket,
        Event.LATE_TOLD,
        at=now,
        now=now,
        actor=DESK,
        clock=clock.kind.value,
        told=silence is None,
        reason=silence.value if silence else "",
    )
