"""What a batch of messages will ask about, looked up once for all of them.

A handful of queries a batch in place of as many a message. What the batch itself adds is noted
here as it goes, so a message finds what the one before it in the same batch has made.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from app.config import AutomaticSettings
from app.desk.quiet import Quiet
from app.desk.terms import Book
from app.models import Contact, Customer, InboundMail, ReferenceKind, Ticket
from app.models.base import Id
from app.store import mail, people, tickets
from intake.mail import ParsedMail

# A message may name thousands of parents; the nearest fifty decide.
MOST_PARENTS = 50


def parents_of(message: ParsedMail) -> list[str]:
    """Return the ids that the message names, nearest parent first (RFC 5322, section 3.6.4)."""
    ordered = [*message.in_reply_to, *reversed(message.references)]
    return list(dict.fromkeys(ordered))[:MOST_PARENTS]


@dataclass
class Known:
    """Earlier messages, contacts, customers and references that the batch may need."""

    by_bytes: dict[str, InboundMail] = field(default_factory=dict)
    by_message_id: dict[str, list[InboundMail]] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    # By the mail domain that strangers write from, and by id for contacts that are known.
    customers_by_domain: dict[str, Customer] = field(default_factory=dict)
    customers: dict[Id, Customer] = field(default_factory=dict)
    # What tickets of those customers are opened under.
    book: Book = field(default_factory=Book)
    references: dict[str, list[tuple[ReferenceKind, Ticket]]] = field(default_factory=dict)
    # What automatic mail their senders have had; None where nothing is sent.
    quiet: Quiet | None = None

    @classmethod
    def about(
        cls,
        session: Session,
        rows: Sequence[InboundMail],
        messages: Sequence[ParsedMail],
        *,
        automatic: AutomaticSettings,
        now: datetime,
    ) -> "Known":
        """Look up everything that these messages will ask about."""
        known = cls()
        ids = {message.message_id for message in messages if message.message_id}
        for earlier in mail.ended_twins(session, [row.raw_sha256 for row in rows], sorted(ids)):
            known.note_ended(earlier)
        senders = {message.from_address for message in messages if message.from_address}
        known.quiet = Quiet.about(session, automatic, senders, now)
        known.contacts = people.contacts_by_email(session, sorted(senders))
        strangers = {address.rpartition("@")[2] for address in senders - known.contacts.keys()}
        known.customers_by_domain = people.customers_by_domain(session, sorted(strangers))
        theirs = {one.customer_id for one in known.contacts.values() if one.customer_id}
        known.customers = people.customers_by_id(session, sorted(theirs))
        known.customers |= {one.id: one for one in known.customers_by_domain.values()}
        if rows:
            since = min(row.received_at for row in rows)
            known.book = Book.of(session, known.customers, since=since)
        named = {parent for message in messages for parent in parents_of(message)}
        for reference, ticket in tickets.references_to(session, sorted(named)):
            known.note_reference(ticket, reference.message_id, reference.kind)
        return known

    def is_news(self, row: InboundMail, message: ParsedMail) -> bool:
        """Guess whether a message will open a ticket: it names no parent and came once."""
        if message.message_id in self.by_message_id or row.raw_sha256 in self.by_bytes:
            return False
        return not parents_of(message)

    def note_ended(self, row: InboundMail) -> None:
        """Note that a message has been processed."""
        self.by_bytes.setdefault(row.raw_sha256, row)
        if row.message_id:
            self.by_message_id.setdefault(row.message_id, []).append(row)

    def note_reference(self, ticket: Ticket, message_id: str, kind: ReferenceKind) -> None:
        """Note that a Message-ID belongs to a ticket."""
        self.references.setdefault(message_id, []).append((kind, ticket))

    def note_entry(self, ticket: Ticket, message: ParsedMail) -> None:
        """Note what a message that was just kept on a ticket makes known."""
        if message.message_id:
            self.note_reference(ticket, message.message_id, ReferenceKind.STORED)
        for parent in parents_of(message):
            self.note_reference(ticket, parent, ReferenceKind.MENTIONED)

    def tickets_of(self, parents: Iterable[str], kinds: frozenset[ReferenceKind]) -> Ticket | None:
        """Return the ticket of the first parent that is known in one of these ways."""
        for parent in parents:
            for kind, ticket in self.references.get(parent, ()):
                if kind in kinds:
                    return ticket
        return None
