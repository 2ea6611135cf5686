"""Calls, tasks to call back, and suspicions."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session, col, select

from app.models import (
    OPEN,
    Agent,
    Call,
    CallBack,
    CallOutcome,
    Contact,
    Direction,
    Suspicion,
    SuspicionState,
    SuspicionTicket,
    Ticket,
)
from app.models.base import Id
from app.sla.terms import Severity
from app.store import visible

# "calls", as a number: what takes this lock is done one after the other.
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(426836257907)")


def wait_for_turn(session: Session) -> None:
    """Let reports of calls be written one after the other until this transaction ends.

    Two customers who phone at once must see one another's tickets. On SQLite every writer waits
    for its turn as it is.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(_ONE_AT_A_TIME)


def find(session: Session, call_id: Id, *, lock: bool = False) -> Call | None:
    """Return a call; None when there is no such id."""
    query = select(Call).where(Call.id == call_id)
    return session.exec(query.with_for_update() if lock else query).first()


def find_visible(session: Session, agent: Agent, call_id: Id) -> Call | None:
    """Return a call; None when there is no such id, or none the agent may see."""
    query = select(Call).where(Call.id == call_id, visible.calls_for(session, agent))
    return session.exec(query).first()


def find_by_source(session: Session, source: str, external_id: str) -> Call | None:
    """Return the call that a telephone system calls this, locked; None when it is new."""
    query = select(Call).where(Call.source == source, Call.external_id == external_id)
    return session.exec(query.with_for_update()).first()


def listing(
    session: Session,
    agent: Agent,
    *,
    below: Id | None,
    limit: int,
    direction: Direction | None = None,
    outcome: CallOutcome | None = None,
) -> Sequence[Call]:
    """Return calls an agent may see, newest first; ``below`` is the last id of the page before."""
    query = (
        select(Call)
        .where(visible.calls_for(session, agent))
        .order_by(col(Call.id).desc())
        .limit(limit)
    )
    if below is not None:
        query = query.where(col(Call.id) < below)
    if direction is not None:
        query = query.where(Call.direction == direction)
    if outcome is not None:
        query = query.where(Call.outcome == outcome)
    return session.exec(query).all()


def of_ticket(session: Session, ticket_id: Id) -> Sequence[Call]:
    """Return a ticket's calls, oldest first."""
    query = (
        select(Call).where(Call.ticket_id == ticket_id).order_by(col(Call.started_at), col(Call.id))
    )
    return session.exec(query).all()


def newest_from(session: Session, number: str, since: datetime) -> Sequence[Ticket]:
    """Return the open tickets that this number phoned about since then, newest first."""
    phoned = select(Call.ticket_id).where(Call.from_number == number, Call.started_at >= since)
    query = (
        select(Ticket)
        .where(col(Ticket.id).in_(phoned), col(Ticket.status).in_(OPEN))
        .order_by(col(Ticket.number).desc())
        .limit(10)
    )
    return session.exec(query).all()


def open_faults(
    session: Session, *, since: datetime, customer_id: Id | None, contact_id: Id | None
) -> Sequence[Ticket]:
    """Return a customer's open faults received since then; a stranger's, where there is none."""
    whose = (
        Ticket.customer_id == customer_id
        if customer_id is not None
        else Ticket.contact_id == contact_id
    )
    query = (
        select(Ticket)
        .where(
            whose,
            col(Ticket.status).in_(OPEN),
            col(Ticket.severity) != Severity.REQUEST,
            Ticket.received_at >= since,
        )
        .order_by(col(Ticket.number).desc())
        .limit(50)
    )
    return session.exec(query).all()


def contacts_by_number(session: Session, number: str) -> Sequence[Contact]:
    """Return everybody who has this number (E.164), the longest known first."""
    query = (
        select(Contact)
        .where(Contact.phone == number)
        .order_by(col(Contact.created_at), col(Contact.id))
    )
    return session.exec(query).all()


def due_fetches(session: Session, now: datetime, limit: int) -> Sequence[Call]:
    """Return the calls whose recording is to be fetched now."""
    query = select(Call).where(col(Call.fetch_at) <= now).order_by(col(Call.fetch_at)).limit(limit)
    return session.exec(query).all()


def known(session: Session, source: str, external_ids: Iterable[str]) -> dict[str, Call]:
    """Return those of a source's calls that were told of already, by their ids there."""
    query = select(Call).where(Call.source == source, col(Call.external_id).in_(external_ids))
    return {call.external_id: call for call in session.exec(query)}


def newest_of_source(session: Session, source: str) -> datetime | None:
    """Return when the newest call of a source that came in began; None where there is none."""
    query = (
        select(Call.started_at)
        .where(Call.source == source, Call.direction == Direction.INBOUND)
        .order_by(col(Call.started_at).desc())
        .limit(1)
    )
    return session.exec(query).first()


