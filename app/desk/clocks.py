"""The clocks of a ticket: rows that a fold over its log keeps up to date.

The log is the truth and the rows are what the engine polls. Whatever happens to a ticket is
recorded first; then ``refold`` reads the whole log and writes down what follows from it, so a
severity that is changed late, or an event whose time is corrected, gives the same deadlines as if
it had been known from the start.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from app.desk.events import DESK, record
from app.desk.house import House
from app.kit.db import wake_after_commit
from app.kit.wake import Topic
from app.models import Clock, Event, Status, Ticket, TicketEvent
from app.models.base import Id
from app.sla.clock import ClockEvent, ClockState, fold
from app.sla.counting import counter_of
from app.sla.ladder import DeskTiming, Fired, RunSoFar, RunState, first_alarm
from app.sla.policy import Policy
from app.sla.terms import ClockEventKind, ClockKind, ClockStatus, Counting, Exclusion, Severity
from app.store import clocks as store
from app.store import tickets

# Why the clocks of a solved ticket stand still, where nobody said more.
SOLVED = "solved"

# What an event of the log does to the ticket's clocks: to one of them, or (None) to all.
EFFECTS: dict[str, tuple[tuple[ClockEventKind, ClockKind | None], ...]] = {
    # The receipt starts whatever the policy promises for the severity.
    Event.OPENED: ((ClockEventKind.STARTED, None),),
    # The first human answer; an automatic acknowledgement records another event.
    Event.REPLIED: (
        (ClockEventKind.MET, ClockKind.FIRST_RESPONSE),
        (ClockEventKind.UPDATED, None),
    ),
    # The first answer may be given by telephone.
    Event.SPOKEN: (
        (ClockEventKind.MET, ClockKind.FIRST_RESPONSE),
        (ClockEventKind.UPDATED, None),
    ),
    Event.WORK_STARTED: ((ClockEventKind.MET, ClockKind.WORK_STARTED),),
    Event.WAITING: ((ClockEventKind.PAUSED, None),),
    Event.RESUMED: ((ClockEventKind.RESUMED, None),),
    Event.SEVERITY_SET: ((ClockEventKind.RETARGETED, None),),
    # What is still owed stands still while a ticket is solved, and is owed again when it is
    # opened anew: the time between does not count against anybody.
    Event.SOLVED: ((ClockEventKind.MET, ClockKind.RESOLVE), (ClockEventKind.PAUSED, None)),
    Event.REOPENED: (
        (ClockEventKind.REINSTATED, ClockKind.RESOLVE),
        (ClockEventKind.RESUMED, None),
    ),
    # What is owed is owed on the ticket that it was merged into; undone, it never stood still.
    Event.MERGED: ((ClockEventKind.PAUSED, None),),
    # One exclusion is tied together by its id, so that several may overlap.
    Event.EXCLUDED: ((ClockEventKind.EXCLUDED, None),),
    Event.INCLUDED: ((ClockEventKind.INCLUDED, None),),
    Event.EXCLUSION_WITHDRAWN: ((ClockEventKind.WITHDRAWN, None),),
    # A policy of another version, put in force for an open ticket by a lead.
    Event.POLICY_MOVED: ((ClockEventKind.RETARGETED, None),),
    Event.CUSTOMER_SET: ((ClockEventKind.RETARGETED, None),),
    # Its data name the clock.
    Event.BREACHED: ((ClockEventKind.BREACHED, None),),
}


def start(session: Session, house: House, ticket: Ticket) -> list[Clock]:
    """Start the clocks that the policy promises for a ticket that was just opened."""
    policy = house.policy_of(session, ticket.policy_id)
    ladder = house.ladder_of(session, ticket.ladder_id)
    key = str(ticket.policy_id)
    opened = ClockEvent(
        at=ticket.received_at,
        seq=0,
        kind=ClockEventKind.STARTED,
        severity=ticket.severity,
        policy=key,
    )
    started = []
    for kind in _promised(policy, ticket.severity):
        state = fold(kind, (opened,), {key: policy})
        clock = _new_clock(ticket, state)
        clock.next_alarm_at = first_alarm(ladder, run_of_clock(ticket, clock, policy))
        session.add(clock)
        started.append(clock)
    _note_what_is_due(ticket, started)
    wake_after_commit(session, Topic.CLOCKS)
    return started


def refold(session: Session, house: House, ticket: Ticket, *, now: datetime) -> list[Clock]:
    """Read the ticket's log again and bring its clocks in line with it."""
    session.flush()
    rows = {clock.kind: clock for clock in store.of_ticket(session, ticket.id)}
    for kind, state in folded(session, house, ticket).items():
        clock = rows.get(kind)
        if clock is None and state.promise is not None:
            clock = rows[kind] = _new_clock(ticket, state)
            session.add(clock)
        if clock is not None:
            _bring_in_line(clock, ticket, state, now=now)
    _note_what_is_due(ticket, rows.values())
    wake_after_commit(session, Topic.CLOCKS)
    return list(rows.values())


