"""Queries on automatic mail: what was sent lately, and what is stopped."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, delete, func, select

from app.models import AutomaticMail, MailStop
from app.models.base import Id

# A scope that stops everything by SMS, and not what is automatic alone: ``sms:+4790000000``.
NO_SMS = "sms:"


class Automatic(NamedTuple):
    """What is asked of an automatic mail that was sent."""

    address: str
    likeness: str | None
    at: datetime


def sent_to(session: Session, addresses: Sequence[str], since: datetime) -> Sequence[Automatic]:
    """Return the automatic mails to these addresses since then."""
    if not addresses:
        return ()
    query = select(AutomaticMail.address, AutomaticMail.likeness, AutomaticMail.at).where(
        col(AutomaticMail.address).in_(addresses), AutomaticMail.at >= since
    )
    return [Automatic(*row) for row in session.connection().execute(query)]


def count_by_domain(session: Session, domains: Sequence[str], since: datetime) -> dict[str, int]:
    """Return how many automatic mails went to each of these domains since then."""
    if not domains:
        return {}
    query = (
        select(AutomaticMail.domain, func.count())
        .where(col(AutomaticMail.domain).in_(domains), AutomaticMail.at >= since)
        .group_by(col(AutomaticMail.domain))
    )
    return dict(session.exec(query).all())


def count_all(session: Session, since: datetime) -> int:
    """Return how many automatic mails went to anybody since then."""
    query = select(func.count()).select_from(AutomaticMail).where(AutomaticMail.at >= since)
    return session.exec(query).one()


def count_of_ticket(session: Session, ticket_id: Id, since: datetime) -> int:
    """Return how many automatic mails a ticket has caused since then."""
    query = select(func.count()).where(
        AutomaticMail.ticket_id == ticket_id, AutomaticMail.at >= since
    )
    return session.exec(query).one()


def stops(session: Session, scopes: Sequence[str], now: datetime) -> dict[str, MailStop]:
    """Return what is stopped now among these scopes."""
    query = select(MailStop).where(col(MailStop.scope).in_(scopes), MailStop.until > now)
    return {row.scope: row for row in session.exec(query)}


def all_stops(session: Session, now: datetime) -> Sequence[MailStop]:
    """Return everything that is stopped now, by scope."""
    query = select(MailStop).where(MailStop.until > now).order_by(col(MailStop.scope))
    return session.exec(query).all()


def no_sms(session: Session, numbers: Collection[str], now: datetime) -> frozenset[str]:
    """Return those of these numbers that want no SMS."""
    scopes = {NO_SMS + number: number for number in numbers}
    query = select(MailStop.scope).where(col(MailStop.scope).in_(list(scopes)))
    return frozenset(scopes[one] for one in session.exec(query.where(MailStop.until > now)))


def put_stop(session: Session, stop: MailStop) -> None:
    """Stop automatic mail, or move the end of a stop that is there."""
    session.merge(stop)


def lift(session: Session, scope: str) -> bool:
    """Lift a stop; False where there was none."""
    return bool(
        session.connection().execute(delete(MailStop).where(col(MailStop.scope) == scope)).rowcount
    )
