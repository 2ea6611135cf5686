"""What became of a mail after its server had taken it."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from app.desk.events import DESK, record
from app.models import DeliveryState, Event, Ticket
from app.store import outbox, pages, tickets


def fail_bounced(
    session: Session,
    *,
    message_ids: Sequence[str],
    recipients: Sequence[str],
    status: str | None,
    temporary: bool,
    now: datetime,
) -> Ticket | None:
    """Mark the delivery that a bounce names as failed, and return its ticket.

    None means that no delivery of ours has any of these Message-IDs. A temporary report is
    recorded and fails nothing: the other side goes on trying.
    """
    delivery = outbox.find_by_message_ids(session, message_ids) if message_ids else None
    if delivery is None or delivery.ticket_id is None:
        return None
    ticket = tickets.find(session, delivery.ticket_id, lock=True)
    if ticket is None:
        return None
    if not temporary:
        delivery.state = DeliveryState.FAILED
        delivery.last_error = f"bounced: {status or 'no status'}"
        if delivery.page_id is not None:
            pages.look_again(session, delivery.page_id, now=now)
        record(
            session,
            ticket,
            Event.DELIVERY_FAILED,
            at=now,
            now=now,
            actor=DESK,
            delivery=str(delivery.id),
            to=", ".join(recipients) or delivery.recipient,
            error=delivery.last_error,
            permanent=True,
        )
    return ticket