def _note_what_is_due(ticket: Ticket, rows: Iterable[Clock]) -> None:
    """Keep on the ticket when the first of its running promises runs out: the queue's order."""
    ends = [row.limit_at or row.target_at for row in rows if row.status is ClockStatus.RUNNING]
    ticket.next_due_at = min((end for end in ends if end is not None), default=None)


def look_again(session: Session, ticket: Ticket, *, now: datetime) -> None:
    """Let the engine look at the ticket's running clocks: whom the ladder may page has changed."""
    for clock in store.of_ticket(session, ticket.id):
        if clock.status is ClockStatus.RUNNING:
            clock.next_alarm_at = now
    wake_after_commit(session, Topic.CLOCKS)


def rows(session: Session, ticket: Ticket) -> list[Clock]:
    """Return the ticket's clocks as the engine sees them."""
    return list(store.of_ticket(session, ticket.id))


def folded(session: Session, house: House, ticket: Ticket) -> dict[ClockKind, ClockState]:
    """Return where each of the ticket's clocks stands by its log alone, read from nothing."""
    events = clock_events(tickets.events(session, ticket.id))
    named = {str(ticket.policy_id), *(event.policy for event in events if event.policy)}
    policies = {key: house.policy_of(session, Id(key)) for key in named}
    return {kind: fold(kind, events, policies) for kind in ClockKind}


def clock_events(log: Iterable[TicketEvent]) -> list[ClockEvent]:
    """Return what the ticket's log says to its clocks."""
    rows = list(log)
    # A correction moves when an earlier event took effect; of several the latest one counts.
    moved = {
        row.data["event"]: datetime.fromisoformat(str(row.data["to"]))
        for row in rows
        if row.kind == Event.CORRECTED
    }
    return [
        _clock_event(row, moved.get(row.seq, row.at), kind, clock)
        for row in rows
        for kind, clock in EFFECTS.get(row.kind, ())
    ]


def _clock_event(
    row: TicketEvent, at: datetime, kind: ClockEventKind, clock: ClockKind | None
) -> ClockEvent:
    data = row.data
    named = data.get("clock")
    severity = data.get("severity") if kind in _MAKES_A_PROMISE else None
    policy = data.get("policy") if kind in _MAKES_A_PROMISE else None
    return ClockEvent(
        at=at,
        seq=row.seq or 0,
        kind=kind,
        clock=ClockKind(str(named)) if clock is None and named else clock,
        severity=Severity(str(severity)) if severity else None,
        policy=str(policy) if policy else None,
        # A solved ticket's clocks stand still without anybody having to say why.
        reason=str(data.get("reason") or (SOLVED if row.kind == Event.SOLVED else "")),
        actor=row.actor,
        ref=str(data.get("exclusion", "")),
        because=Exclusion(str(data["because"])) if data.get("because") else None,
    )


_ENDED = frozenset({ClockStatus.MET, ClockStatus.CANCELLED})
_MAKES_A_PROMISE = frozenset(
    {ClockEventKind.STARTED, ClockEventKind.RETARGETED, ClockEventKind.BREACHED}
)


def record_breach(session: Session, ticket: Ticket, clock: Clock, *, now: datetime) -> None:
    """Write down that a limit was passed unmet; done once, and never undone.

    A promise is not broken before it was made: one that was made late breaks when it was made.
    """
    if clock.breached_at is not None or clock.limit_at is None:
        return
    clock.breached_at = max(clock.limit_at, clock.begun_at or clock.started_at)
    record(
        session,
        ticket,
        Event.BREACHED,
        at=clock.breached_at,
        now=now,
        actor=DESK,
        clock=clock.kind.value,
        limit_at=clock.limit_at.isoformat(),
        severity=ticket.severity.value,
        policy=str(ticket.policy_id),
    )


