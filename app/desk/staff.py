"""Writing to the people who work here: about a ticket, in each one's language."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlmodel import Session

from app.desk.house import House
from app.desk.letters import Rendered
from app.kit.ids import new_id
from app.models import DeliveryClass, Role, Ticket
from app.outbox.compose import Letter
from app.outbox.put import Outgoing, put
from app.store import people


def everybody(session: Session, house: House) -> dict[str, str | None]:
    """Return who works on tickets, and the catch-all, by address, each with their language."""
    readers: dict[str, str | None] = {}
    if house.settings.policy.catch_all is not None:
        readers[house.settings.policy.catch_all] = None
    for agent in people.active_agents(session):
        if agent.role is not Role.VIEWER:
            readers[agent.email] = agent.language
    return readers


def whose(session: Session, house: House, ticket: Ticket) -> dict[str, str | None]:
    """Return who has the ticket; everybody, where nobody has."""
    agent = people.find_agent(session, ticket.assignee_id) if ticket.assignee_id else None
    if agent is None or not agent.active:
        return everybody(session, house)
    return {agent.email: agent.language}


def write_to_staff(
    session: Session,
    house: House,
    ticket: Ticket,
    written: Callable[[str | None], Rendered],
    *,
    readers: Mapping[str, str | None],
    key: str,
    mailbox: str | None,
    now: datetime,
) -> None:
    """Put a mail to each reader into the outbox; one cause, named by ``key``, makes no two."""
    name, box = house.mailbox(mailbox)
    for address, language in readers.items():
        rendered = written(language)
        letter = Letter(
            from_address=box.address,
            from_name=house.settings.desk.name,
            to=(address,),
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            message_id=f"{new_id().hex}@{box.address.rpartition('@')[2]}",
            date=now,
            auto_submitted="auto-generated",
        )
        outgoing = Outgoing(
            f"{key}:{address}", DeliveryClass.PAGE, name, letter, ticket_id=ticket.id, urgency=10
        )
        put(session, outgoing, now=now)
