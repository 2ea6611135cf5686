"""The audit log and its chain."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, exists, func, insert, select

from app.models import AuditEntry, AuditLink
from app.models.base import Id

# Any number that nothing else locks by.
_LOCK = 0x4155_4449_54


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for; None leaves a word out."""

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    subject_id: Id | None = None
    since: datetime | None = None
    until: datetime | None = None


def listing(
    session: Session, wanted: Wanted, *, below: int | None, limit: int
) -> Sequence[tuple[AuditEntry, AuditLink | None]]:
    """Return entries, newest first, with their place in the chain; None for one not yet sealed."""
    query = (
        select(AuditEntry, AuditLink)
        .join(AuditLink, col(AuditLink.seq) == col(AuditEntry.seq), isouter=True)
        .order_by(col(AuditEntry.seq).desc())
        .limit(limit)
    )
    exact = (
        (AuditEntry.actor, wanted.actor),
        (AuditEntry.action, wanted.action),
        (AuditEntry.subject, wanted.subject),
        (AuditEntry.subject_id, wanted.subject_id),
    )
    for column, value in exact:
        if value is not None:
            query = query.where(col(column) == value)
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntry.at < wanted.until)
    if below is not None:
        query = query.where(col(AuditEntry.seq) < below)
    return session.exec(query).all()


def is_my_turn(session: Session) -> bool:
    """Return whether this transaction, and no other until it ends, may seal."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        return True
    asked = connection.exec_driver_sql("SELECT pg_try_advisory_xact_lock(%(key)s)", {"key": _LOCK})
    return bool(asked.scalar_one())


def last_link(session: Session) -> AuditLink | None:
    """Return the newest link of the chain; None before the first."""
    return session.exec(select(AuditLink).order_by(col(AuditLink.position).desc()).limit(1)).first()


def unsealed(session: Session, *, after: int, most: int) -> Sequence[AuditEntry]:
    """Return the oldest entries after ``after`` that have no link yet."""
    linked = exists().where(col(AuditLink.seq) == col(AuditEntry.seq))
    query = (
        select(AuditEntry)
        .where(col(AuditEntry.seq) > after, ~linked)
        .order_by(col(AuditEntry.seq))
        .limit(most)
    )
    return session.exec(query).all()


def count_unsealed(session: Session) -> int:
    """Return how many entries have no link."""
    linked = exists().where(col(AuditLink.seq) == col(AuditEntry.seq))
    return session.exec(select(func.count()).select_from(AuditEntry).where(~linked)).one()


def add_links(session: Session, links: Sequence[dict[str, object]]) -> None:
    """Add links to the chain, many to a statement."""
    session.connection().execute(insert(AuditLink), list(links))


def chain(
    session: Session, *, after: int, limit: int
) -> Sequence[tuple[AuditLink, AuditEntry | None]]:
    """Return links after a position, in order, with their entries; None for one that is gone."""
    query = (
        select(AuditLink, AuditEntry)
        .join(AuditEntry, col(AuditEntry.seq) == col(AuditLink.seq), isouter=True)
        .where(col(AuditLink.position) > after)
        .order_by(col(AuditLink.position))
        .limit(limit)
    )
    return session.exec(query).all()
