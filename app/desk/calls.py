"""A call becomes a ticket, or joins one: the verb that every telephone system's reports end in."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from app.desk import call_backs, call_words, clocks, suspicions
from app.desk.call_receipts import CallReceipt, confirm_call
from app.desk.call_report import CallReport, complete, new_call
from app.desk.callers import Caller, find_caller, meet_caller
from app.desk.events import CUSTOMER, DESK, audit, record
from app.desk.house import House
from app.desk.judging import judge_report
from app.desk.terms import terms_of
from app.desk.tickets import Entry, Opening, add_entry, add_message, open_ticket, take_up
from app.desk.work import raise_severity
from app.kit.db import wake_after_commit
from app.kit.errors import NotFound
from app.kit.phone_numbers import parse_number
from app.kit.wake import Topic
from app.models import (
    OPEN,
    Call,
    CallOutcome,
    Channel,
    Clock,
    Direction,
    Event,
    Message,
    MessageKind,
    Ticket,
)
from app.sla.severity import Judgement, Report
from app.sla.terms import Severity
from app.store import calls, families, people, tickets

# Whoever says that it is something else does not phone about the open fault.
_SOMETHING_ELSE = frozenset({Severity.MINOR, Severity.REQUEST})


@dataclass(frozen=True, slots=True)
class _Case:
    """One report of a call, and all that carrying it out needs."""

    session: Session
    house: House
    report: CallReport
    call: Call
    caller: Caller
    now: datetime
    # What was known before this report.
    outcome_before: CallOutcome | None = None
    said_before: str = ""

    @property
    def said(self) -> str:
        return f"{self.call.note}\n{self.call.transcript}".strip()

    @property
    def comes_in(self) -> bool:
        return self.call.direction is Direction.INBOUND

    def judged(self) -> Judgement:
        """Return how bad it is: as the agent who took the call says, else by what was chosen."""
        if self.report.by_agent and self.report.severity is not None:
            return Judgement(self.report.severity, 1.0, ("chosen by whoever took the call",))
        return judge_call(self.house, self.call, at=self.now)


def record_call(
    session: Session, house: House, report: CallReport, *, now: datetime
) -> tuple[Call, Ticket | None]:
    """Write down what is told of a call, and let a ticket follow from it.

    1. A call that was told of before is completed; the same report again changes nothing.
    2. A call among ourselves is no ticket's (None), and neither is one of ours to somebody who
       has no open ticket.
    3. A customer's call joins their open fault that is still fresh, or opens a ticket; the caller
       is told its number. It raises the severity and never lowers it.
    4. Whoever spoke with a person has had the first answer; whoever did not is called back.
    """
    calls.wait_for_turn(session)
    case = _case_of(session, house, report, now=now)
    call = case.call
    _know_agent(session, call)
    if call.fetch_at is not None:
        wake_after_commit(session, Topic.CALLS)
    if call.direction is Direction.INTERNAL:
        return call, None
    if call.ticket_id is None:
        ticket = _place(case)
    else:
        ticket = tickets.find(session, call.ticket_id, lock=True)
        ticket = ticket and families.survivor(session, ticket, lock=True)
    if ticket is not None:
        _follow(case, ticket)
    return call, ticket


def judge_call(house: House, call: Call, *, at: datetime) -> Judgement:
    """Judge a call by what was chosen and said; what is unclear is serious until triaged.

    Where nobody has chosen and nobody of ours has written anything down, nothing makes it less.
    """
    report = Report(
        channel="phone",
        subject=None,
        text=f"{call.note}\n{call.transcript}".strip(),
        keypad=call.severity,
    )
    judged = judge_report(house, report, at=at)
    if call.severity is not None:
        return judged
    if not call.note and judged.severity.rank > Severity.SERIOUS.rank:
        reasons = ("phoned in, and nothing was chosen", *judged.reasons)
        judged = replace(judged, severity=Severity.SERIOUS, reasons=reasons)
    return replace(judged, confirm=True)


def _case_of(session: Session, house: House, report: CallReport, *, now: datetime) -> _Case:
    region = house.settings.phone.region
    call = calls.find_by_source(session, report.source, report.external_id)
    if call is None:
        call = new_call(report, region=region, now=now)
        session.add(call)
        caller = meet_caller(session, house, call, now=now)
        return _Case(session, house, report, call, caller, now)
    outcome, said = call.outcome, f"{call.note}\n{call.transcript}".strip()
    complete(call, report, region=region, now=now)
    caller = find_caller(session, parse_number(_theirs(call), region))
    return _Case(session, house, report, call, caller, now, outcome, said)


def _know_agent(session: Session, call: Call) -> None:
    """Find out who of ours it was, where the telephone system names them by their address."""
    if call.agent_id is None and "@" in call.agent:
        agent = people.find_agent_by_email(session, call.agent.strip().lower())
        call.agent_id = agent.id if agent else None
    if call.agent_id is not None and (not call.agent or "@" in call.agent):
        known = people.find_agent(session, call.agent_id)
        call.agent = known.name if known else call.agent


def _place(case: _Case) -> Ticket | None:
    """Find the ticket that a call belongs to, or open one; None for a call that needs none."""
    session, house, call, now = case.session, case.house, case.call, case.now
    ticket = _named(case) or _one_to_join(case)
    opened: list[Clock] | None = None
    if ticket is None:
        if not case.comes_in:
            return None
        ticket, opened = _open(case)
    call.ticket_id = ticket.id
    _write_entry(case, ticket)
    record(
        session,
        ticket,
        Event.CALLED,
        at=call.started_at,
        now=now,
        actor=CUSTOMER if case.comes_in else DESK,
        call=str(call.id),
        direction=call.direction.value,
        number=_theirs(call),
    )
    if not case.comes_in:
        return ticket
    if opened is None:
        take_up(session, house, ticket, at=call.started_at, now=now, actor=CUSTOMER)
        audit(session, ticket, "call.joined", now=now, actor=DESK, after={"call": str(call.id)})
        _raise(case, ticket)
    suspicions.look(session, house, ticket, now=now)
    standing = clocks.rows(session, ticket) if opened is None else opened
    receipt = CallReceipt(ticket, call, standing, case.caller, opened=opened is not None)
    confirm_call(session, house, receipt, now=now)
    return ticket


def _named(case: _Case) -> Ticket | None:
    number = case.report.ticket_number
    if number is None:
        return None
    ticket = tickets.find_by_number(case.session, number, lock=True)
    if ticket is None and case.report.by_agent:
        raise NotFound(f"there is no ticket {number}", field="ticket")
    if ticket is None:
        # A telephone system cannot mend it, and its call is not lost for that.
        case.call.problems = [*case.call.problems, f"there is no ticket {number}"]
    return ticket and families.survivor(case.session, ticket, lock=True)


def _one_to_join(case: _Case) -> Ticket | None:
    """Return the ticket that a call is about; None where it is about none.

    1. A call of ours: the one with a task to call that number back, else the customer's newest.
    2. A customer's: their open fault that is fresh, the worst first; a hidden number's is nobody's.
    3. Whoever said that it is something else gets a ticket of their own.
    """
    session, call, number = case.session, case.call, case.caller.number
    if not case.comes_in and number:
        for _task, owed in calls.call_backs(session, number=number):
            return owed
    if case.comes_in and call.severity in _SOMETHING_ELSE:
        return None
    since = call.started_at - timedelta(hours=case.house.settings.phone.join_hours)
    found: list[Ticket] = []
    if call.customer_id or call.contact_id:
        found += calls.open_faults(
            session, since=since, customer_id=call.customer_id, contact_id=call.contact_id
        )
    if number:
        found += [
            one
            for one in calls.newest_from(session, number, since)
            if one.severity is not Severity.REQUEST
        ]
    if not found:
        return None
    worst = min(found, key=lambda one: (one.severity.rank, -one.number))
    return tickets.find(session, worst.id, lock=True)


def _open(case: _Case) -> tuple[Ticket, list[Clock]]:
    house, call, caller = case.house, case.call, case.caller
    terms = terms_of(case.session, house, call.customer_id, call.started_at)
    agreed = terms.agreement.language if terms.agreement else None
    language = caller.language(house.settings, agreed)
    opening = Opening(
        channel=Channel.PHONE,
        subject=call_words.subject(call, caller, language),
        judgement=case.judged(),
        received_at=call.started_at,
        language=language,
        time_zone=caller.time_zone(house.settings, terms),
        contact=caller.contact,
        customer_id=call.customer_id,
        terms=terms,
    )
    return open_ticket(case.session, house, opening, now=case.now)


def _raise(case: _Case, ticket: Ticket) -> None:
    if ticket.status not in OPEN:
        return
    judged = case.judged()
    raised = raise_severity(
        case.session,
        case.house,
        ticket,
        severity=judged.severity,
        reason=f"by telephone: {'; '.join(judged.reasons)}"[:500],
        now=case.now,
        actor=CUSTOMER,
    )
    ticket.confirm_severity = ticket.confirm_severity or (raised and judged.confirm)


def _follow(case: _Case, ticket: Ticket) -> None:
    """Let the ticket follow what this report has added."""
    session, call, now = case.session, case.call, case.now
    session.flush()
    _rewrite_entry(session, ticket, call)
    if case.comes_in and (case.report.severity is not None or case.said != case.said_before):
        _raise(case, ticket)
    answered = CallOutcome.ANSWERED
    if call.outcome is answered and case.outcome_before is not answered:
        record(
            session,
            ticket,
            Event.SPOKEN,
            at=call.answered_at or call.started_at,
            now=now,
            actor=f"agent:{call.agent_id}" if call.agent_id else DESK,
            call=str(call.id),
            agent=call.agent,
        )
        clocks.refold(session, case.house, ticket, now=now)
        audit(session, ticket, "ticket.spoken", now=now, actor=DESK, after={"call": str(call.id)})
    call_backs.settle(session, ticket, call, now=now)


def _write_entry(case: _Case, ticket: Ticket) -> None:
    call, caller = case.call, case.caller
    text = call_words.entry(call, ticket.language)
    who = call_words.number_of(call, "en")
    if case.comes_in:
        person = caller.contact.name if caller.contact else ""
        entry = Entry(at=call.started_at, author=person or caller.name or who, text=text)
        call.message_id = add_entry(case.session, ticket, entry)
        return
    call.message_id = add_message(
        case.session,
        ticket,
        kind=MessageKind.NOTE,
        at=call.started_at,
        author=call.agent or who,
        text=text,
    )


def _rewrite_entry(session: Session, ticket: Ticket, call: Call) -> None:
    """Bring the call's entry up to date: what is known of a call comes in several reports."""
    message = session.get(Message, call.message_id) if call.message_id else None
    if message is not None:
        message.text = call_words.entry(call, ticket.language)


def _theirs(call: Call) -> str:
    return call.from_number if call.direction is Direction.INBOUND else call.to_number
