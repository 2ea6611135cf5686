"""Customers, contacts, agents and tokens."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Session, col, or_, select, tuple_

from app.models import (
    Agent,
    ApiToken,
    Contact,
    Customer,
    CustomerDomain,
)
from app.models.base import Id
from app.store import visible


def contacts_by_email(session: Session, emails: Sequence[str]) -> dict[str, Contact]:
    """Return the contacts with these addresses (lower case), by address.

    For one that was found to be another person's, that person.
    """
    if not emails:
        return {}
    found = session.exec(select(Contact).where(col(Contact.email).in_(emails))).all()
    known = {row.email: row for row in found if row.email}
    ids = [row.merged_into_id for row in found if row.merged_into_id is not None]
    if ids:
        rows = session.exec(select(Contact).where(col(Contact.id).in_(ids)))
        into = {row.id: row for row in rows}
        known = {
            email: into.get(row.merged_into_id, row) if row.merged_into_id else row
            for email, row in known.items()
        }
    return known


def customers_by_domain(session: Session, domains: Sequence[str]) -> dict[str, Customer]:
    """Return the customers that these mail domains belong to, by domain."""
    if not domains:
        return {}
    query = (
        select(CustomerDomain.domain, Customer)
        .join(Customer, col(CustomerDomain.customer_id) == col(Customer.id))
        .where(col(CustomerDomain.domain).in_(domains))
    )
    return dict(session.exec(query).all())


def customers_by_id(session: Session, ids: Sequence[Id]) -> dict[Id, Customer]:
    """Return these customers, by id."""
    if not ids:
        return {}
    return {row.id: row for row in session.exec(select(Customer).where(col(Customer.id).in_(ids)))}


def customers(session: Session) -> Sequence[Customer]:
    """Return every customer, by name."""
    return session.exec(select(Customer).order_by(col(Customer.name), col(Customer.id))).all()


def visible_customers(
    session: Session,
    agent: Agent,
    *,
    name: str | None = None,
    after: tuple[str, Id] | None,
    limit: int,
) -> Sequence[Customer]:
    """Return customers an agent may see, by name; ``after`` is the last one's name and id.

    ``name`` is a part of it; None leaves none out.
    """
    query = (
        select(Customer)
        .where(visible.customers_for(agent))
        .order_by(col(Customer.name), col(Customer.id))
        .limit(limit)
    )
    if name is not None:
        query = query.where(col(Customer.name).icontains(name, autoescape=True))
    if after is not None:
        query = query.where(tuple_(col(Customer.name), col(Customer.id)) > after)
    return session.exec(query).all()


def find_visible_customer(session: Session, agent: Agent, customer_id: Id) -> Customer | None:
    """Return the customer; None when there is no such id, or none the agent may see."""
    query = select(Customer).where(Customer.id == customer_id, visible.customers_for(agent))
    return session.exec(query).first()


def visible_customer_ids(session: Session, agent: Agent) -> frozenset[Id]:
    """Return the ids of every customer an agent may see."""
    return frozenset(session.exec(select(Customer.id).where(visible.customers_for(agent))))


def find_customer(session: Session, customer_id: Id) -> Customer | None:
    """Return the customer; None when there is no such id."""
    return session.get(Customer, customer_id)


def find_visible_contact(session: Session, agent: Agent, contact_id: Id) -> Contact | None:
    """Return the contact; None when there is none, or one of a customer the agent may not see."""
    query = select(Contact).where(Contact.id == contact_id, visible.contacts_for(agent))
    return session.exec(query).first()


def contacts_of(session: Session, customer_id: Id) -> Sequence[Contact]:
    """Return a customer's contacts, the longest known first."""
    query = (
        select(Contact)
        .where(Contact.customer_id == customer_id)
        .order_by(col(Contact.created_at), col(Contact.id))
    )
    return session.exec(query).all()


