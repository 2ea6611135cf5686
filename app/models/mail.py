"""The intake ledger: every message that reached us, its raw bytes, and what became of it."""

from enum import StrEnum

from sqlalchemy import BigInteger, Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field

from app.models.base import Id, Instant, Row, Word, blob_link, id_field, link


class LedgerState(StrEnum):
    """Where a message stands; ``RECEIVED`` is the only state that is not an end."""

    RECEIVED = "received"
    OPENED = "opened"
    APPENDED = "appended"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    REFUSED = "refused"


TERMINAL = frozenset(LedgerState) - {LedgerState.RECEIVED}


class Blob(Row, table=True):
    """Bytes, once each, by their content's hash: raw mails and attachments."""

    __tablename__ = "blob"

    sha256: str = Field(primary_key=True)
    size: int
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class InboundMail(Row, table=True):
    """A row of the ledger: one message of one mailbox, committed before anything looks inside."""

    __tablename__ = "inbound_mail"
    __table_args__ = (
        UniqueConstraint("mailbox", "folder", "uid_validity", "uid"),
        # What is still to be processed, and nothing else.
        Index(
            "ix_inbound_mail_due",
            "next_at",
            sqlite_where=text("state = 'received'"),
            postgresql_where=text("state = 'received'"),
        ),
    )

    id: Id = id_field()
    mailbox: str
    folder: str
    # UIDs are unsigned numbers of 32 bits (RFC 9051, section 2.3.1.1); mail that was handed to us
    # has a random number in their place.
    uid_validity: int = Field(sa_column=Column(BigInteger, nullable=False))
    uid: int = Field(sa_column=Column(BigInteger, nullable=False))
    # The mail server's receipt time (INTERNALDATE): every clock starts here.
    received_at: Instant
    fetched_at: Instant
    size: int
    # The whole message was larger than the limit, and the blob holds its beginning.
    truncated: bool = False
    raw_sha256: str = blob_link()
    state: LedgerState = Field(
        default=LedgerState.RECEIVED, sa_column=Column(Word(LedgerState), nullable=False)
    )
    # Why it ended as it did, in a word that is also the metric's label.
    reason: str = ""
    # The traceback of a quarantined message.
    error: str | None = None
    attempts: int = 0
    next_at: Instant
    processed_at: Instant | None = None
    message_id: str | None = Field(default=None, index=True)
    ticket_id: Id | None = link("ticket", index=True, nullable=True)
    # Staff have asked for a ticket of its own, whatever the steps would make of it.
    open_anyway: bool = False


class MailPosition(Row, table=True):
    """How far a folder has been read, and when that last moved."""

    __tablename__ = "mail_position"

    mailbox: str = Field(primary_key=True)
    folder: str = Field(primary_key=True)
    uid_validity: int = Field(sa_column=Column(BigInteger, nullable=False))
    last_uid: int = Field(sa_column=Column(BigInteger, nullable=False))
    # UIDs up to this one were old mail at the very first start, and are not missed.
    first_uid: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    # After a new UIDVALIDITY, mail received before this was old at the very first start.
    since: Instant | None = None
    moved_at: Instant


class Canary(Row, table=True):
    """A mail to ourselves, which must come back as a row of its mailbox's ledger."""

    __tablename__ = "canary"
    # The beginning of its stretch of time: however many processes look, one is sent for each.
    __table_args__ = (UniqueConstraint("mailbox", "slot_at"),)

    id: Id = id_field()
    mailbox: str
    slot_at: Instant
    sent_at: Instant
    due_at: Instant
    came_at: Instant | None = None
    # When somebody was told that it is missing, and the ticket of that outage.
    alarmed_at: Instant | None = None
    ticket_id: Id | None = link("ticket", nullable=True)
