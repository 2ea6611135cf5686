"""A message that could not be processed still becomes a ticket that somebody reads."""

from datetime import datetime

from sqlmodel import Session

from app.desk.house import House
from app.desk.tickets import Entry, Opening, StoredAttachment, add_entry, open_ticket
from app.models import Channel, InboundMail, Ticket
from app.sla.severity import Report, judge


def open_minimal(
    session: Session, house: House, row: InboundMail, raw: bytes, *, now: datetime
) -> Ticket:
    """Open a ticket that holds nothing but the raw file, flagged for staff.

    Nobody is acknowledged: the sender's address is among what could not be trusted to be read.
    """
    opening = Opening(
        channel=Channel.EMAIL,
        subject="A message that could not be read",
        judgement=judge(Report(channel="email", subject=None, text="")),
        received_at=row.received_at,
        language=house.settings.desk.language.value,
        time_zone=house.settings.desk.time_zone,
        mailbox=row.mailbox,
        flags=["quarantined"],
    )
    ticket, _clocks = open_ticket(session, house, opening, now=now)
    file = StoredAttachment(
        name="original.eml",
        declared_type="message/rfc822",
        sniffed_type="message/rfc822",
        data=raw,
    )
    entry = Entry(at=row.received_at, author="", text="", attachments=[file], inbound_id=row.id)
    add_entry(session, ticket, entry)
    return ticket
