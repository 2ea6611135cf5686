"""Lists of what leaves the house, and counts of it by mailbox."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, func, or_, select

from app.models import (
    Agent,
    Delivery,
    DeliveryClass,
    DeliveryState,
    InboundMail,
    LedgerState,
    Ticket,
    Visibility,
)
from app.models.base import Id
from app.store import visible
from app.store.ticket_lists import Condition


def listing(
    session: Session,
    agent: Agent,
    *,
    states: Sequence[DeliveryState],
    kinds: Sequence[DeliveryClass],
    channels: Sequence[str],
    before: Id | None,
    limit: int,
) -> Sequence[Delivery]:
    """Return deliveries, newest first; ``before`` is the last one of the page before."""
    query = select(Delivery).where(_for(session, agent))
    if states:
        query = query.where(col(Delivery.state).in_(states))
    if kinds:
        query = query.where(col(Delivery.kind).in_(kinds))
    if channels:
        query = query.where(col(Delivery.channel).in_(channels))
    if before is not None:
        query = query.where(col(Delivery.id) < before)
    return session.exec(query.order_by(col(Delivery.id).desc()).limit(limit)).all()


def find_visible(session: Session, agent: Agent, delivery_id: Id) -> Delivery | None:
    """Return a delivery that an agent may see, locked; None without it."""
    query = select(Delivery).where(Delivery.id == delivery_id, _for(session, agent))
    return session.exec(query.with_for_update()).first()


def _for(session: Session, agent: Agent) -> Condition:
    """Return the condition that keeps what an agent may see: what is of no ticket is of the house.

    So only those see it who see all.
    """
    seen = select(Ticket.id).where(visible.tickets_for(session, agent))
    own = col(Delivery.ticket_id).in_(seen)
    if agent.visibility is Visibility.ALL:
        return or_(col(Delivery.ticket_id).is_(None), own)
    return own


def waiting_by_mailbox(session: Session) -> dict[str, int]:
    """Return how many mails each mailbox is still to send."""
    query = (
        select(Delivery.mailbox, func.count())
        .where(col(Delivery.state).in_((DeliveryState.PENDING, DeliveryState.SENDING)))
        .group_by(col(Delivery.mailbox))
    )
    return dict(session.exec(query).all())


def failed_by_mailbox(session: Session, since: datetime) -> dict[str, int]:
    """Return how many mails of each mailbox, made since then, were given up."""
    query = (
        select(Delivery.mailbox, func.count())
        .where(Delivery.state == DeliveryState.FAILED, Delivery.created_at >= since)
        .group_by(col(Delivery.mailbox))
    )
    return dict(session.exec(query).all())


def received_by_mailbox(session: Session, since: datetime) -> dict[str, tuple[int, datetime]]:
    """Return how many mails each mailbox has received since then, and when the last one came."""
    query = (
        select(InboundMail.mailbox, func.count(), func.max(InboundMail.received_at))
        .where(InboundMail.received_at >= since)
        .group_by(col(InboundMail.mailbox))
    )
    return {mailbox: (count, last) for mailbox, count, last in session.exec(query)}


def quarantined_by_mailbox(session: Session) -> dict[str, int]:
    """Return how many mails of each mailbox could not be read."""
    query = (
        select(InboundMail.mailbox, func.count())
        .where(InboundMail.state == LedgerState.QUARANTINED)
        .group_by(col(InboundMail.mailbox))
    )
    return dict(session.exec(query).all())
