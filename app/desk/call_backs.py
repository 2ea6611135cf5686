"""Tasks to call somebody back: made for whoever reached nobody, done by a call or by hand."""

from datetime import datetime

from sqlmodel import Session

from app.desk.events import DESK, audit, record
from app.desk.work import By
from app.kit.errors import Conflict
from app.models import Call, CallBack, CallOutcome, Direction, Event, Ticket
from app.store import calls

# Whoever phoned and did not speak with anybody is called back.
UNHEARD = frozenset(CallOutcome) - {CallOutcome.ANSWERED}


def settle(session: Session, ticket: Ticket, call: Call, *, now: datetime) -> None:
    """Bring the tasks in line with what is known of a call.

    1. A customer's call that reached nobody makes a task; a hidden number cannot be called back.
    2. One that turns out to be answered takes its task back.
    3. A call of ours that the customer answered does all of the ticket's tasks.
    """
    answered = call.outcome is CallOutcome.ANSWERED
    if call.direction is Direction.OUTBOUND:
        for owed, _ticket in calls.call_backs(session, ticket_id=ticket.id) if answered else ():
            _done(session, ticket, owed, now=now, actor=_actor(call), by_call=call)
        return
    task = calls.call_back_of(session, call.id)
    if answered and task is not None and task.done_at is None:
        _done(session, ticket, task, now=now, actor=DESK, by_call=call)
    elif task is None and call.outcome in UNHEARD:
        _ask(session, ticket, call, now=now)


def tick_off(session: Session, ticket: Ticket, task: CallBack, by: By) -> None:
    """Say that somebody was called back, or need not be; Conflict when that was said already."""
    if task.done_at is not None:
        raise Conflict("the customer was called back already")
    task.done_by_id = by.agent.id
    _done(session, ticket, task, now=by.now, actor=by.actor)
    audit(session, ticket, "ticket.called_back", now=by.now, actor=by.actor)


def _ask(session: Session, ticket: Ticket, call: Call, *, now: datetime) -> None:
    assert call.outcome is not None  # noqa: S101 - it is one of UNHEARD
    _flag(ticket, add=f"{call.outcome.value}_call")
    if not call.from_number.startswith("+"):
        _flag(ticket, add="hidden_number")
        return
    _flag(ticket, add="call_back")
    session.add(
        CallBack(call_id=call.id, ticket_id=ticket.id, number=call.from_number, made_at=now)
    )
    session.flush()
    record(
        session,
        ticket,
        Event.CALL_BACK_DUE,
        at=call.ended_at or call.started_at,
        now=now,
        actor=DESK,
        call=str(call.id),
        number=call.from_number,
        outcome=call.outcome.value,
    )


def _done(
    session: Session,
    ticket: Ticket,
    task: CallBack,
    *,
    now: datetime,
    actor: str,
    by_call: Call | None = None,
) -> None:
    task.done_at = now
    if by_call is not None:
        task.done_call_id = by_call.id
        task.done_by_id = by_call.agent_id
    session.flush()
    if not calls.call_backs(session, ticket_id=ticket.id):
        ticket.flags = [one for one in ticket.flags if one not in _FLAGS]
    record(
        session,
        ticket,
        Event.CALLED_BACK,
        at=now,
        now=now,
        actor=actor,
        call=str(task.call_id),
        by_call=str(by_call.id) if by_call else None,
    )


_FLAGS = frozenset({"call_back", *(f"{one.value}_call" for one in UNHEARD)})


def _flag(ticket: Ticket, *, add: str) -> None:
    ticket.flags = list(dict.fromkeys([*ticket.flags, add]))


def _actor(call: Call) -> str:
    return f"agent:{call.agent_id}" if call.agent_id else DESK
