"""The intake ledger's queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, or_, select

from app.models import Agent, Blob, InboundMail, LedgerState, MailPosition
from app.models.base import Id
from app.store import visible


def find_position(session: Session, mailbox: str, folder: str) -> MailPosition | None:
    """Return how far a folder has been read; None means never looked at."""
    return session.get(MailPosition, (mailbox, folder))


def known_uids(session: Session, mailbox: str, folder: str, uid_validity: int) -> set[int]:
    """Return every UID of a folder that the ledger holds."""
    query = select(InboundMail.uid).where(
        InboundMail.mailbox == mailbox,
        InboundMail.folder == folder,
        InboundMail.uid_validity == uid_validity,
    )
    return set(session.exec(query))


def truncated_uids(session: Session, mailbox: str, folder: str, uid_validity: int) -> set[int]:
    """Return the UIDs of a folder of which only the beginning is committed."""
    query = select(InboundMail.uid).where(
        InboundMail.mailbox == mailbox,
        InboundMail.folder == folder,
        InboundMail.uid_validity == uid_validity,
        col(InboundMail.truncated).is_(True),
    )
    return set(session.exec(query))


def due_ids(session: Session, now: datetime, limit: int) -> Sequence[Id]:
    """Return the oldest rows that are to be processed."""
    query = (
        select(InboundMail.id)
        .where(InboundMail.state == LedgerState.RECEIVED, InboundMail.next_at <= now)
        .order_by(col(InboundMail.next_at), col(InboundMail.id))
        .limit(limit)
    )
    return session.exec(query).all()


def raw_by_id(session: Session, ids: Sequence[Id]) -> Sequence[tuple[Id, str, bytes]]:
    """Return the ids, mailboxes and raw bytes of ledger rows, oldest first."""
    query = (
        select(InboundMail.id, InboundMail.mailbox, Blob.data)
        .join(Blob, col(Blob.sha256) == col(InboundMail.raw_sha256))
        .where(col(InboundMail.id).in_(ids))
        .order_by(col(InboundMail.next_at), col(InboundMail.id))
    )
    return session.exec(query).all()


def with_raw(session: Session, ids: Sequence[Id]) -> Sequence[tuple[InboundMail, bytes]]:
    """Return ledger rows, in the order of their ids, with their raw bytes."""
    query = (
        select(InboundMail, Blob.data)
        .join(Blob, col(Blob.sha256) == col(InboundMail.raw_sha256))
        .where(col(InboundMail.id).in_(ids))
        .order_by(col(InboundMail.next_at), col(InboundMail.id))
    )
    return session.exec(query).all()


def claim(session: Session, ids: Sequence[Id]) -> Sequence[InboundMail]:
    """Lock those of the rows that still wait; rows that another worker holds are left out."""
    query = (
        select(InboundMail)
        .where(col(InboundMail.id).in_(ids), InboundMail.state == LedgerState.RECEIVED)
        .order_by(col(InboundMail.next_at), col(InboundMail.id))
        .with_for_update(skip_locked=True)
    )
    return session.exec(query).all()


def ended_twins(
    session: Session, hashes: Sequence[str], message_ids: Sequence[str]
) -> Sequence[InboundMail]:
    """Return the ended rows with one of these contents or Message-IDs, oldest first."""
    same = or_(
        col(InboundMail.raw_sha256).in_(hashes), col(InboundMail.message_id).in_(message_ids)
    )
    query = (
        select(InboundMail)
        .where(same, InboundMail.state != LedgerState.RECEIVED)
        .order_by(col(InboundMail.id))
        .limit(1000)
    )
    return session.exec(query).all()


def ended(session: Session) -> Sequence[InboundMail]:
    """Return every message that has been processed."""
    return session.exec(select(InboundMail).where(InboundMail.state != LedgerState.RECEIVED)).all()


def raw_of(session: Session, sha256: str) -> bytes:
    """Return the bytes of a message."""
    return session.exec(select(Blob.data).where(Blob.sha256 == sha256)).one()


def bytes_by_hash(session: Session, hashes: Sequence[str]) -> dict[str, bytes]:
    """Return what is kept under these hashes."""
    query = select(Blob.sha256, Blob.data).where(col(Blob.sha256).in_(hashes))
    return dict(session.exec(query).all())


def find(session: Session, mail_id: Id, *, lock: bool = False) -> InboundMail | None:
    """Return a ledger row, locked where asked; None when there is none."""
    query = select(InboundMail).where(InboundMail.id == mail_id)
    return session.exec(query.with_for_update() if lock else query).first()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which ledger rows are asked for; None leaves a word out."""

    states: Sequence[LedgerState] = ()
    mailbox: str | None = None
    way: str | None = None
    reason: str | None = None
    message_id: str | None = None
    ticket_id: Id | None = None
    received_from: datetime | None = None
    received_before: datetime | None = None


def ids_in_state(session: Session, state: LedgerState) -> Sequence[Id]:
    """Return the ids of all messages in a state, oldest first."""
    query = select(InboundMail.id).where(InboundMail.state == state).order_by(col(InboundMail.id))
    return session.exec(query).all()


def visible_to(session: Session, agent: Agent) -> ColumnElement[bool]:
    """Return the condition that every query of the ledger for a web face goes through."""
    return visible.mails_for(session, agent)


def find_visible(session: Session, agent: Agent, mail_id: Id) -> InboundMail | None:
    """Return a ledger row; None when there is none, or none the agent may see."""
    query = select(InboundMail).where(InboundMail.id == mail_id, visible_to(session, agent))
    return session.exec(query).first()


def listing(
    session: Session,
    wanted: Wanted | None = None,
    *,
    agent: Agent | None = None,
    below: Id | None,
    limit: int,
) -> Sequence[InboundMail]:
    """Return ledger rows, newest first; ``below`` is the last id of the page before.

    Without an agent, who may see no more than they should, whoever runs the machine is asking.
    """
    which = wanted or Wanted()
    query = select(InboundMail).order_by(col(InboundMail.id).desc()).limit(limit)
    if agent is not None:
        query = query.where(visible_to(session, agent))
    if which.states:
        query = query.where(col(InboundMail.state).in_(which.states))
    exact = (
        (InboundMail.mailbox, which.mailbox),
        (InboundMail.folder, which.way),
        (InboundMail.reason, which.reason),
        (InboundMail.message_id, which.message_id),
        (InboundMail.ticket_id, which.ticket_id),
    )
    for column, value in exact:
        if value is not None:
            query = query.where(col(column) == value)
    if which.received_from is not None:
        query = query.where(InboundMail.received_at >= which.received_from)
    if which.received_before is not None:
        query = query.where(InboundMail.received_at < which.received_before)
    if below is not None:
        query = query.where(col(InboundMail.id) < below)
    return session.exec(query).all()


def count_by_state(session: Session, agent: Agent | None = None) -> dict[str, int]:
    """Return how many messages stand in each state, of those an agent may see or of all."""
    query = select(InboundMail.state, func.count()).group_by(col(InboundMail.state))
    if agent is not None:
        query = query.where(visible_to(session, agent))
    return dict(session.exec(query).all())