def strangers_at(session: Session, domain: str) -> Sequence[Contact]:
    """Return the contacts of a mail domain (lower case) that are no customer's."""
    query = select(Contact).where(
        col(Contact.customer_id).is_(None),
        col(Contact.email).endswith(f"@{domain}", autoescape=True),
    )
    return session.exec(query).all()


def lock_customer(session: Session, customer_id: Id) -> None:
    """Let nobody else change what is agreed with a customer until this transaction ends."""
    query = select(Customer.id).where(Customer.id == customer_id).with_for_update()
    session.exec(query).one()


def customers_named(session: Session, name: str) -> Sequence[Customer]:
    """Return the customers of exactly this name; there may be several."""
    return session.exec(select(Customer).where(Customer.name == name)).all()


def domains_of(session: Session, customer_ids: Sequence[Id]) -> Sequence[CustomerDomain]:
    """Return the mail domains of these customers, by domain."""
    query = (
        select(CustomerDomain)
        .where(col(CustomerDomain.customer_id).in_(customer_ids))
        .order_by(col(CustomerDomain.domain))
    )
    return session.exec(query).all()


def find_agent(session: Session, agent_id: Id) -> Agent | None:
    """Return the agent, active or not; None when there is no such id."""
    return session.get(Agent, agent_id)


def find_agent_by_email(session: Session, email: str) -> Agent | None:
    """Return the agent with this address (lower case); None when there is none."""
    return session.exec(select(Agent).where(Agent.email == email)).first()


def active_agents(session: Session) -> Sequence[Agent]:
    """Return the staff that may be paged and assigned, by name."""
    query = select(Agent).where(col(Agent.active).is_(True)).order_by(col(Agent.name))
    return session.exec(query).all()


def team_mates(session: Session, agent: Agent) -> Sequence[Agent]:
    """Return everybody of the agent's team, themselves too; of no team they are alone."""
    if agent.team is None:
        return [agent]
    return session.exec(select(Agent).where(Agent.team == agent.team)).all()


def agents_by_id(session: Session, ids: Sequence[Id]) -> Sequence[Agent]:
    """Return these agents."""
    return session.exec(select(Agent).where(col(Agent.id).in_(ids))).all()


def load_whose(
    session: Session, contact_ids: Collection[Id], customer_ids: Collection[Id]
) -> Sequence[Contact | Customer]:
    """Return these contacts and customers; the session knows each while the answer is kept."""
    found: list[Contact | Customer] = []
    if contact_ids:
        found += session.exec(select(Contact).where(col(Contact.id).in_(contact_ids))).all()
    if customer_ids:
        found += session.exec(select(Customer).where(col(Customer.id).in_(customer_ids))).all()
    return found


def lock_agents(session: Session, ids: Sequence[Id]) -> None:
    """Let nobody else do what asks for the same lock on these, until this transaction ends."""
    query = (
        select(Agent.id)
        .where(col(Agent.id).in_(ids))
        .order_by(col(Agent.id))
        # Rows that point at an agent may still be written.
        .with_for_update(key_share=True)
    )
    session.exec(query).all()


def all_agents(session: Session) -> Sequence[Agent]:
    """Return everybody who works here or ever did: the log names them all."""
    return session.exec(select(Agent)).all()


def find_token(session: Session, sha256: str, now: datetime) -> tuple[ApiToken, Agent] | None:
    """Return a valid token and its active agent; None when it is unknown, expired or revoked."""
    query = (
        select(ApiToken, Agent)
        .join(Agent, col(Agent.id) == col(ApiToken.agent_id))
        .where(
            ApiToken.sha256 == sha256,
            col(ApiToken.revoked_at).is_(None),
            or_(col(ApiToken.expires_at).is_(None), col(ApiToken.expires_at) > now),
            col(Agent.active).is_(True),
        )
    )
    return session.exec(query).first()


def touch_token(session: Session, token_id: Id, now: datetime) -> None:
    """Note that a token was used."""
    token = session.get(ApiToken, token_id)
    if token is not None:
        token.last_used_at = now
