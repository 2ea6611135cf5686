"""Who is told of events: their deliveries, made, claimed, settled and read."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, delete, func, select, update

from app.models import (
    Subscription,
    SubscriptionDelivery,
    SubscriptionState,
    Ticket,
    TicketEvent,
)
from app.models.base import Id


def every(session: Session) -> Sequence[Subscription]:
    """Return all subscriptions, by name."""
    query = select(Subscription).order_by(col(Subscription.name), col(Subscription.id))
    return session.exec(query).all()


def enabled(session: Session) -> Sequence[Subscription]:
    """Return those that are told."""
    return session.exec(select(Subscription).where(col(Subscription.disabled_at).is_(None))).all()


def find(session: Session, subscription_id: Id, *, lock: bool = False) -> Subscription | None:
    """Return a subscription, locked against other writers where asked; None without one."""
    query = select(Subscription).where(Subscription.id == subscription_id)
    return session.exec(query.with_for_update() if lock else query).first()


def has_due(session: Session, subscription_id: Id, now: datetime) -> bool:
    """Tell whether something may be due, by a quick look."""
    query = (
        select(SubscriptionDelivery.id)
        .where(
            SubscriptionDelivery.subscription_id == subscription_id,
            SubscriptionDelivery.state == SubscriptionState.PENDING,
            SubscriptionDelivery.next_at <= now,
        )
        .limit(1)
    )
    return session.exec(query).first() is not None


def claim(
    session: Session, subscription_id: Id, *, now: datetime, until: datetime, token: str, limit: int
) -> list[tuple[SubscriptionDelivery, TicketEvent, Ticket]]:
    """Take what is due, of each ticket only the first that is still to be told."""
    earlier = aliased(SubscriptionDelivery)
    waits = (
        select(earlier.id)
        .where(
            earlier.subscription_id == subscription_id,
            earlier.ticket_id == SubscriptionDelivery.ticket_id,
            earlier.state == SubscriptionState.PENDING,
            earlier.place < SubscriptionDelivery.place,
        )
        .exists()
    )
    query = (
        select(SubscriptionDelivery)
        .where(
            SubscriptionDelivery.subscription_id == subscription_id,
            SubscriptionDelivery.state == SubscriptionState.PENDING,
            SubscriptionDelivery.next_at <= now,
            ~waits,
        )
        .order_by(col(SubscriptionDelivery.next_at), col(SubscriptionDelivery.place))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = session.exec(query).all()
    for row in rows:
        row.next_at, row.lease_token = until, token
        row.attempts += 1
    session.flush()
    told = (
        select(SubscriptionDelivery, TicketEvent, Ticket)
        .join(TicketEvent, col(TicketEvent.seq) == col(SubscriptionDelivery.seq))
        .join(Ticket, col(Ticket.id) == col(SubscriptionDelivery.ticket_id))
        .where(col(SubscriptionDelivery.id).in_([row.id for row in rows]))
        .order_by(col(SubscriptionDelivery.place))
    )
    return [(row, event, ticket) for row, event, ticket in session.exec(told)]


def held(session: Session, ids: Sequence[Id], token: str) -> Sequence[SubscriptionDelivery]:
    """Return those of the deliveries whose lease is still this token's."""
    query = (
        select(SubscriptionDelivery)
        .where(
            col(SubscriptionDelivery.id).in_(ids),
            SubscriptionDelivery.lease_token == token,
            SubscriptionDelivery.state == SubscriptionState.PENDING,
        )
        .with_for_update()
    )
    return session.exec(query).all()


def log(
    session: Session,
    subscription_id: Id,
    *,
    state: SubscriptionState | None,
    before: Id | None,
    limit: int,
) -> Sequence[SubscriptionDelivery]:
    """Return how the telling went, newest first, of one state or all."""
    query = (
        select(SubscriptionDelivery)
        .where(SubscriptionDelivery.subscription_id == subscription_id)
        .order_by(col(SubscriptionDelivery.id).desc())
        .limit(limit)
    )
    if state is not None:
        query = query.where(SubscriptionDelivery.state == state)
    if before is not None:
        query = query.where(col(SubscriptionDelivery.id) < before)
    return session.exec(query).all()


def count_pending(session: Session) -> dict[Id, int]:
    """Return how many events each subscription is still to be told of."""
    query = (
        select(SubscriptionDelivery.subscription_id, func.count())
        .where(SubscriptionDelivery.state == SubscriptionState.PENDING)
        .group_by(col(SubscriptionDelivery.subscription_id))
    )
    return dict(session.exec(query).all())


def cancel_pending(session: Session, subscription_id: Id, *, after: int) -> None:
    """Tell nothing of what stands after a place and is still to be told."""
    session.connection().execute(
        update(SubscriptionDelivery)
        .where(
            col(SubscriptionDelivery.subscription_id) == subscription_id,
            col(SubscriptionDelivery.state) == SubscriptionState.PENDING,
            col(SubscriptionDelivery.place) > after,
        )
        .values(state=SubscriptionState.CANCELLED, lease_token=None)
    )


def try_at_once(session: Session, subscription_id: Id, now: datetime) -> None:
    """Let everything that is still to be told be due now, its failures forgotten."""
    session.connection().execute(
        update(SubscriptionDelivery)
        .where(
            col(SubscriptionDelivery.subscription_id) == subscription_id,
            col(SubscriptionDelivery.state) == SubscriptionState.PENDING,
        )
        .values(next_at=now, first_failed_at=None, lease_token=None)
    )


def forget(session: Session, before: datetime) -> None:
    """Delete what was told, or cancelled, before a moment."""
    session.connection().execute(
        delete(SubscriptionDelivery).where(
            col(SubscriptionDelivery.state) != SubscriptionState.PENDING,
            col(SubscriptionDelivery.created_at) < before,
        )
    )


def remove(session: Session, subscription: Subscription) -> None:
    """Delete a subscription and what it was told."""
    session.connection().execute(
        delete(SubscriptionDelivery).where(
            col(SubscriptionDelivery.subscription_id) == subscription.id
        )
    )
    session.delete(subscription)
