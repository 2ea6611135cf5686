"""The third guard against loops: it stops automatic mail to a whole domain, and wakes somebody."""

from datetime import datetime, timedelta

from sqlmodel import Session

from app.desk.house import House
from app.desk.quiet import Quiet, domain_of
from app.desk.tickets import Entry, Opening, add_entry, open_ticket
from app.kit.log import logger
from app.models import Channel
from app.sla.severity import Judgement
from app.sla.terms import Severity

log = logger("desk")


def trip(session: Session, house: House, quiet: Quiet, address: str, *, now: datetime) -> None:
    """Stop automatic mail to the address's domain, and open a ticket whose ladder pages for it."""
    domain = domain_of(address)
    limits = house.settings.automatic
    reason = f"more than {limits.domain_an_hour} automatic mails to {domain} within an hour"
    until = now + timedelta(hours=limits.breaker_hours)
    quiet.stop(session, f"@{domain}", until, reason, now)
    log.error("automatic mail stopped", domain=domain, until=until.isoformat())
    mailbox, _ = house.mailbox(None)
    desk = house.settings.desk
    opening = Opening(
        channel=Channel.API,
        subject=f"Automatic mail to {domain} is stopped"[:200],
        judgement=Judgement(Severity.SERIOUS, 1.0, (reason,)),
        received_at=now,
        language=desk.language.value,
        time_zone=desk.time_zone,
        mailbox=mailbox,
        flags=["breaker"],
    )
    ticket, _clocks = open_ticket(session, house, opening, now=now)
    text = (
        f"There were {reason}: two machines may be answering each other. Receipts to {domain} are "
        f"held back until {until.isoformat()}; mail from there still opens tickets. To go on "
        f"sooner: svartid quiet lift @{domain}"
    )
    add_entry(session, ticket, Entry(at=now, author="breaker", text=text, subject=ticket.subject))
