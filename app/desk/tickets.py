"""Opening a ticket and adding to it: the verbs that mail and phone end in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from app.desk import clocks
from app.desk.events import CUSTOMER, DESK, audit, record
from app.desk.house import House
from app.desk.maintenance_exclusion import exclude_window
from app.desk.terms import Terms, terms_of
from app.kit.db import append_row
from app.kit.ids import digest, new_id
from app.kit.text import storable
from app.models import (
    Attachment,
    Blob,
    Channel,
    Clock,
    Contact,
    Event,
    MailReference,
    Message,
    MessageKind,
    ReferenceKind,
    Status,
    Ticket,
)
from app.models.base import Id
from app.sla.severity import Judgement
from app.sla.terms import Exclusion
from app.store import numbers, search
from app.store.upsert import insert_missing

SUBJECT_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Opening:
    """What a new ticket is made of."""

    channel: Channel
    subject: str
    judgement: Judgement
    # The receipt on our side, not our fetch: every clock starts here.
    received_at: datetime
    language: str
    time_zone: str
    mailbox: str | None = None
    contact: Contact | None = None
    # Whose it is where no contact says so: several people have the number that was called from.
    customer_id: Id | None = None
    flags: Sequence[str] = ()
    # What the ticket is opened under; None looks it up, for whoever has not done so for many.
    terms: Terms | None = None


@dataclass(frozen=True, slots=True)
class StoredAttachment:
    """A file that came with a message."""

    name: str
    declared_type: str
    sniffed_type: str
    data: bytes
    content_id: str | None = None
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A message of the customer's, as it is to be kept."""

    at: datetime
    author: str
    text: str
    subject: str = ""
    html: str | None = None
    reply_text: str | None = None
    from_address: str = ""
    to: Sequence[str] = ()
    cc: Sequence[str] = ()
    verdict: str = "human"
    verdict_reason: str = ""
    message_id: str | None = None
    # Message-IDs that the message names: its parents, received by us or not.
    mentions: Sequence[str] = ()
    problems: Sequence[str] = ()
    attachments: Sequence[StoredAttachment] = ()
    inbound_id: Id | None = None
    extra: dict[str, object] = field(default_factory=dict)


def open_ticket(
    session: Session, house: House, opening: Opening, *, now: datetime
) -> tuple[Ticket, list[Clock]]:
    """Open a ticket: number, severity with its reasons, frozen promises, clocks, audit."""
    judgement = opening.judgement
    customer_id = opening.contact.customer_id if opening.contact else opening.customer_id
    terms = opening.terms or terms_of(session, house, customer_id, opening.received_at)
    suspended = Exclusion.SUSPENDED_AGREEMENT.value if terms.suspended else None
    ticket = Ticket(
        number=numbers.next_ticket_number(session),
        subject=storable(opening.subject[:SUBJECT_LENGTH]),
        channel=opening.channel,
        mailbox=opening.mailbox,
        severity=judgement.severity,
        severity_confidence=judgement.confidence,
        severity_reasons=list(judgement.reasons),
        confirm_severity=judgement.confirm,
        suspected_exclusion=judgement.excluded or suspended,
        language=opening.language,
        time_zone=opening.time_zone,
        contact_id=opening.contact.id if opening.contact else None,
        customer_id=customer_id,
        agreement_id=terms.agreement.id if terms.agreement else None,
        policy_id=terms.policy_id,
        ladder_id=terms.ladder_id,
        received_at=opening.received_at,
        created_at=now,
        updated_at=now,
        flags=list(opening.flags),
    )
    session.add(ticket)
    search.keep(session, ticket=ticket.id, message=ticket.id, head=_head(ticket, opening.contact))
    record(
        session,
        ticket,
        Event.OPENED,
        at=opening.received_at,
        now=now,
        actor=CUSTOMER,
        channel=opening.channel.value,
        severity=judgement.severity.value,
        policy=str(terms.policy_id),
    )
    if terms.windows:
        for window in terms.windows:
            exclude_window(session, ticket, window, now=now)
        started = clocks.refold(session, house, ticket, now=now)
    else:
        started = clocks.start(session, house, ticket)
    audit(
        session,
        ticket,
        "ticket.opened",
        now=now,
        actor=DESK,
        after={"number": ticket.number, "severity": judgement.severity.value},
    )
    return ticket, started


def add_entry(session: Session, ticket: Ticket, entry: Entry) -> Id:
    """Keep a message of the customer's on the ticket, with its files; return the message's id."""
    message_id = entry.message_id and storable(entry.message_id)
    message = add_message(
        session,
        ticket,
        kind=MessageKind.INBOUND,
        at=entry.at,
        author=storable(entry.author),
        from_address=storable(entry.from_address),
        to_addresses=[storable(address) for address in entry.to],
        cc_addresses=[storable(address) for address in entry.cc],
        subject=storable(entry.subject[:SUBJECT_LENGTH]),
        text=storable(entry.text),
        html=entry.html and storable(entry.html),
        reply_text=entry.reply_text and storable(entry.reply_text),
        verdict=entry.verdict,
        verdict_reason=storable(entry.verdict_reason),
        message_id=message_id,
        problems=[storable(problem) for problem in entry.problems],
        inbound_id=entry.inbound_id,
        file_names=[storable(file.name) for file in entry.attachments],
    )
    if entry.attachments:
        keep_files(session, message, entry.attachments)
    if message_id:
        refer(session, ticket, message_id, ReferenceKind.STORED)
    for mentioned in entry.mentions:
        refer(session, ticket, mentioned, ReferenceKind.MENTIONED)
    return message


