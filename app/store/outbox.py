"""The outbox's queries: what is due, who holds it, how it ended."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, String, bindparam
from sqlmodel import Session, and_, col, func, or_, select, update

from app.models import Delivery, DeliveryClass, DeliveryState
from app.models.base import Id

WAITING = (DeliveryState.PENDING, DeliveryState.SENDING)


class Due(NamedTuple):
    """What a sender needs of a delivery."""

    id: Id
    channel: str
    mailbox: str
    payload: Mapping[str, object]
    recipient: str
    # Before this claim.
    attempts: int
    created_at: datetime
    page_id: Id | None


def claim_due(
    session: Session,
    now: datetime,
    limit: int,
    *,
    token: str,
    until: datetime,
    mail: bool | None = None,
    spent: Sequence[str] = (),
) -> Sequence[Due]:
    """Lease what is due, most urgent first; a row being sent is due again when its lease ends.

    ``mail`` True takes mail alone, False all but mail, None everything; of mailboxes that have
    ``spent`` what they may send, only pages.
    """
    query = (
        select(Delivery.id, Delivery.channel, Delivery.mailbox, Delivery.payload)
        .add_columns(col(Delivery.recipient), col(Delivery.attempts))
        .add_columns(col(Delivery.created_at), col(Delivery.page_id))
        .where(*_due(now, mail=mail, spent=spent))
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


def any_due(
    session: Session, now: datetime, *, mail: bool | None = None, spent: Sequence[str] = ()
) -> bool:
    """Tell whether a claim would find anything: a look that needs no writer's lock."""
    query = select(Delivery.id).where(*_due(now, mail=mail, spent=spent)).limit(1)
    return session.exec(query).first() is not None


def _due(
    now: datetime, *, mail: bool | None, spent: Sequence[str]
) -> Sequence[ColumnElement[bool]]:
    due = [col(Delivery.state).in_(WAITING), col(Delivery.next_at) <= now]
    if spent:
        page = col(Delivery.kind) == DeliveryClass.PAGE
        due.append(or_(col(Delivery.mailbox).not_in(spent), page))
    if mail is None:
        return due
    return [*due, col(Delivery.channel) == "mail" if mail else col(Delivery.channel) != "mail"]


def cancel(session: Session, ids: Sequence[Id], *, why: str) -> None:
    """Let these not be sent any more."""
    statement = (
        update(Delivery)
        .where(col(Delivery.id).in_(ids), col(Delivery.state).in_(WAITING))
        .values(state=DeliveryState.CANCELLED, lease_token=None, last_error=why)
    )
    session.connection().execute(statement)


def held(session: Session, leases: Sequence[tuple[Id, str]]) -> dict[Id, Delivery]:
    """Lock those of the rows whose lease token is still the one given."""
    wanted = [and_(Delivery.id == row, Delivery.lease_token == token) for row, token in leases]
    query = select(Delivery).where(or_(*wanted)).with_for_update()
    return {row.id: row for row in session.exec(query)}


def mark_sent(
    session: Session, settled: Sequence[tuple[Id, str, str, str | None]], *, now: datetime
) -> None:
    """Settle deliveries as sent, where the lease is still theirs.

    Each is its id, the lease's token, what was said, and the provider's id of it where it has one.
    """
    statement = (
        update(Delivery)
        .where(col(Delivery.id) == bindparam("row"), col(Delivery.lease_token) == bindparam("held"))
        .values(
            state=DeliveryState.SENT,
            sent_at=now,
            response=bindparam("said"),
            message_id=func.coalesce(bindparam("theirs", type_=String), col(Delivery.message_id)),
            lease_token=None,
            last_error=None,
        )
    )
    session.connection().execute(
        statement,
        [
            {"row": row, "held": token, "said": said, "theirs": theirs}
            for row, token, said, theirs in settled
        ],
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


def find(session: Session, delivery_id: Id, *, lock: bool = False) -> Delivery | None:
    """Return a delivery; None when there is no such id."""
    query = select(Delivery).where(Delivery.id == delivery_id)
    return session.exec(query.with_for_update() if lock else query).first()


def known_ids(session: Session, ids: Sequence[str]) -> frozenset[str]:
    """Return those of a provider's message ids that are a delivery's."""
    query = select(Delivery.message_id).where(col(Delivery.message_id).in_(ids))
    return frozenset(one for one in session.exec(query) if one)


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
