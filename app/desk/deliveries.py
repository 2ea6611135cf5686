"""What became of a mail after its server had taken it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.desk import letters
from app.desk.events import DESK, record
from app.desk.house import House
from app.desk.staff import whose, write_to_staff
from app.models import Delivery, DeliveryClass, DeliveryState, Event, MailStop, Ticket
from app.store import outbox, pages, quiet, tickets

_KINDS = {
    DeliveryClass.RECEIPT: letters.Mail.ACKNOWLEDGEMENT,
    DeliveryClass.LETTER: letters.Mail.REPLY,
}


def fail_bounced(
    session: Session,
    *,
    message_ids: Sequence[str],
    recipients: Sequence[str],
    status: str | None,
    temporary: bool,
    house: House,
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
        tell_of_failure(session, house, delivery, now=now)
        _stop(session, house, delivery, recipients, now=now)
    return ticket


def tell_of_failure(session: Session, house: House, delivery: Delivery, *, now: datetime) -> None:
    """Tell staff that a customer has not got an acknowledgement or a reply, once a delivery.

    The customer does not know that they were answered: only a person can reach them now.
    """
    known = _KINDS.get(delivery.kind)
    ticket = tickets.find(session, delivery.ticket_id) if delivery.ticket_id else None
    if known is None or ticket is None:
        return
    desk = house.settings.desk

    def written(language: str | None) -> letters.Rendered:
        context = letters.Undelivered(
            now=now,
            time_zone=ZoneInfo(desk.time_zone),
            brand=desk.name,
            number=ticket.number,
            subject=ticket.subject,
            mail=known,
            recipient=delivery.recipient,
            error=delivery.last_error or "",
            ticket_url=f"{desk.url.rstrip('/')}/api/v1/tickets/{ticket.number}",
        )
        return letters.render("undelivered", language or desk.language.value, context)

    write_to_staff(
        session,
        house,
        ticket,
        written,
        readers=whose(session, house, ticket),
        key=f"undelivered:{delivery.id}",
        mailbox=ticket.mailbox,
        now=now,
    )


def _stop(
    session: Session,
    house: House,
    delivery: Delivery,
    recipients: Sequence[str],
    *,
    now: datetime,
) -> None:
    """Send nothing automatic to an address that does not exist, for a while."""
    days = house.settings.automatic.bounce_days
    sent_to = {one.strip().lower() for one in delivery.recipient.split(",")}
    for address in recipients:
        # Only an address that we wrote to: anybody can send something that looks like a bounce.
        if days and address in sent_to:
            stop = MailStop(
                scope=address,
                since=now,
                until=now + timedelta(days=days),
                reason=delivery.last_error or "bounced",
            )
            quiet.put_stop(session, stop)
