"""What staff do with a ticket: start, wait, resume, set its severity, hand it on, solve it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.config import ToldOf
from app.desk import clocks
from app.desk.changes import tell_change
from app.desk.events import audit, record
from app.desk.house import House
from app.desk.tickets import add_message, take_up
from app.kit.errors import BadInput, Conflict
from app.models import OPEN, Agent, Event, MessageKind, Status, Ticket
from app.models.base import Id
from app.sla.terms import Severity
from app.store import tickets


@dataclass(frozen=True, slots=True)
class By:
    """Who does it, and when: what every verb of staff is told."""

    agent: Agent
    now: datetime

    @property
    def actor(self) -> str:
        """Return the actor as the log keeps it."""
        return f"agent:{self.agent.id}"


def start_work(session: Session, house: House, ticket: Ticket, by: By) -> None:
    """Say that work has begun, which meets the second clock; the ticket is theirs if nobody's.

    Saying it again changes nothing: the first time counts, and the customer is told once.
    """
    check_open(ticket, "start work on")
    begun = tickets.has_event(session, ticket.id, Event.WORK_STARTED)
    if ticket.assignee_id is None:
        assign(session, ticket, by, to=by.agent)
    record(session, ticket, Event.WORK_STARTED, at=by.now, now=by.now, actor=by.actor)
    clocks.refold(session, house, ticket, now=by.now)
    audit(session, ticket, "ticket.work_started", now=by.now, actor=by.actor)
    if not begun:
        tell_change(session, house, ticket, ToldOf.WORK_STARTED, now=by.now)


def assign(session: Session, ticket: Ticket, by: By, *, to: Agent | None) -> None:
    """Hand the ticket to an agent, or to nobody."""
    if to is not None and not to.active:
        raise BadInput(f"{to.name} no longer works here", field="agent_id")
    before = ticket.assignee_id
    ticket.assignee_id = to.id if to else None
    record(
        session,
        ticket,
        Event.ASSIGNED,
        at=by.now,
        now=by.now,
        actor=by.actor,
        agent=str(to.id) if to else None,
    )
    audit(
        session,
        ticket,
        "ticket.assigned",
        now=by.now,
        actor=by.actor,
        before={"assignee_id": str(before) if before else None},
        after={"assignee_id": str(to.id) if to else None},
    )


def set_severity(
    session: Session,
    house: House,
    ticket: Ticket,
    by: By,
    *,
    severity: Severity,
    reason: str,
    undoes: int | None = None,
) -> None:
    """Set the severity, saying why; the clocks are recomputed from the same start.

    ``undoes`` is the log's entry that this one takes back; None for a judgement of its own.
    """
    if not reason.strip():
        raise BadInput("say why the severity is changed", field="reason")
    if severity is ticket.severity and not ticket.confirm_severity and undoes is None:
        raise BadInput(f"the severity is {severity.value} already", field="severity")
    what = _NewSeverity(severity, reason.strip(), by.now, by.actor, undoes)
    _put_severity(session, house, ticket, what)


def raise_severity(
    session: Session,
    house: House,
    ticket: Ticket,
    *,
    severity: Severity,
    reason: str,
    now: datetime,
    actor: str,
) -> bool:
    """Make a ticket worse than it was thought to be; False where it is as bad already."""
    if severity.rank >= ticket.severity.rank:
        return False
    _put_severity(session, house, ticket, _NewSeverity(severity, reason, now, actor))
    return True


@dataclass(frozen=True, slots=True)
class _NewSeverity:
    """A severity, and who says so, why and when."""

    severity: Severity
    reason: str
    now: datetime
    actor: str
    undoes: int | None = None


def _put_severity(session: Session, house: House, ticket: Ticket, what: _NewSeverity) -> None:
    before = ticket.severity
    ticket.severity = what.severity
    ticket.severity_confidence = 1.0
    ticket.severity_reasons = [what.reason]
    ticket.confirm_severity = False
    record(
        session,
        ticket,
        Event.SEVERITY_SET,
        at=what.now,
        now=what.now,
        actor=what.actor,
        severity=what.severity.value,
        before=before.value,
        reason=what.reason,
        **({} if what.undoes is None else {"undoes": what.undoes}),
    )
    clocks.refold(session, house, ticket, now=what.now)
    audit(
        session,
        ticket,
        "ticket.severity_set",
        now=what.now,
        actor=what.actor,
        before={"severity": before.value},
        after={"severity": what.severity.value, "reason": what.reason},
    )
    if what.severity is not before:
        told = ToldOf.SEVERITY
        tell_change(session, house, ticket, told, now=what.now, severity=what.severity)


def undo_severity(session: Session, house: House, ticket: Ticket, by: By, *, reason: str) -> None:
    """Take the last setting of the severity back that was not taken back yet."""
    standing = tickets.standing_severities(session, ticket.id)
    if not standing:
        raise Conflict(f"nobody has set the severity of ticket {ticket.number}")
    last = standing[-1]
    set_severity(
        session,
        house,
        ticket,
        by,
        severity=Severity(str(last.data["before"])),
        reason=reason,
        undoes=last.seq,
    )


def wait_for_customer(
    session: Session, house: House, ticket: Ticket, by: By, *, reason: str
) -> None:
    """Stop the clocks until the customer has answered."""
    if ticket.status is not Status.OPEN:
        raise Conflict(f"ticket {ticket.number} is {ticket.status.value}, not open")
    if not reason.strip():
        raise BadInput("say what the customer is asked for", field="reason")
    _move(session, house, ticket, by, to=Status.WAITING, event=Event.WAITING, reason=reason.strip())
    tell_change(session, house, ticket, ToldOf.WAITING, now=by.now, note=reason.strip())


def resume(session: Session, house: House, ticket: Ticket, by: By, *, reason: str = "") -> None:
    """Let the clocks run on."""
    if ticket.status is not Status.WAITING:
        raise Conflict(f"ticket {ticket.number} is {ticket.status.value}, not waiting")
    _move(session, house, ticket, by, to=Status.OPEN, event=Event.RESUMED, reason=reason.strip())


def solve(session: Session, house: House, ticket: Ticket, by: By, *, reason: str = "") -> None:
    """Say that the fault is mended or the question answered; its clocks end."""
    check_open(ticket, "solve")
    ticket.solved_at = by.now
    _move(session, house, ticket, by, to=Status.SOLVED, event=Event.SOLVED, reason=reason.strip())
    tell_change(session, house, ticket, ToldOf.SOLVED, now=by.now)


def reopen(session: Session, house: House, ticket: Ticket, by: By) -> None:
    """Take a solved ticket up again: what is still owed is owed again."""
    check_not_merged(ticket)
    if ticket.status in OPEN:
        raise Conflict(f"ticket {ticket.number} is {ticket.status.value}, not solved")
    take_up(session, house, ticket, at=by.now, now=by.now, actor=by.actor)
    tell_change(session, house, ticket, ToldOf.REOPENED, now=by.now)


def note(session: Session, ticket: Ticket, by: By, *, text: str, mentions: Sequence[Id] = ()) -> Id:
    """Write something down for staff; it never leaves the house.

    ``mentions`` are the agents that it is for; ``app.desk.mentions`` tells them.
    """
    if not text.strip():
        raise BadInput("the note is empty", field="text")
    message = add_message(
        session, ticket, kind=MessageKind.NOTE, at=by.now, author=by.agent.name, text=text
    )
    record(
        session,
        ticket,
        Event.NOTED,
        at=by.now,
        now=by.now,
        actor=by.actor,
        message=str(message),
        **({"mentions": [str(one) for one in mentions]} if mentions else {}),
    )
    audit(session, ticket, "ticket.noted", now=by.now, actor=by.actor)
    return message


def _move(
    session: Session, house: House, ticket: Ticket, by: By, *, to: Status, event: Event, reason: str
) -> None:
    before = ticket.status
    ticket.status = to
    record(session, ticket, event, at=by.now, now=by.now, actor=by.actor, reason=reason)
    clocks.refold(session, house, ticket, now=by.now)
    audit(
        session,
        ticket,
        f"ticket.{event.value}",
        now=by.now,
        actor=by.actor,
        before={"status": before.value},
        after={"status": to.value, "reason": reason},
    )


def check_not_merged(ticket: Ticket) -> None:
    """Refuse a ticket that has become a part of another one."""
    if ticket.merged_into_id is not None:
        raise Conflict(
            f"ticket {ticket.number} is a part of another one",
            remedy="Work on that one, or undo the merge.",
        )


def check_open(ticket: Ticket, verb: str) -> None:
    """Refuse a ticket that is solved, closed or a part of another one."""
    check_not_merged(ticket)
    if ticket.status not in OPEN:
        raise Conflict(
            f"you cannot {verb} ticket {ticket.number}: it is {ticket.status.value}",
            remedy="Reopen it first.",
        )
