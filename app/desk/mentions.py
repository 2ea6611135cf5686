"""Notes that mention colleagues, who are told by mail."""

import re
from collections.abc import Iterable

from sqlmodel import Session

from app.desk.house import House
from app.desk.staff_notices import ToStaff, notify
from app.desk.work import By, note
from app.kit.errors import BadInput
from app.models import Agent, Ticket
from app.models.base import Id
from app.sla.ladder import PageChannel
from app.store import people, tickets

_AT = re.compile(r"(?<![\w.])@([\w.+-]*\w)")
_SUBJECTS = {
    "nb": "{who} nevnte deg i sak {number}",
    "nn": "{who} nemnde deg i sak {number}",
    "en": "{who} mentioned you on ticket {number}",
}


def note_to(
    session: Session, house: House, ticket: Ticket, by: By, *, text: str, mentions: Iterable[Id]
) -> Id:
    """Write a note, and mail whomever it mentions.

    Those are the ones who are named, and everybody whose address begins with what stands behind
    an @ in the text.
    """
    told = _mentioned(session, ticket, text, mentions)
    message = note(session, ticket, by, text=text, mentions=[agent.id for agent in told])
    for agent in told:
        if agent.id != by.agent.id:
            _tell(session, house, ticket, by, agent=agent, message=message, text=text)
    return message


def _mentioned(session: Session, ticket: Ticket, text: str, named: Iterable[Id]) -> list[Agent]:
    """Return whom a note mentions, of those who may see the ticket.

    BadInput for somebody named who may not, or who does not work here.
    """
    wanted = set(named)
    words = {word.lower() for word in _AT.findall(text)}
    if not wanted and not words:
        return []
    staff = people.active_agents(session)
    told = [
        agent
        for agent in staff
        if (agent.id in wanted or agent.email.partition("@")[0] in words)
        and tickets.find_visible(session, agent, ticket.number) is not None
    ]
    missing = wanted - {agent.id for agent in told}
    if missing:
        raise BadInput(f"nobody called {missing.pop()} can see the ticket", field="mentions")
    return told


def _tell(
    session: Session, house: House, ticket: Ticket, by: By, *, agent: Agent, message: Id, text: str
) -> None:
    subject = _SUBJECTS.get(agent.language, _SUBJECTS["en"])
    what = ToStaff(
        key=f"{ticket.id}:mention-{message.hex}-{agent.id.hex[-12:]}",
        channel=PageChannel.MAIL,
        address=agent.email,
        subject=subject.format(who=by.agent.name, number=ticket.number),
        text=f"#{ticket.number}: {ticket.subject}\n\n{text}\n",
        language=agent.language,
        ticket_id=ticket.id,
        number=ticket.number,
    )
    notify(session, house, what, now=by.now)
