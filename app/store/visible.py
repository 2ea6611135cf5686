"""What an agent may see: the one place that says so, as conditions for other queries.

An agent who sees all is limited by nothing. Whoever is limited sees the customers they are given,
by name or through their team; the tickets of these; those of nobody's that came to a mailbox of
their team; and whatever is assigned to them or to somebody of their team.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select, true
from sqlmodel.sql.expression import SelectOfScalar

from app.models import (
    Agent,
    AgentCustomer,
    Call,
    Contact,
    Customer,
    InboundMail,
    Team,
    TeamCustomer,
    Ticket,
    Visibility,
)
from app.models.base import Id


def tickets_for(session: Session, agent: Agent) -> ColumnElement[bool]:
    """Return the condition that keeps the tickets an agent may see."""
    if agent.visibility is Visibility.ALL:
        return true()
    given = col(Ticket.customer_id).in_(_customer_ids(agent))
    mine = col(Ticket.assignee_id) == agent.id
    if agent.visibility is Visibility.CUSTOMERS or agent.team is None:
        return or_(given, mine)
    members = select(Agent.id).where(Agent.team == agent.team)
    boxes = _mailboxes(session, agent.team)
    nobodys = and_(col(Ticket.customer_id).is_(None), col(Ticket.mailbox).in_(boxes))
    return or_(given, mine, col(Ticket.assignee_id).in_(members), nobodys)


def customers_for(agent: Agent) -> ColumnElement[bool]:
    """Return the condition that keeps the customers an agent may see."""
    if agent.visibility is Visibility.ALL:
        return true()
    return col(Customer.id).in_(_customer_ids(agent))


def contacts_for(agent: Agent) -> ColumnElement[bool]:
    """Return the condition that keeps the contacts an agent may see."""
    if agent.visibility is Visibility.ALL:
        return true()
    return col(Contact.customer_id).in_(_customer_ids(agent))


def calls_for(session: Session, agent: Agent) -> ColumnElement[bool]:
    """Return the condition that keeps the calls an agent may see: those of tickets they see."""
    if agent.visibility is Visibility.ALL:
        return true()
    seen = select(Ticket.id).where(tickets_for(session, agent))
    return col(Call.ticket_id).in_(seen)


def mails_for(session: Session, agent: Agent) -> ColumnElement[bool]:
    """Return the condition that keeps the messages of the ledger an agent may see.

    One that belongs to no ticket may be anybody's, so that only those see it who see all.
    """
    if agent.visibility is Visibility.ALL:
        return true()
    seen = select(Ticket.id).where(tickets_for(session, agent))
    return col(InboundMail.ticket_id).in_(seen)


def _customer_ids(agent: Agent) -> SelectOfScalar[Id]:
    if agent.visibility is Visibility.CUSTOMERS:
        return select(AgentCustomer.customer_id).where(AgentCustomer.agent_id == agent.id)
    return (
        select(TeamCustomer.customer_id)
        .join(Team, col(Team.id) == col(TeamCustomer.team_id))
        .where(Team.name == agent.team)
    )


def _mailboxes(session: Session, team: str) -> Sequence[str]:
    return session.exec(select(Team.mailboxes).where(Team.name == team)).first() or ()
