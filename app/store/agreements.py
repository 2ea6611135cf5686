"""Versions of policies and ladders, when they took effect, and the customers' agreements."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session, col, func, or_, select, tuple_

from app.models import (
    Agent,
    Agreement,
    AgreementStatus,
    Customer,
    LadderStart,
    LadderVersion,
    Notice,
    NoticeState,
    PolicyStart,
    PolicyVersion,
    Site,
)
from app.models.base import Id
from app.store import visible

V = TypeVar("V", PolicyVersion, LadderVersion)


def find_by_digest(session: Session, table: type[V], digest: str) -> V | None:
    """Return the version with exactly this content; None when it was never saved."""
    return session.exec(select(table).where(table.digest == digest)).first()


def find_version(session: Session, table: type[V], name: str, number: int | None) -> V | None:
    """Return a version of a name, the newest where no number is given; None when there is none."""
    query = select(table).where(table.name == name).order_by(col(table.version).desc())
    if number is not None:
        query = query.where(table.version == number)
    return session.exec(query).first()


def versions(session: Session, table: type[V]) -> Sequence[V]:
    """Return every version, by name and number."""
    query = select(table).order_by(col(table.name), col(table.version))
    return session.exec(query).all()


def newest_number(session: Session, table: type[V], name: str) -> int:
    """Return the highest version of a name; 0 when there is none."""
    query = select(func.max(col(table.version))).where(table.name == name)
    return session.exec(query).one() or 0


def policy_starts(session: Session, name: str | None = None) -> Sequence[PolicyStart]:
    """Return from when each version counts, in that order; of what starts at once, the newest last.

    There are a handful in a house's whole life.
    """
    query = select(PolicyStart).order_by(
        col(PolicyStart.at), col(PolicyStart.created_at), col(PolicyStart.id)
    )
    if name is not None:
        query = query.where(PolicyStart.name == name)
    return session.exec(query).all()


def ladder_starts(session: Session, name: str | None = None) -> Sequence[LadderStart]:
    """Return from when each version of a ladder counts, in the same order."""
    query = select(LadderStart).order_by(
        col(LadderStart.at), col(LadderStart.created_at), col(LadderStart.id)
    )
    if name is not None:
        query = query.where(LadderStart.name == name)
    return session.exec(query).all()


def ladder_names(session: Session, ladder_ids: Sequence[Id]) -> dict[Id, str]:
    """Return what these versions of ladders are called."""
    if not ladder_ids:
        return {}
    query = select(LadderVersion.id, LadderVersion.name)
    return dict(session.exec(query.where(col(LadderVersion.id).in_(ladder_ids))).all())


def of_customers(session: Session, customer_ids: Sequence[Id]) -> Sequence[Agreement]:
    """Return every agreement of these customers, the latest last."""
    if not customer_ids:
        return ()
    query = (
        select(Agreement)
        .where(col(Agreement.customer_id).in_(customer_ids))
        .order_by(col(Agreement.valid_from), col(Agreement.created_at), col(Agreement.id))
    )
    return session.exec(query).all()


def find(session: Session, agreement_id: Id) -> Agreement | None:
    """Return the agreement; None when there is no such id."""
    return session.get(Agreement, agreement_id)


def listing(
    session: Session,
    agent: Agent,
    *,
    customer: Id | None = None,
    status: AgreementStatus | None = None,
    at: datetime | None = None,
    after: tuple[datetime, Id] | None = None,
    limit: int,
) -> Sequence[Agreement]:
    """Return the agreements of customers an agent may see, by when they began; ``at`` is in them.

    ``after`` is when the last one known began, and its id.
    """
    query = (
        select(Agreement)
        .join(Customer, col(Customer.id) == col(Agreement.customer_id))
        .where(visible.customers_for(agent))
        .order_by(col(Agreement.valid_from), col(Agreement.id))
        .limit(limit)
    )
    if customer is not None:
        query = query.where(Agreement.customer_id == customer)
    if status is not None:
        query = query.where(Agreement.status == status)
    if at is not None:
        until = col(Agreement.valid_until)
        query = query.where(Agreement.valid_from <= at, or_(until.is_(None), until > at))
    if after is not None:
        query = query.where(tuple_(col(Agreement.valid_from), col(Agreement.id)) > after)
    return session.exec(query).all()


def lasting(session: Session, at: datetime) -> Sequence[tuple[Agreement, Customer]]:
    """Return the agreements that count at a time or will later, with their customers, by name."""
    query = (
        select(Agreement, Customer)
        .join(Customer, col(Customer.id) == col(Agreement.customer_id))
        # One that has been ended for a later day counts until then.
        .where(or_(col(Agreement.valid_until).is_(None), col(Agreement.valid_until) > at))
        .order_by(col(Customer.name), col(Agreement.valid_from))
    )
    return session.exec(query).all()


def ladders_in_use(session: Session, at: datetime) -> set[Id]:
    """Return the ladders that agreements name which count at a time or will later."""
    return {one.ladder_id for one, _ in lasting(session, at) if one.ladder_id is not None}


def notices(
    session: Session,
    state: NoticeState | None = None,
    *,
    agent: Agent | None = None,
    notice_id: Id | None = None,
) -> Sequence[tuple[Notice, Customer, PolicyStart]]:
    """Return the notices of a state, that one, or all, oldest first, with whom and what about."""
    query = (
        select(Notice, Customer, PolicyStart)
        .join(Customer, col(Customer.id) == col(Notice.customer_id))
        .join(PolicyStart, col(PolicyStart.id) == col(Notice.start_id))
        .order_by(col(Notice.created_at), col(Customer.name))
    )
    if state is not None:
        query = query.where(Notice.state == state)
    if notice_id is not None:
        query = query.where(Notice.id == notice_id)
    if agent is not None:
        query = query.where(visible.customers_for(agent))
    return session.exec(query).all()


def find_notice(session: Session, notice_id: Id) -> Notice | None:
    """Return the notice, locked against others who decide on it; None when there is none."""
    return session.exec(select(Notice).where(Notice.id == notice_id).with_for_update()).first()


def sites_of(session: Session, customer_ids: Sequence[Id]) -> Sequence[Site]:
    """Return the shops and brands of these customers, by host."""
    query = select(Site).where(col(Site.customer_id).in_(customer_ids)).order_by(col(Site.host))
    return session.exec(query).all()


def find_site(session: Session, host: str) -> Site | None:
    """Return the site at this host (lower case); None when it is nobody's."""
    return session.exec(select(Site).where(Site.host == host)).first()
