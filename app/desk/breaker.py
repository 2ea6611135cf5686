"""The third guard against loops: it stops what goes to a domain, or to all, and wakes somebody."""

from datetime import datetime, timedelta

from sqlmodel import Session

from app.desk.house import House
from app.desk.quiet import ALL, Quiet
from app.desk.tickets import Entry, Opening, add_entry, open_ticket
from app.kit.log import logger
from app.models import Channel
from app.sla.severity import Judgement
from app.sla.terms import Severity

log = logger("desk")


def trip(
    session: Session, house: House, quiet: Quiet, domain: str | None, *, now: datetime
) -> None:
    """Stop automatic mail to a domain, or to anybody, and open a ticket whose ladder pages for it.

    ``domain`` None is everybody.
    """
    limits = house.settings.automatic
    most = limits.domain_an_hour if domain else limits.all_an_hour
    scope, whom = (f"@{domain}", domain) if domain else (ALL, "anybody")
    reason = f"more than {most} automatic mails to {whom} within an hour"
    until = now + timedelta(hours=limits.breaker_hours)
    quiet.stop(session, scope, until, reason, now)
    log.error("automatic mail stopped", scope=scope, until=until.isoformat())
    mailbox, _ = house.mailbox(None)
    desk = house.settings.desk
    opening = Opening(
        channel=Channel.API,
        subject=f"Automatic mail to {whom} is stopped"[:200],
        judgement=Judgement(Severity.SERIOUS, 1.0, (reason,)),
        received_at=now,
        language=desk.language.value,
        time_zone=desk.time_zone,
        mailbox=mailbox,
        flags=["breaker"],
    )
    ticket, _clocks = open_ticket(session, house, opening, now=now)
    text = (
        f"There were {reason}: two machines may be answering each other. Receipts to {whom} are "
        f"held back until {until.isoformat()}; mail still opens tickets, and people's replies go "
        f"out. To go on sooner: svartid quiet lift '{scope}'"
    )
    add_entry(session, ticket, Entry(at=now, author="breaker", text=text, subject=ticket.subject))
