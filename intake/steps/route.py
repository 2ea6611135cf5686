"""The end of the walk: append to the ticket that was found, or open a new one."""

from datetime import timedelta

from app.config import Language
from app.desk.acknowledge import acknowledge
from app.desk.earlier import heed_earlier
from app.desk.events import CUSTOMER
from app.desk.quiet import OUR_OWN_WORDS, likeness_of
from app.desk.terms import Terms
from app.desk.tickets import (
    Entry,
    Opening,
    StoredAttachment,
    add_entry,
    append,
    open_ticket,
    take_up,
)
from app.models import Channel, LedgerState
from app.store import tickets
from intake.case import Case, Outcome, Reason
from intake.known import parents_of
from intake.mail import Verdict
from intake.sealed import needs_original, seals_of
from intake.steps.severity import report_of
from intake.thanks import is_bare_thanks

NO_SUBJECT = "(no subject)"
# So much of a letter's beginning, without spaces, is nobody else's: it names the ticket.
OPENING_LETTERS = 80
# The languages that our letters are written in.
WRITTEN = frozenset(Language)


def route(case: Case) -> Outcome:
    """Append or open, and acknowledge.

    1. A message that belongs to a ticket is appended; a human's reopens a solved one and, where
       the ticket waited for the customer, lets its clocks run on. A bare thank-you does neither.
    2. Anything else opens a ticket, with the clocks started at the mail server's receipt time.
    3. A human who opened a ticket is acknowledged at once; a machine never is.
    """
    _let_an_old_ticket_rest(case)
    entry = entry_of(case)
    if case.ticket is not None and case.joined_by is not None:
        append(case.session, case.ticket, entry, now=case.now)
        case.ticket.flags = list(dict.fromkeys([*case.ticket.flags, *seals_of(case.mail)]))
        if case.mail.verdict is Verdict.HUMAN and not _says_only_thanks(case):
            take_up(
                case.session,
                case.house,
                case.ticket,
                at=case.received_at,
                now=case.now,
                actor=CUSTOMER,
            )
        return Outcome(LedgerState.APPENDED, case.joined_by, case.ticket)
    ticket, clocks = open_ticket(case.session, case.house, opening_of(case), now=case.now)
    add_entry(case.session, ticket, entry)
    acknowledge(
        case.session,
        case.house,
        ticket,
        clocks,
        contact=case.contact,
        in_reply_to=case.mail.message_id,
        references=case.mail.references,
        verdict=case.mail.verdict.value,
        now=case.now,
        quiet=case.known.quiet,
        likeness=_likeness(case),
    )
    reason = Reason.UNREADABLE if case.mail.from_address is None else Reason.NEW
    return Outcome(LedgerState.OPENED, reason, ticket)


def _likeness(case: Case) -> str | None:
    """Return what the mail has in common with others of its kind, for the guard against loops.

    A receipt that comes back under another name says other words each time, since it tells of
    another ticket and maybe of another severity.
    """
    text = case.mail.reply_text or case.mail.text
    if case.suggested_number is not None:
        ticket = tickets.find_by_number(case.session, case.suggested_number)
        receipt = ticket and tickets.automatic_text(case.session, ticket.id)
        if receipt and _squeezed(receipt)[:OPENING_LETTERS] in _squeezed(text):
            return OUR_OWN_WORDS
    return likeness_of(case.mail.subject, text)


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _let_an_old_ticket_rest(case: Case) -> None:
    """Open a new ticket for what comes long after a solution, linked to the one it names."""
    ticket = case.ticket
    if ticket is None or ticket.solved_at is None or case.mail.verdict is not Verdict.HUMAN:
        return
    if _says_only_thanks(case):
        return
    days = timedelta(days=case.house.settings.intake.reopen_days)
    if case.received_at - ticket.solved_at > days:
        case.flags.append(f"follows:{ticket.number}")
        case.ticket = case.joined_by = None


def _says_only_thanks(case: Case) -> bool:
    return not case.mail.attachments and is_bare_thanks(case.mail.reply_text)


def opening_of(case: Case) -> Opening:
    """Return what a new ticket is made of."""
    flags = list(case.flags)
    if case.row.truncated:
        flags.append("truncated")
    if case.mail.problems:
        flags.append("malformed")
    flags += seals_of(case.mail)
    if case.suggested_number is not None:
        flags.append(f"suggested_link:{case.suggested_number}")
    customer_id = case.contact.customer_id if case.contact else None
    terms = case.known.book.terms(case.house, customer_id, case.received_at)
    judgement = case.judgement
    if case.mail.verdict is Verdict.HUMAN:
        judgement = heed_earlier(
            case.session,
            case.house,
            report_of(case.mail),
            judgement,
            customer_id=customer_id,
            contact_id=case.contact.id if case.contact else None,
            now=case.now,
        )
    return Opening(
        channel=Channel.EMAIL,
        subject=case.mail.subject or NO_SUBJECT,
        judgement=judgement,
        received_at=case.received_at,
        language=_language(case, terms),
        time_zone=_time_zone(case, terms),
        mailbox=case.row.mailbox,
        contact=case.contact,
        flags=flags,
        terms=terms,
    )


def _language(case: Case, terms: Terms) -> str:
    """Return the language we write in: the person's, this mail's, the agreement's, ours."""
    candidates = (
        case.contact.language if case.contact else None,
        case.mail.language_hint,
        terms.agreement.language if terms.agreement else None,
        case.customer.language if case.customer else None,
    )
    return next(
        (one for one in candidates if one in WRITTEN), case.house.settings.desk.language.value
    )


def _time_zone(case: Case, terms: Terms) -> str:
    agreed = terms.agreement.time_zone if terms.agreement else None
    zone = agreed or (case.customer.time_zone if case.customer else None)
    return zone or case.house.settings.desk.time_zone


def entry_of(case: Case) -> Entry:
    """Return the message as it is kept on the ticket."""
    mail = case.mail
    files = [
        StoredAttachment(
            name=file.name,
            declared_type=file.declared_type,
            sniffed_type=file.sniffed_type,
            data=file.data,
            content_id=file.content_id,
            inline=file.inline,
        )
        for file in mail.attachments
    ]
    if mail.problems or case.row.truncated or needs_original(seals_of(mail)):
        files.append(
            StoredAttachment(
                name="original.eml",
                declared_type="message/rfc822",
                sniffed_type="message/rfc822",
                data=case.raw,
            )
        )
    return Entry(
        at=case.received_at,
        author=mail.from_name or mail.from_address or "",
        text=mail.text,
        subject=mail.subject,
        html=mail.html,
        reply_text=mail.reply_text if mail.reply_text != mail.text else None,
        from_address=mail.from_address or "",
        to=mail.to,
        cc=mail.cc,
        verdict=mail.verdict.value,
        verdict_reason="only thanks" if _says_only_thanks(case) else mail.verdict_reason,
        message_id=mail.message_id,
        mentions=parents_of(mail),
        problems=mail.problems,
        attachments=files,
        inbound_id=case.row.id,
    )
