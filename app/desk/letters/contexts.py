"""What each letter needs to know. Plain data; the templates see it as ``letter``."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.sla.terms import ClockKind, Exclusion, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What every letter knows."""

    # When it is written. Years that are not this one are spelled out.
    now: datetime
    # The reader's.
    time_zone: ZoneInfo
    # Who writes: shown above the letter, and below it where there is no signature.
    brand: str
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutTicket(Context):
    """A letter about one ticket."""

    number: int
    # The ticket's subject, as its first mail had it; empty for a caller's.
    subject: str


@dataclass(frozen=True, slots=True)
class Promise:
    """One thing that is promised; None where there is a target only, or a limit only."""

    kind: ClockKind
    target_at: datetime | None
    limit_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement(AboutTicket):
    """To the customer, at once: we have it, this is what we promise."""

    severity: Severity
    promises: tuple[Promise, ...]
    received_at: datetime
    desk_open: bool
    # None while it is open, or where it is not known.
    opens_at: datetime | None = None
    # Shown for serious and critical faults, and where ``looks_critical``.
    phone_line: str | None = None
    # The customer is told to call: a critical fault counts from the call.
    looks_critical: bool = False
    customer_name: str | None = None
    by_phone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(AboutTicket):
    """To the customer, from an agent."""

    text: str
    # Already sanitised by the caller; left out, it is made from the text.
    html: str | None = None
    agent_name: str | None = None


class Change(StrEnum):
    """What has happened to a ticket that its customer is told of."""

    WORK_STARTED = "work_started"
    UPDATE = "update"
    WAITING = "waiting"  # For an answer of the customer's; our clocks stand still.
    SEVERITY = "severity"
    SOLVED = "solved"
    REOPENED = "reopened"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange(AboutTicket):
    """To the customer: the ticket has moved on."""

    change: Change
    # The new one, for ``Change.SEVERITY``.
    severity: Severity | None = None
    # In an agent's words.
    note: str | None = None
    promises: tuple[Promise, ...] = ()
    # How long an answer to a solved ticket opens it again; None says nothing of it.
    reopens_for: timedelta | None = None
    customer_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay(AboutTicket):
    """To the customer: we are not keeping what we promised, and say so first."""

    kind: ClockKind
    promised_at: datetime
    # None where we do not know yet.
    new_at: datetime | None = None
    reason: str | None = None
    customer_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded(AboutTicket):
    """To the customer: a stretch of time does not count by the agreement, or counts after all."""

    kind: Exclusion
    starts_at: datetime
    # None while it lasts.
    ends_at: datetime | None
    # In an agent's words.
    reason: str
    # It was withdrawn: the time counts after all.
    withdrawn: bool = False
    # What may be expected now; empty while every clock stands still.
    promises: tuple[Promise, ...] = ()
    customer_name: str | None = None


@dataclass(frozen=True, slots=True)
class Lowered:
    """A promise that will be less; None where there was or will be none."""

    severity: Severity
    kind: ClockKind
    before_s: int | None
    after_s: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Context):
    """To a customer: what we promise will be less from a date on."""

    starts_at: datetime
    lowered: tuple[Lowered, ...]
    customer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A further ticket that waits for the reader of a page."""

    number: int
    subject: str
    severity: Severity
    kind: ClockKind
    due_at: datetime | None
    take_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(AboutTicket):
    """To a person on the ladder: take this ticket."""

    severity: Severity
    customer: str
    # What is due, and when; None for a ticket that is paged without a clock.
    kind: ClockKind | None
    due_at: datetime | None
    # Counted from 1.
    step: int
    take_url: str
    person_name: str | None = None
    # The first lines of what the customer wrote.
    excerpt: str | None = None
    phone: str | None = None
    # Why this person gets it although nobody planned so: nobody on call, last step exhausted.
    reason: str | None = None
    # Less urgent ones that wait for the same person, the most urgent first.
    others: tuple[Waiting, ...] = ()
    # How many there are besides these.
    unlisted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach(AboutTicket):
    """To staff: a promise is broken."""

    severity: Severity
    customer: str
    kind: ClockKind
    promised_at: datetime
    take_url: str
    # Who has the ticket; None for nobody.
    taken_by: str | None = None


class Mail(StrEnum):
    """What kind of mail did not arrive."""

    ACKNOWLEDGEMENT = "acknowledgement"
    REPLY = "reply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered(AboutTicket):
    """To staff: the customer has not got what we sent."""

    mail: Mail
    recipient: str
    # What the other side said.
    error: str
    ticket_url: str
    # False while it is still being tried.
    permanent: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryMissing(Context):
    """To staff: a mail to ourselves has not come back, so customers' mail may not come either."""

    mailbox: str
    sent_at: datetime
    # None where it has never worked.
    last_worked_at: datetime | None
    # What is known to be wrong, where anything is.
    reason: str | None = None
