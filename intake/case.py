"""A message on its walk through the steps: what is known of it so far, and how the walk may end."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from app.desk.house import House
from app.models import Contact, Customer, InboundMail, LedgerState, Ticket
from app.sla.severity import Judgement
from intake.known import Known
from intake.mail import ParsedMail


class Reason(StrEnum):
    """Why a message ended as it did, or was not acknowledged; also the metric's label."""

    NEW = "new"
    REPLY_ADDRESS = "reply_address"
    OUR_MESSAGE_ID = "our_message_id"
    KNOWN_MESSAGE_ID = "known_message_id"
    SHARED_ANCESTOR = "shared_ancestor"
    SUBJECT_NUMBER = "subject_number"
    MONITOR = "monitor"
    SAME_MESSAGE = "same_message"
    OWN_MAIL = "own_mail"
    BOUNCE = "bounce"
    CANARY = "canary"
    UNREADABLE = "unreadable"


@dataclass(slots=True)
class Case:
    """A message and what the steps have found out; each step fills its own field."""

    session: Session
    house: House
    now: datetime
    row: InboundMail
    raw: bytes
    mail: ParsedMail
    judgement: Judgement
    known: Known
    # The domains whose signature on the mail is good, where it was to be checked.
    signed_by: frozenset[str] = frozenset()
    contact: Contact | None = None
    customer: Customer | None = None
    # The ticket that the message belongs to, and what joined it.
    ticket: Ticket | None = None
    joined_by: Reason | None = None
    # Set where the ticket was named but the message may not join it.
    suggested_number: int | None = None
    flags: list[str] = field(default_factory=list)

    @property
    def received_at(self) -> datetime:
        """Return the mail server's receipt time, which every clock starts at."""
        return self.row.received_at


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a message's walk ended: exactly one state, and why."""

    state: LedgerState
    reason: Reason
    ticket: Ticket | None = None