def add_message(
    session: Session,
    ticket: Ticket,
    *,
    kind: MessageKind,
    at: datetime,
    author: str,
    text: str,
    from_address: str = "",
    to_addresses: Sequence[str] = (),
    cc_addresses: Sequence[str] = (),
    subject: str = "",
    html: str | None = None,
    reply_text: str | None = None,
    verdict: str = "human",
    verdict_reason: str = "",
    message_id: str | None = None,
    problems: Sequence[str] = (),
    inbound_id: Id | None = None,
    file_names: Sequence[str] = (),
) -> Id:
    """Add an entry to the ticket and return its id; it is found by what its files are called too.

    What the desk says by itself is not found: it is the same on every ticket.
    """
    new = new_id()
    if kind is not MessageKind.AUTOMATIC:
        people = (author, from_address, *to_addresses, *cc_addresses)
        head = " ".join([subject, *people, *file_names])
        search.keep(session, ticket=ticket.id, message=new, head=head, body=text)
    append_row(
        session,
        Message,
        id=new,
        ticket_id=ticket.id,
        kind=kind,
        at=at,
        author=author,
        from_address=from_address,
        to_addresses=list(to_addresses),
        cc_addresses=list(cc_addresses),
        subject=subject,
        text=text,
        html=html,
        reply_text=reply_text,
        verdict=verdict,
        verdict_reason=verdict_reason,
        message_id=message_id,
        problems=list(problems),
        inbound_id=inbound_id,
    )
    return new


def _head(ticket: Ticket, contact: Contact | None) -> str:
    """Return what a ticket is found by even where nothing was said on it."""
    whose = (contact.name, contact.email or "", contact.phone or "") if contact else ()
    return " ".join([str(ticket.number), ticket.subject, *whose])


def find_by_new_name(session: Session, contact: Contact, tickets: Sequence[Ticket]) -> None:
    """Let a contact's tickets be found by what they are called now."""
    search.forget(session, [ticket.id for ticket in tickets])
    for ticket in tickets:
        search.keep(session, ticket=ticket.id, message=ticket.id, head=_head(ticket, contact))


def append(session: Session, ticket: Ticket, entry: Entry, *, now: datetime) -> Id:
    """Add a further message of the customer's to a ticket that is there already."""
    message = add_entry(session, ticket, entry)
    record(
        session,
        ticket,
        Event.RECEIVED,
        at=entry.at,
        now=now,
        actor=CUSTOMER,
        message=str(message),
        verdict=entry.verdict,
        **entry.extra,
    )
    audit(session, ticket, "message.received", now=now, actor=DESK, after={"message": str(message)})
    return message


def refer(session: Session, ticket: Ticket, message_id: str, kind: ReferenceKind) -> None:
    """Remember that a Message-ID belongs to the ticket."""
    append_row(
        session,
        MailReference,
        id=new_id(),
        message_id=storable(message_id),
        ticket_id=ticket.id,
        kind=kind,
    )


def take_up(
    session: Session, house: House, ticket: Ticket, *, at: datetime, now: datetime, actor: str
) -> None:
    """Let a ticket that waits or is solved go on, because of something that happened at ``at``.

    1. One that waited for the customer: its clocks run on.
    2. One that was solved or closed: what is still owed runs on, and the ladder begins anew.
    3. One that is open: nothing changes.
    """
    before = ticket.status
    if before is Status.OPEN:
        return
    event = Event.RESUMED if before is Status.WAITING else Event.REOPENED
    ticket.status = Status.OPEN
    ticket.solved_at = None
    if event is Event.REOPENED:
        # Whoever had taken it is done with it; the ladder is climbed anew until somebody takes it.
        ticket.taken_at = ticket.taken_by_id = ticket.snoozed_until = None
        ticket.handed_back_at = None
    record(session, ticket, event, at=at, now=now, actor=actor)
    clocks.refold(session, house, ticket, now=now)
    audit(
        session,
        ticket,
        f"ticket.{event.value}",
        now=now,
        actor=actor,
        before={"status": before.value},
        after={"status": ticket.status.value},
    )


def keep_files(session: Session, message: Id, files: Sequence[StoredAttachment]) -> list[Id]:
    """Keep a message's files, each content once; return their ids."""
    blobs = {digest(file.data): file.data for file in files}
    insert_missing(
        session,
        Blob,
        [{"sha256": sha, "size": len(data), "data": data} for sha, data in blobs.items()],
    )
    rows = [
        Attachment(
            message_id=message,
            sha256=digest(file.data),
            name=storable(file.name),
            declared_type=storable(file.declared_type),
            sniffed_type=file.sniffed_type,
            size=len(file.data),
            content_id=file.content_id,
            inline=file.inline,
        )
        for file in files
    ]
    session.add_all(rows)
    return [row.id for row in rows]
