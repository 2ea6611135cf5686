"""Short messages to our own people: a code, who has taken a ticket, a gap in a schedule."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.desk.addresses import message_id
from app.desk.house import House
from app.models import DeliveryClass
from app.models.base import Id
from app.outbox.compose import Letter
from app.outbox.put import Notice, Outgoing, put, put_notice
from app.sla.ladder import PageChannel


@dataclass(frozen=True, slots=True)
class ToStaff:
    """A message, and the method by which it goes."""

    # Names the cause: it makes one message to one address.
    key: str
    channel: PageChannel
    address: str
    subject: str
    text: str
    language: str = "nb"
    kind: DeliveryClass = DeliveryClass.RECEIPT
    ticket_id: Id | None = None
    # The ticket's number, which a mail's id carries; nought for what is about none.
    number: int = 0


def notify(session: Session, house: House, what: ToStaff, *, now: datetime) -> None:
    """Put a message to one of the staff into the outbox."""
    if what.channel is not PageChannel.MAIL:
        notice = Notice(
            dedupe_key=what.key,
            kind=what.kind,
            channel=what.channel.value,
            recipient=what.address,
            payload={"text": what.text, "language": what.language},
            ticket_id=what.ticket_id,
        )
        put_notice(session, notice, now=now)
        return
    mailbox, box = house.mailbox(None)
    part = "staff-" + "".join(sign for sign in what.key.lower() if sign.isalnum())[-50:]
    letter = Letter(
        from_address=box.address,
        from_name=house.settings.desk.name,
        to=(what.address,),
        subject=what.subject,
        text=what.text,
        html=None,
        message_id=message_id(house.secret, number=what.number, part=part, address=box.address),
        date=now,
        auto_submitted="auto-generated",
    )
    outgoing = Outgoing(
        dedupe_key=what.key,
        kind=what.kind,
        mailbox=mailbox,
        letter=letter,
        ticket_id=what.ticket_id,
    )
    put(session, outgoing, now=now)
