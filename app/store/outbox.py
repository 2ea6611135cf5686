"""The outbox's queries: what is due, who holds it, how it ended."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, and_, col, func, or_, select

from app.models import Delivery, DeliveryState
from app.models.base import Id

WAITING = (DeliveryState.PENDING, DeliveryState.SENDING)


def claim_due(session: Session, now: datetime, limit: int) -> Sequence[Delivery]:
    """Lock what is due, most urgent first; a row being sent is due again when its lease ends."""
    query = (
        select(Delivery)
        .where(col(Delivery.state).in_(WAITING), Delivery.next_at <= now)
        .order_by(col(Delivery.urgency), col(Delivery.next_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.exec(query).all()


def held(session: Session, leases: Sequence[tuple[Id, str]]) -> dict[Id, Delivery]:
    """Lock those of the rows whose lease token is still the one given."""
    wanted = [and_(Delivery.id == row, Delivery.lease_token == token) for row, token in leases]
    query = select(Delivery).where(or_(*wanted)).with_for_update()
    return {row.id: row for row in session.exec(query)}


def of_ticket(session: Session, ticket_id: Id) -> Sequence[Delivery]:
    """Return everything sent or to be sent for a ticket, oldest first."""
    query = (
        select(Delivery).where(Delivery.ticket_id == ticket_id).order_by(col(Delivery.created_at))
    )
    return session.exec(query).all()


def find_by_key(session: Session, dedupe_key: str) -> Delivery | None:
    """Return the delivery with this key; None when the cause has made none yet."""
    return session.exec(select(Delivery).where(Delivery.dedupe_key == dedupe_key)).first()


def count_by_state(session: Session) -> dict[str, int]:
    """Return how many deliveries stand in each state."""
    query = select(Delivery.state, func.count()).group_by(col(Delivery.state))
    return dict(session.exec(query).all())
