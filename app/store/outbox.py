"""The outbox's queries: what is due, who holds it, how it ended."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam
from sqlmodel import Session, and_, col, func, or_, select, update

from app.models import Delivery, DeliveryState
from app.models.base import Id

WAITING = (DeliveryState.PENDING, DeliveryState.SENDING)


class Due(NamedTuple):
    """What a sender needs of a delivery."""

    id: Id
    channel: str
    mailbox: str
    payload: Mapping[str, object]
    recipient: str


def claim_due(
    session: Session, now: datetime, limit: int, *, token: str, until: datetime
) -> Sequence[Due]:
    """Lease what is due, most urgent first; a row being sent is due again when its lease ends."""
    query = (
        select(Delivery.id, Delivery.channel, Delivery.mailbox, Delivery.payload)
        .add_columns(col(Delivery.recipient))
        .where(col(Delivery.state).in_(WAITING), col(Delivery.next_at) <= now)
        .order_by(col(Delivery.urgency), col(Delivery.next_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    due = [Due(*row) for row in session.connection().execute(query)]
    lease = (
        update(Delivery)
        .where(col(Delivery.id).in_([row.id for row in due]))
        .values(
            state=DeliveryState.SENDING,
            attempts=col(Delivery.attempts) + 1,
            lease_token=token,
            next_at=until,
        )
    )
    session.connection().execute(lease)
    return due


def any_due(session: Session, now: datetime) -> bool:
    """Tell whether a claim would find anything: a look that needs no writer's lock."""
    query = (
        select(Delivery.id)
        .where(col(Delivery.state).in_(WAITING), Delivery.next_at <= now)
        .limit(1)
    )
    return session.exec(query).first() is not None


def held(session: Session, leases: Sequence[tuple[Id, str]]) -> dict[Id, Delivery]:
    """Lock those of the rows whose lease token is still the one given."""
    wanted = [and_(Delivery.id == row, Delivery.lease_token == token) for row, token in leases]
    query = select(Delivery).where(or_(*wanted)).with_for_update()
    return {row.id: row for row in session.exec(query)}


def mark_sent(session: Session, settled: Sequence[tuple[Id, str, str]], *, now: datetime) -> None:
    """Settle deliveries (id, lease token, response) as sent, where the token is still theirs."""
    statement = (
        update(Delivery)
        .where(col(Delivery.id) == bindparam("row"), col(Delivery.lease_token) == bindparam("held"))
        .values(
            state=DeliveryState.SENT,
            sent_at=now,
            response=bindparam("said"),
            lease_token=None,
            last_error=None,
        )
    )
    session.connection().execute(
        statement, [{"row": row, "held": token, "said": said} for row, token, said in settled]
    )


def of_ticket(session: Session, ticket_id: Id) -> Sequence[Delivery]:
    """Return everything sent or to be sent for a ticket, oldest first."""
    query = (
        select(Delivery).where(Delivery.ticket_id == ticket_id).order_by(col(Delivery.created_at))
    )
    return session.exec(query).all()


def of_page(session: Session, page_id: Id) -> Sequence[Delivery]:
    """Return everything sent or to be sent as one page, oldest first."""
    query = (
        select(Delivery)
        .where(Delivery.page_id == page_id)
        .order_by(col(Delivery.created_at), col(Delivery.id))
    )
    return session.exec(query).all()


def find_by_message_ids(session: Session, message_ids: Sequence[str]) -> Delivery | None:
    """Return the delivery that went out under one of these Message-IDs; None when none did."""
    query = select(Delivery).where(col(Delivery.message_id).in_(message_ids)).limit(1)
    return session.exec(query).first()


def find_by_key(session: Session, dedupe_key: str) -> Delivery | None:
    """Return the delivery with this key; None when the cause has made none yet."""
    return session.exec(select(Delivery).where(Delivery.dedupe_key == dedupe_key)).first()


def waiting_by_channel(session: Session, now: datetime) -> list[tuple[str, int, float]]:
    """Return, by channel, how many messages wait and for how many seconds the oldest is due."""
    query = (
        select(Delivery.channel, func.count(), func.min(col(Delivery.next_at)))
        .where(col(Delivery.state).in_(WAITING))
        .group_by(col(Delivery.channel))
    )
    return [(channel, n, (now - at).total_seconds()) for channel, n, at in session.exec(query)]


def count_by_state(session: Session) -> dict[str, int]:
    """Return how many deliveries stand in each state."""
    query = select(Delivery.state, func.count()).group_by(col(Delivery.state))
    return dict(session.exec(query).all())