# Tasks to call back.


def call_back_of(session: Session, call_id: Id) -> CallBack | None:
    """Return a call's task, done or not; None when it has none."""
    return session.exec(select(CallBack).where(CallBack.call_id == call_id)).first()


def find_call_back(session: Session, call_back_id: Id, *, lock: bool = False) -> CallBack | None:
    """Return a task; None when there is no such id."""
    query = select(CallBack).where(CallBack.id == call_back_id)
    return session.exec(query.with_for_update() if lock else query).first()


def call_backs(
    session: Session,
    *,
    ticket_id: Id | None = None,
    number: str | None = None,
    agent: Agent | None = None,
) -> Sequence[tuple[CallBack, Ticket]]:
    """Return the tasks that are not done, the longest waiting first, with their tickets."""
    query = (
        select(CallBack, Ticket)
        .join(Ticket, col(Ticket.id) == col(CallBack.ticket_id))
        .where(col(CallBack.done_at).is_(None))
        .order_by(col(CallBack.made_at), col(CallBack.id))
        .limit(200)
    )
    if ticket_id is not None:
        query = query.where(CallBack.ticket_id == ticket_id)
    if number is not None:
        query = query.where(CallBack.number == number)
    if agent is not None:
        query = query.where(visible.tickets_for(session, agent))
    return session.exec(query).all()


# What several calls may have in common.


def phoned_since(
    session: Session, since: datetime, severities: Iterable[Severity]
) -> Sequence[Ticket]:
    """Return the open tickets of these severities that somebody phoned about since then.

    The newest first, fifty at the most: when everybody phones, each call still costs the same.
    """
    phoned = select(Call.ticket_id).where(
        Call.direction == Direction.INBOUND, Call.started_at >= since
    )
    query = (
        select(Ticket)
        .where(
            col(Ticket.id).in_(phoned),
            col(Ticket.status).in_(OPEN),
            col(Ticket.severity).in_(list(severities)),
        )
        .order_by(col(Ticket.number).desc())
        .limit(50)
    )
    return session.exec(query).all()


def suspicion_of(session: Session, ticket_ids: Sequence[Id]) -> Suspicion | None:
    """Return the newest suspicion that one of these tickets belongs to; None where none does."""
    query = (
        select(Suspicion)
        .join(SuspicionTicket, col(SuspicionTicket.suspicion_id) == col(Suspicion.id))
        .where(col(SuspicionTicket.ticket_id).in_(ticket_ids))
        .order_by(col(Suspicion.made_at).desc())
        .limit(1)
    )
    return session.exec(query).first()


def suspects(session: Session, suspicion_id: Id, ticket_ids: Sequence[Id]) -> set[Id]:
    """Return those of these tickets that belong to a suspicion."""
    query = select(SuspicionTicket.ticket_id).where(
        SuspicionTicket.suspicion_id == suspicion_id, col(SuspicionTicket.ticket_id).in_(ticket_ids)
    )
    return set(session.exec(query).all())


def find_suspicion(session: Session, suspicion_id: Id, *, lock: bool = False) -> Suspicion | None:
    """Return a suspicion; None when there is no such id."""
    query = select(Suspicion).where(Suspicion.id == suspicion_id)
    return session.exec(query.with_for_update() if lock else query).first()


def suspicions(session: Session, state: SuspicionState | None) -> Sequence[Suspicion]:
    """Return suspicions, the newest first, a hundred at the most."""
    query = select(Suspicion).order_by(col(Suspicion.made_at).desc()).limit(100)
    if state is not None:
        query = query.where(Suspicion.state == state)
    return session.exec(query).all()


def suspected(session: Session, suspicion_ids: Sequence[Id]) -> Sequence[tuple[Id, Ticket]]:
    """Return the tickets of these suspicions, by number."""
    query = (
        select(SuspicionTicket.suspicion_id, Ticket)
        .join(Ticket, col(Ticket.id) == col(SuspicionTicket.ticket_id))
        .where(col(SuspicionTicket.suspicion_id).in_(suspicion_ids))
        .order_by(col(Ticket.number))
    )
    return session.exec(query).all()


def callers_of(session: Session, ticket_ids: Sequence[Id]) -> dict[Id, str]:
    """Return the number that phoned about each of these tickets last."""
    query = (
        select(Call.ticket_id, Call.from_number)
        .where(col(Call.ticket_id).in_(ticket_ids), Call.direction == Direction.INBOUND)
        .order_by(col(Call.started_at))
    )
    return {ticket_id: number for ticket_id, number in session.exec(query) if ticket_id}