def run_of_clock(
    ticket: Ticket, clock: Clock, policy: Policy, *, fired: tuple[Fired, ...] = ()
) -> RunSoFar:
    """Return the run of a clock's ladder, as the pure decisions want it."""
    promise = policy.target(ticket.severity, clock.kind)
    # What was given back before this clock began is nothing to its ladder.
    back = ticket.handed_back_at
    timing = DeskTiming(
        hours=policy.calendar(promise),
        started_at=clock.started_at,
        target_at=clock.target_at,
        limit_at=clock.limit_at,
        counts_hours=promise is not None and promise.counting is Counting.BUSINESS_HOURS,
        paused_s=clock.paused_s,
    )
    return RunSoFar(
        kind=clock.kind,
        severity=ticket.severity,
        started_at=clock.started_at,
        target_at=clock.target_at,
        limit_at=clock.limit_at,
        taken_at=ticket.taken_at,
        fired=fired,
        state=RunState(clock.status.value),
        begun_at=clock.begun_at,
        snoozed_until=ticket.snoozed_until,
        handed_back_at=back if back and back >= (clock.begun_at or clock.started_at) else None,
        hand_backs=ticket.hand_backs,
        timing=timing,
    )


def _promised(policy: Policy, severity: Severity) -> list[ClockKind]:
    return [kind for kind in ClockKind if policy.target(severity, kind) is not None]


def _new_clock(ticket: Ticket, state: ClockState) -> Clock:
    assert state.started_at is not None  # noqa: S101 - the first event of every log starts it
    return Clock(
        ticket_id=ticket.id,
        kind=state.kind,
        status=state.state,
        started_at=state.started_at,
        target_at=state.target_at,
        limit_at=state.limit_at,
        urgency=ticket.severity.rank,
    )


def _bring_in_line(clock: Clock, ticket: Ticket, state: ClockState, *, now: datetime) -> None:
    before = clock.status
    started_at = state.started_at or clock.started_at
    if started_at > clock.started_at and clock.kind is ClockKind.NEXT_UPDATE:
        # A word to the customer: the next round has a ladder of its own.
        clock.run += 1
        clock.begun_at = None
    clock.status = _status(ticket, state)
    clock.urgency = ticket.severity.rank
    clock.started_at = started_at
    running = clock.status is ClockStatus.RUNNING
    clock.target_at = state.target_at if running or state.met_at else None
    clock.limit_at = state.limit_at if running or state.met_at else None
    clock.met_at = state.met_at
    # What was written down of a breach is in the log, and the fold keeps it.
    clock.breached_at = state.breached_at
    clock.paused_s = paused_s(state, now=now)
    if state.promised_at is not None and state.promised_at > clock.started_at:
        clock.begun_at = max(state.promised_at, clock.begun_at or state.promised_at)
    if running and before in {ClockStatus.CANCELLED, ClockStatus.PENDING, ClockStatus.MET}:
        # Opened anew: its ladder is climbed from the beginning.
        clock.run += 1
        clock.begun_at = now
    # The engine looks at a running clock at once and sets its alarm by what its run has done; at
    # one that has just ended, it records the steps that nobody needed.
    just_ended = clock.status in _ENDED and before not in _ENDED
    clock.next_alarm_at = now if running or just_ended else None


def _status(ticket: Ticket, state: ClockState) -> ClockStatus:
    if state.promise is None:
        return ClockStatus.PENDING
    over = ticket.status in {Status.SOLVED, Status.CLOSED}
    if over and state.state in {ClockStatus.PAUSED, ClockStatus.RUNNING}:
        return ClockStatus.CANCELLED
    return state.state


def paused_s(state: ClockState, *, now: datetime) -> int:
    """Return how long the clock stands still on its way to the target, as it counts time.

    That is every standstill that has begun, and those to come that the target waits for: work
    that is announced for later must not hold up the warnings of today.
    """
    if state.promise is None or state.calendar is None or not state.windows:
        return 0
    assert state.started_at is not None  # noqa: S101 - it has run
    counter = counter_of(state.promise, state.calendar)
    until = max(now, state.target_at or now)
    ends = (state.started_at, *(window.end for window in state.windows))
    starts = (window.start for window in state.windows)
    return sum(
        counter.seconds(stopped, went_on)
        for stopped, went_on in zip(ends, starts, strict=False)
        if stopped is not None and stopped < min(went_on, until)
    )
