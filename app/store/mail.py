"""The intake ledger's queries."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, func, select

from app.models import Blob, InboundMail, LedgerState, MailPosition
from app.models.base import Id


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


def due_ids(session: Session, now: datetime, limit: int) -> Sequence[Id]:
    """Return the oldest rows that are to be processed."""
    query = (
        select(InboundMail.id)
        .where(InboundMail.state == LedgerState.RECEIVED, InboundMail.next_at <= now)
        .order_by(col(InboundMail.next_at), col(InboundMail.id))
        .limit(limit)
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


def find_twin(session: Session, row: InboundMail) -> InboundMail | None:
    """Return an earlier, ended row with the same bytes; None when this is the first."""
    query = (
        select(InboundMail)
        .where(
            InboundMail.raw_sha256 == row.raw_sha256,
            InboundMail.id != row.id,
            InboundMail.state != LedgerState.RECEIVED,
        )
        .order_by(col(InboundMail.id))
        .limit(1)
    )
    return session.exec(query).first()


def same_message_id(session: Session, message_id: str) -> Sequence[tuple[InboundMail, bytes]]:
    """Return the ended rows that carry this Message-ID, with their raw bytes, oldest first."""
    query = (
        select(InboundMail, Blob.data)
        .join(Blob, col(Blob.sha256) == col(InboundMail.raw_sha256))
        .where(
            InboundMail.message_id == message_id,
            InboundMail.state != LedgerState.RECEIVED,
        )
        .order_by(col(InboundMail.id))
        .limit(5)
    )
    return session.exec(query).all()


def count_by_state(session: Session) -> dict[str, int]:
    """Return how many messages stand in each state."""
    query = select(InboundMail.state, func.count()).group_by(col(InboundMail.state))
    return dict(session.exec(query).all())
