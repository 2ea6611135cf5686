"""What staff do with a delivery: send a failed one again, or call one off."""

from sqlmodel import Session

from app.desk.events import audit_of
from app.desk.work import By
from app.kit.db import wake_after_commit
from app.kit.errors import Conflict
from app.kit.wake import Topic
from app.models import Delivery, DeliveryState
from app.store import outbox


def send_again(session: Session, delivery: Delivery, by: By) -> None:
    """Try a delivery that was given up once more, with all its patience; or a waiting one at once.

    What was sent is never sent again: its reader would not know why.
    """
    if delivery.state not in {DeliveryState.FAILED, DeliveryState.PENDING}:
        raise Conflict(f"the delivery is {delivery.state.value}, not failed or pending")
    before = delivery.state
    delivery.state = DeliveryState.PENDING
    delivery.next_at = by.now
    if before is DeliveryState.FAILED:
        # How long it is tried is counted from here.
        delivery.created_at = by.now
        delivery.attempts = 0
    wake_after_commit(session, Topic.OUTBOX)
    _audit(session, delivery, by, "sent_again", before)


def call_off(session: Session, delivery: Delivery, by: By, *, reason: str) -> None:
    """Let a delivery that has not left not leave."""
    if delivery.state is not DeliveryState.PENDING:
        raise Conflict(f"the delivery is {delivery.state.value}, not pending")
    outbox.cancel(session, [delivery.id], why=reason)
    session.refresh(delivery)
    _audit(session, delivery, by, "called_off", DeliveryState.PENDING, reason=reason)


def _audit(
    session: Session,
    delivery: Delivery,
    by: By,
    what: str,
    before: DeliveryState,
    **more: object,
) -> None:
    audit_of(
        session,
        "delivery",
        delivery.id,
        f"delivery.{what}",
        now=by.now,
        actor=by.actor,
        before={"state": before.value},
        after={"state": delivery.state.value, "recipient": delivery.recipient, **more},
    )
