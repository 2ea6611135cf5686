"""What our letters say of a ticket: contexts for ``app.desk.letters``, filled from its rows."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.desk import letters
from app.desk.house import House
from app.desk.letters import Rendered
from app.desk.links import take_url
from app.kit.log import logger
from app.models import Agent, Agreement, Clock, Contact, Customer, Message, Ticket
from app.sla.terms import Severity

log = logger("letters")
# The lines of the customer's first message that a page shows.
EXCERPT_LENGTH = 400
# The other tickets that a page lists.
MOST_LISTED = 30


def acknowledgement(
    session: Session,
    house: House,
    ticket: Ticket,
    clocks: Sequence[Clock],
    *,
    contact: Contact | None,
    now: datetime,
    by_phone: bool = False,
) -> Rendered:
    """Return the letter that confirms receipt; whoever phoned is not told to phone."""
    desk = house.settings.desk
    calendar = house.policy_of(session, ticket.policy_id).calendar()
    agreement = session.get(Agreement, ticket.agreement_id) if ticket.agreement_id else None
    is_open = calendar.is_open(now)
    context = letters.Acknowledgement(
        now=now,
        time_zone=ZoneInfo(ticket.time_zone),
        brand=desk.name,
        number=ticket.number,
        subject=ticket.subject,
        severity=ticket.severity,
        promises=tuple(
            letters.Promise(clock.kind, clock.target_at, clock.limit_at) for clock in clocks
        ),
        received_at=ticket.received_at,
        desk_open=is_open,
        opens_at=None if is_open else calendar.next_opening(now),
        phone_line=(agreement.phone_line if agreement else None) or desk.phone,
        looks_critical=ticket.severity is Severity.CRITICAL and not by_phone,
        customer_name=contact.name if contact else None,
        by_phone=by_phone,
        signature=signature_of(house, ticket),
    )
    return rendered(house, ticket, "acknowledgement", context)


def reply(
    house: House,
    ticket: Ticket,
    *,
    text: str,
    agent: Agent,
    now: datetime,
    html: str | None = None,
) -> Rendered:
    """Return the letter around an agent's answer."""
    context = letters.Reply(
        now=now,
        time_zone=ZoneInfo(ticket.time_zone),
        brand=house.settings.desk.name,
        number=ticket.number,
        subject=ticket.subject,
        text=text,
        html=html,
        agent_name=agent.name,
        signature=signature_of(house, ticket),
    )
    return rendered(house, ticket, "reply", context)


def signature_of(house: House, ticket: Ticket) -> str | None:
    """Return how the ticket's mailbox signs; None where it has no words of its own."""
    return house.mailbox(ticket.mailbox)[1].signature


def rendered(house: House, ticket: Ticket, name: str, context: letters.Context) -> Rendered:
    """Write a letter with the templates of the ticket's mailbox, and tell of one that is broken."""
    mailbox, box = house.mailbox(ticket.mailbox)
    letter = letters.render(name, ticket.language, context, folder=box.templates_folder)
    if letter.problem:
        log.error("template broken", mailbox=mailbox, letter=name, problem=letter.problem)
    return letter


def page(
    session: Session,
    house: House,
    ticket: Ticket,
    clock: Clock,
    *,
    agent: Agent | None,
    step: int,
    reason: str,
    now: datetime,
    first: Message | None,
    others: Sequence[tuple[Ticket, Clock]] = (),
) -> Rendered:
    """Return the letter that asks somebody of ours to take the ticket, and tells of others.

    ``first`` is what the ticket began with; None for one that nobody has written on.
    """
    desk = house.settings.desk
    context = letters.Page(
        now=now,
        time_zone=ZoneInfo(desk.time_zone),
        brand=desk.name,
        number=ticket.number,
        subject=ticket.subject,
        severity=ticket.severity,
        customer=_customer(session, ticket),
        kind=clock.kind,
        due_at=_due(clock, now),
        step=step,
        take_url=take_url(house, ticket, agent),
        person_name=agent.name if agent else None,
        excerpt=_excerpt(first),
        reason=reason,
        others=tuple(
            letters.Waiting(
                number=other.number,
                subject=other.subject,
                severity=other.severity,
                kind=its.kind,
                due_at=_due(its, now),
                take_url=take_url(house, other, agent),
            )
            for other, its in others[:MOST_LISTED]
        ),
        unlisted=max(0, len(others) - MOST_LISTED),
    )
    return letters.render("page", agent.language if agent else desk.language.value, context)


def _due(clock: Clock, now: datetime) -> datetime | None:
    """Return the target while it lies ahead, and then the limit."""
    past_target = clock.target_at is not None and now >= clock.target_at
    return clock.limit_at if past_target else clock.target_at


def _customer(session: Session, ticket: Ticket) -> str:
    contact = session.get(Contact, ticket.contact_id) if ticket.contact_id else None
    customer = session.get(Customer, ticket.customer_id) if ticket.customer_id else None
    names = [
        customer.name if customer else "",
        (contact.name or contact.email or "") if contact else "",
    ]
    return ", ".join(name for name in names if name) or "?"


def _excerpt(first: Message | None) -> str | None:
    if first is None:
        return None
    text = (first.reply_text or first.text).strip()
    return text[:EXCERPT_LENGTH] or None
