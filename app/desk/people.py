"""Who is writing: contacts and customers; who works here: agents and their tokens."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from app.desk.events import OPERATOR, audit_of
from app.kit.errors import BadInput, Conflict
from app.kit.ids import digest, new_token
from app.kit.text import storable
from app.models import Agent, ApiToken, Contact, Customer, CustomerDomain, Role
from app.store import people


def add_contact(
    session: Session,
    *,
    email: str | None = None,
    phone: str | None = None,
    name: str = "",
    language: str | None = None,
    customer: Customer | None = None,
    now: datetime,
) -> Contact:
    """Make a contact of a stranger; they belong to the customer whose domain they write from.

    ``phone`` is E.164.
    """
    contact = Contact(
        email=email and storable(email),
        phone=phone,
        name=storable(name),
        language=language,
        customer_id=customer.id if customer else None,
        created_at=now,
    )
    session.add(contact)
    return contact


def set_phone(
    session: Session, contact: Contact, *, phone: str | None, now: datetime, actor: str
) -> None:
    """Set the number (E.164) that a contact is known by when they call; None for no number."""
    before: dict[str, object] = {"phone": contact.phone}
    contact.phone = phone
    audit_of(
        session,
        "contact",
        contact.id,
        "contact.phone_set",
        now=now,
        actor=actor,
        before=before,
        after={"phone": phone},
    )


def add_customer(
    session: Session,
    *,
    name: str,
    domains: tuple[str, ...],
    language: str | None = None,
    time_zone: str | None = None,
    now: datetime,
    actor: str = OPERATOR,
) -> Customer:
    """Add a customer and the mail domains that are theirs; Conflict when a domain is taken."""
    customer = Customer(name=name, language=language, time_zone=time_zone, created_at=now)
    session.add(customer)
    for domain in domains:
        taken = session.get(CustomerDomain, domain.lower())
        if taken is not None:
            raise Conflict(f"{domain} belongs to another customer", field="domains")
        session.add(CustomerDomain(domain=domain.lower(), customer_id=customer.id))
    what: dict[str, object] = {"name": name, "domains": list(domains)}
    audit_of(session, "customer", customer.id, "customer.added", now=now, actor=actor, after=what)
    return customer


def change_customer(
    session: Session,
    customer: Customer,
    *,
    name: str,
    language: str | None,
    time_zone: str | None,
    now: datetime,
    actor: str,
) -> None:
    """Set a customer's name, language and zone; None for the desk's own."""
    before: dict[str, object] = {
        "name": customer.name,
        "language": customer.language,
        "time_zone": customer.time_zone,
    }
    customer.name, customer.language, customer.time_zone = name, language, time_zone
    audit_of(
        session,
        "customer",
        customer.id,
        "customer.changed",
        now=now,
        actor=actor,
        before=before,
        after={"name": name, "language": language, "time_zone": time_zone},
    )


def add_agent(
    session: Session,
    *,
    name: str,
    email: str,
    role: Role = Role.AGENT,
    phone: str | None = None,
    language: str = "nb",
    now: datetime,
    actor: str = OPERATOR,
) -> Agent:
    """Add one of the staff; Conflict when the address is taken."""
    address = email.strip().lower()
    if "@" not in address:
        raise BadInput(f"{email!r} is not a mail address", field="email")
    if people.find_agent_by_email(session, address) is not None:
        raise Conflict(f"{address} is an agent already", field="email")
    agent = Agent(
        name=name, email=address, role=role, phone=phone, language=language, created_at=now
    )
    session.add(agent)
    what: dict[str, object] = {"email": address, "role": role.value}
    audit_of(session, "agent", agent.id, "agent.added", now=now, actor=actor, after=what)
    return agent


def create_token(
    session: Session,
    agent: Agent,
    *,
    name: str,
    scopes: Sequence[str] | None = None,
    expires_at: datetime | None = None,
    now: datetime,
    actor: str = OPERATOR,
) -> tuple[str, ApiToken]:
    """Make a bearer token for the agent; return it, the only time that it can be read, and its row.

    Without scopes it may do all that the agent may.
    """
    token = new_token("svartid")
    row = ApiToken(
        agent_id=agent.id,
        name=name,
        sha256=digest(token.encode()),
        created_at=now,
        expires_at=expires_at,
        scopes=None if scopes is None else sorted(set(scopes)),
    )
    session.add(row)
    what: dict[str, object] = {"name": name, "token": str(row.id), "scopes": row.scopes}
    audit_of(session, "agent", agent.id, "token.created", now=now, actor=actor, after=what)
    return token, row
