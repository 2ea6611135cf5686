"""Teams, what agents are given to see, their tokens and sessions."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, delete, select, update

from app.models import AgentCustomer, ApiToken, Team, TeamCustomer, WebSession
from app.models.base import Id


def teams(session: Session) -> Sequence[Team]:
    """Return every team, by name."""
    return session.exec(select(Team).order_by(col(Team.name))).all()


def find_team(session: Session, name: str) -> Team | None:
    """Return the team of this name; None when there is none."""
    return session.exec(select(Team).where(Team.name == name)).first()


def customers_of_team(session: Session, team_id: Id) -> Sequence[Id]:
    """Return the ids of the customers that a team looks after."""
    query = select(TeamCustomer.customer_id).where(TeamCustomer.team_id == team_id)
    return session.exec(query.order_by(col(TeamCustomer.customer_id))).all()


def set_customers_of_team(session: Session, team_id: Id, customers: Sequence[Id]) -> None:
    """Let a team look after these customers and no others."""
    session.connection().execute(delete(TeamCustomer).where(col(TeamCustomer.team_id) == team_id))
    session.add_all([TeamCustomer(team_id=team_id, customer_id=one) for one in set(customers)])


def customers_of_agent(session: Session, agent_id: Id) -> Sequence[Id]:
    """Return the ids of the customers that an agent is given by name."""
    query = select(AgentCustomer.customer_id).where(AgentCustomer.agent_id == agent_id)
    return session.exec(query.order_by(col(AgentCustomer.customer_id))).all()


def set_customers_of_agent(session: Session, agent_id: Id, customers: Sequence[Id]) -> None:
    """Give an agent these customers by name and no others."""
    gone = delete(AgentCustomer).where(col(AgentCustomer.agent_id) == agent_id)
    session.connection().execute(gone)
    session.add_all([AgentCustomer(agent_id=agent_id, customer_id=one) for one in set(customers)])


def tokens(
    session: Session, agent_id: Id | None, *, after: Id | None, limit: int
) -> Sequence[ApiToken]:
    """Return an agent's tokens or everybody's, oldest first; ``after`` is the last one's id."""
    query = select(ApiToken).order_by(col(ApiToken.id)).limit(limit)
    if agent_id is not None:
        query = query.where(ApiToken.agent_id == agent_id)
    if after is not None:
        query = query.where(col(ApiToken.id) > after)
    return session.exec(query).all()


def find_token(session: Session, token_id: Id) -> ApiToken | None:
    """Return a token, revoked or not; None when there is no such id."""
    return session.get(ApiToken, token_id)


def shut_out(session: Session, agent_id: Id, *, now: datetime) -> None:
    """Revoke every token and session of an agent."""
    for table in (ApiToken, WebSession):
        session.connection().execute(
            update(table)
            .where(col(table.agent_id) == agent_id, col(table.revoked_at).is_(None))
            .values(revoked_at=now)
        )
