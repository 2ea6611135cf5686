"""Which ticket does this belong to?"""

import re
from collections.abc import Callable
from datetime import timedelta

from app.desk.addresses import find_number_in_address, find_number_in_message_id
from app.models import ReferenceKind, Ticket
from app.store import families, tickets
from intake.case import Case, Outcome, Reason
from intake.known import parents_of
from intake.trust import sender_is_authentic

_SENT_OR_RECEIVED = frozenset({ReferenceKind.OURS, ReferenceKind.STORED})
_NAMED = frozenset({ReferenceKind.MENTIONED})
# A number in a subject: "[#198]", "Re: [Ticket 198] ...", "sak #198".
_NUMBER = re.compile(r"\[?(?:ticket|sak|saken)?\s?#(\d{1,12})\]?", re.IGNORECASE | re.ASCII)


# What a monitor says of what it watches, and how long its alarm is remembered.
MONITOR_REMEMBERS = timedelta(days=7)
_DOWN = re.compile(
    r"\b(?:DOWN|NEDE|CRITICAL|PROBLEM|FAILED|FIRING|ALERT|TRIGGERED)\b", re.IGNORECASE
)
_BACK = re.compile(r"\b(?:UP|OPPE|OK|RECOVERY|RECOVERED|RESOLVED|GJENOPPRETTET)\b", re.IGNORECASE)
_STATE = re.compile(
    rf"{_DOWN.pattern}|{_BACK.pattern}|\([^()]{{0,80}}\)|\b(?:is|er|was)\b", re.IGNORECASE
)
_BRACKETED = re.compile(r"\[([^\[\]]{0,60})\]")
# An answer to a mail that we never received is believed so long after the ticket's last word.
ANCESTORS_COUNT = timedelta(days=60)


def join_thread(case: Case) -> Outcome | None:
    """Find the ticket by the first rule that gives one; see ``RULES``."""
    for rule, reason in RULES:
        ticket = rule(case)
        if ticket is not None:
            # What was merged goes on in the ticket that it has become a part of.
            case.ticket = families.survivor(case.session, ticket, lock=True)
            case.joined_by = reason
            return None
    return None


def names_a_number(subject: str) -> bool:
    """Tell whether a subject names a ticket's number, so that it matters who wrote it."""
    return _NUMBER.search(subject) is not None


def _by_reply_address(case: Case) -> Ticket | None:
    secret = case.house.secret
    for address in (*case.mail.to, *case.mail.cc, *case.mail.delivered_to):
        number = find_number_in_address(secret, address)
        if number is not None:
            return tickets.find_by_number(case.session, number, lock=True)
    return None


def _by_our_message_id(case: Case) -> Ticket | None:
    for parent in parents_of(case.mail):
        number = find_number_in_message_id(case.house.secret, parent)
        if number is not None:
            return tickets.find_by_number(case.session, number, lock=True)
    return None


def _by_known_message_id(case: Case) -> Ticket | None:
    return case.known.tickets_of(parents_of(case.mail), _SENT_OR_RECEIVED)


def _by_shared_ancestor(case: Case) -> Ticket | None:
    """Join a colleague's answer to a mail that we never received but others have named."""
    ticket = case.known.tickets_of(parents_of(case.mail), _NAMED)
    if ticket is None or not _known_to(case, ticket):
        return None
    return ticket if case.received_at - ticket.updated_at <= ANCESTORS_COUNT else None


def _by_subject_number(case: Case) -> Ticket | None:
    """Join by a number in the subject, which anybody can write, only a known, authentic sender."""
    match = _NUMBER.search(case.mail.subject)
    if match is None:
        return None
    ticket = tickets.find_by_number(case.session, int(match[1]), lock=True)
    if ticket is None:
        return None
    if _known_to(case, ticket) and (_is_authentic(case) or _agreement_waives(case)):
        return ticket
    case.suggested_number = ticket.number
    return None


def _by_monitor(case: Case) -> Ticket | None:
    """Let a monitor's "UP" find the ticket of its "DOWN": the same sender, the same thing watched.

    Joining solves nothing and stops no clock; a person looks whether it is over.
    """
    watched = _watched(case.mail.subject, _BACK)
    if watched is None or case.contact is None:
        return None
    box = case.house.settings.mailboxes.get(case.row.mailbox)
    checks = box is not None and box.trusted_authserv is not None
    if checks and not _is_authentic(case):
        return None
    since = case.received_at - MONITOR_REMEMBERS
    for ticket in tickets.open_of_contact(case.session, case.contact.id, since):
        if _watched(ticket.subject, _DOWN) == watched:
            return tickets.find(case.session, ticket.id, lock=True)
    return None


def _watched(subject: str, state: re.Pattern[str]) -> str | None:
    """Return what a monitor's subject is about, apart from the state it tells; None without one."""
    if not state.search(subject):
        return None
    about = _STATE.sub(" ", _BRACKETED.sub(r"\1", subject)).lower()
    return " ".join(re.findall(r"[\w.@/-]{3,}", about)) or None


def _is_authentic(case: Case) -> bool:
    return sender_is_authentic(case.mail, case.row.mailbox, case.house, case.signed_by)


def _agreement_waives(case: Case) -> bool:
    """Tell whether the sender's customer has agreed that a number is enough."""
    customer_id = case.contact.customer_id if case.contact else None
    agreement = case.known.book.agreement(customer_id, case.received_at)
    return agreement is not None and agreement.number_suffices


def _known_to(case: Case, ticket: Ticket) -> bool:
    sender = case.mail.from_address
    return bool(sender) and sender in tickets.participants(case.session, ticket.id)


# In this order; the first that finds a ticket decides.
RULES: tuple[tuple[Callable[[Case], Ticket | None], Reason], ...] = (
    # A reply address that only we can make, wherever the mail was delivered.
    (_by_reply_address, Reason.REPLY_ADDRESS),
    # A Message-ID that only we can make, nearest parent first.
    (_by_our_message_id, Reason.OUR_MESSAGE_ID),
    # The id of a mail that we sent or received.
    (_by_known_message_id, Reason.KNOWN_MESSAGE_ID),
    # An ancestor that we never received, named by another message of the ticket.
    (_by_shared_ancestor, Reason.SHARED_ANCESTOR),
    # What a person wrote into the subject: weakest, and guarded.
    (_by_subject_number, Reason.SUBJECT_NUMBER),
    # A monitor that says that what it told of is over.
    (_by_monitor, Reason.MONITOR),
)
