"""Runs a year of tickets through a ladder in memory, with the same decisions as the engine.

For people who write a ladder: how often is a promise broken, who is paged, and in how many nights.
It is a model. Tickets come at random, more of them in working hours; people at the desk take them
from the queue; a page is answered with some likelihood after some time. Each of these is in the
scenario. No message fails here, nobody hands a ticket back, and each page counts by itself, though
the engine sends one message for what falls due for one person at one moment. The same seed gives
the same year.
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from app.sla.clock import ClockEvent, ClockState, fold
from app.sla.hours import Calendar
from app.sla.ladder import DeskTiming, Ladder, PageChannel, Receiver, ReceiverKind, RunState
from app.sla.policy import Policy
from app.sla.terms import ClockEventKind, ClockKind, Counting, Severity
from escalation.contact import Profile, reach
from escalation.ladder import (
    Decision,
    Fired,
    Method,
    Page,
    Reach,
    RunSoFar,
    decide,
    first_alarm,
    is_program,
)
from escalation.oncall import Rota
from escalation.outcome import Outcome, night_of
from escalation.scenario import Colleague, Scenario

# How widely times are spread about their median: two thirds lie within a factor of 2.2.
_SPREAD = 0.8
_QUIET_CHANNELS = frozenset({PageChannel.MAIL, PageChannel.CHAT, PageChannel.WEBHOOK})
CATCH_ALL = "catch-all"


@dataclass(slots=True, eq=False)
class _Ticket:
    """One ticket and the runs of its clocks."""

    severity: Severity
    arrived_at: datetime
    # From 1 in the order of arrival.
    number: int
    runs: dict[ClockKind, RunSoFar] = field(default_factory=dict)
    taken_by: str | None = None


# What happens, and to what; the number in the middle keeps equal times in order.
_Moment = tuple[datetime, int, str, _Ticket, object]


def simulate(scenario: Scenario, ladder: Ladder, policy: Policy, *, seed: int) -> Outcome:
    """Return what a desk lives through; tickets come for ``scenario.days``, then it runs out."""
    return _Year(scenario, ladder, policy, seed).run()


class _Year:
    """The moments to come, in order, and what has been counted."""

    def __init__(self, scenario: Scenario, ladder: Ladder, policy: Policy, seed: int) -> None:
        self.scenario = scenario
        self.ladder = ladder
        self.policy = policy
        self.random = Random(seed)  # noqa: S311 - a model's dice, not a secret
        self.tz = ZoneInfo(scenario.tz)
        self.calendar = policy.calendar()
        self.staff = {one.name: one for one in scenario.staff}
        self.desk = [one.name for one in scenario.staff if one.at_desk]
        self.profiles = {one.name: one.profile(self.tz) for one in scenario.staff}
        self.rota = Rota({schedule.name: schedule for schedule in scenario.schedules})
        # Until when each is busy, with anything and with what is critical.
        self.busy_until = dict.fromkeys(self.staff, scenario.starts)
        self.critical_until: dict[str, datetime] = {}
        self.heap: list[_Moment] = []
        self.count = 0
        self.outcome = Outcome(days=scenario.days, staff=tuple(self.staff))

    def run(self) -> Outcome:
        """Draw the tickets, and let everything happen in its order."""
        self._arrivals()
        steps = {
            "arrives": self._arrive,
            "alarm": self._alarm,
            "answers": self._answer,
            "noticed": self._notice,
            "responds": self._respond,
        }
        while self.heap:
            now, _, what, ticket, detail = heapq.heappop(self.heap)
            steps[what](now, ticket, detail)
        return self.outcome

    def _at(self, at: datetime, what: str, ticket: _Ticket, detail: object = None) -> None:
        self.count += 1
        heapq.heappush(self.heap, (at, self.count, what, ticket, detail))

    def _arrivals(self) -> None:
        """Draw arrivals at the busiest rate, and keep each with its hour's busyness."""
        hours = (self.scenario.starts + timedelta(hours=n) for n in range(24 * 7))
        mean = sum(self.scenario.busyness(at.astimezone(self.tz)) for at in hours) / (24 * 7)
        busiest_per_s = self.scenario.tickets_per_day / mean / 86_400
        kinds = list(self.scenario.severities)
        shares = [self.scenario.severities[kind] for kind in kinds]
        end = self.scenario.starts + timedelta(days=self.scenario.days)
        at = self.scenario.starts
        number = 0
        while True:
            at += timedelta(seconds=round(self.random.expovariate(busiest_per_s)))
            if at >= end:
                return
            if self.random.random() < self.scenario.busyness(at.astimezone(self.tz)):
                severity = self.random.choices(kinds, shares)[0]
                number += 1
                self._at(at, "arrives", _Ticket(severity, at, number))

    def _arrive(self, now: datetime, ticket: _Ticket, _: object) -> None:
        for kind in (ClockKind.FIRST_RESPONSE, ClockKind.WORK_STARTED):
            if self.policy.target(ticket.severity, kind) is None:
                continue
            run = run_at_receipt(self.policy, ticket.severity, kind, now)
            ticket.runs[kind] = run
            self._arm(ticket, kind, first_alarm(self.ladder, run))
        self.outcome.open(ticket.severity)
        if self.desk:
            seen = self.calendar.add(now, self._draw(self.scenario.noticed_s))
            self._at(seen, "noticed", ticket)

    def _arm(self, ticket: _Ticket, kind: ClockKind, at: datetime | None) -> None:
        if at is not None:
            self._at(max(at, ticket.arrived_at), "alarm", ticket, (kind, at))

    def _alarm(self, now: datetime, ticket: _Ticket, detail: object) -> None:
        assert isinstance(detail, tuple)  # noqa: S101 - only ``_arm`` puts alarms in
        kind, at = detail
        run = ticket.runs[kind]
        # Taking a ticket moves its alarm; the one set before is void.
        if run.state is not RunState.RUNNING or first_alarm(self.ladder, run) != at:
            return
        decision = decide(self.ladder, run, now, _Directory(self, ticket))
        ticket.runs[kind] = written_down(run, decision, now)
        self.outcome.decided(decision)
        for page in decision.pages:
            self._page(now, ticket, page)
        self._arm(ticket, kind, decision.next_alarm_at)

    def _page(self, now: datetime, ticket: _Ticket, page: Page) -> None:
        """Count a page, and draw whether and when it is answered; a program answers nothing."""
        if is_program(page.person):
            return
        night = night_of(now, self.tz)
        loud = not _QUIET_CHANNELS.issuperset(page.channels)
        self.outcome.page(page.person, night if loud else None)
        person = self.staff.get(page.person)
        if person is None:
            # The catch-all answers like somebody who is always awake.
            self._at(now + self._time(self.scenario.answered_s), "answers", ticket, CATCH_ALL)
            return
        if self.random.random() >= (person.wakes if night and loud else person.answers):
            return
        if loud:
            at = now + self._time(self.scenario.answered_s)
        else:
            at = self.calendar.add(now, self._draw(self.scenario.mail_answered_s))
        self._at(at, "answers", ticket, person.name)

    def _notice(self, now: datetime, ticket: _Ticket, _: object) -> None:
        """Whoever at the desk is free first takes it from the queue."""
        self._answer(now, ticket, min(self.desk, key=lambda name: self.busy_until[name]))

    def _answer(self, now: datetime, ticket: _Ticket, person: object) -> None:
        if ticket.taken_by is not None:
            return
        ticket.taken_by = str(person)
        self.outcome.take(ticket.severity, now - ticket.arrived_at)
        for kind, run in ticket.runs.items():
            if run.state is RunState.RUNNING:
                ticket.runs[kind] = replace(run, taken_at=now)
                self._arm(ticket, kind, first_alarm(self.ladder, ticket.runs[kind]))
        begins = self._begins(now, ticket)
        self._at(begins + self._time(self.scenario.first_answer_s), "responds", ticket)

    def _begins(self, now: datetime, ticket: _Ticket) -> datetime:
        """Return when whoever has taken it begins, and keep them busy from then.

        A critical ticket waits for nothing but another one; any other waits for the desk to open
        and for all that was taken before it.
        """
        person = ticket.taken_by or CATCH_ALL
        critical = ticket.severity is Severity.CRITICAL
        begins = max(now, self.critical_until.get(person, now))
        if not critical:
            begins = max(begins, self.busy_until.get(person, now))
            if not self.calendar.is_open(begins):
                begins = self.calendar.next_opening(begins)
        work = self._time(self.scenario.work_s)
        if critical:
            self.critical_until[person] = begins + work
        # What was begun before a critical ticket came is done that much later.
        self.busy_until[person] = max(self.busy_until.get(person, begins), begins) + work
        return begins

    def _respond(self, now: datetime, ticket: _Ticket, _: object) -> None:
        """The customer has an answer, and the work goes on: both promises are met."""
        for kind, run in ticket.runs.items():
            late = run.limit_at is not None and now > run.limit_at
            self.outcome.meet(ticket.severity, kind, late=late)
            ticket.runs[kind] = replace(run, state=RunState.MET)

    def _draw(self, median_s: int) -> int:
        return max(1, round(self.random.lognormvariate(math.log(median_s), _SPREAD)))

    def _time(self, median_s: int) -> timedelta:
        return timedelta(seconds=self._draw(median_s))


class _Directory:
    """The scenario's staff as the ladder of one ticket asks for them."""

    def __init__(self, year: _Year, ticket: _Ticket) -> None:
        self._year = year
        self._ticket = ticket

    def people(self, receiver: Receiver, at: datetime) -> Sequence[str]:
        """Return the names that a receiver stands for."""
        kind, name, rota = receiver.kind, receiver.name, self._year.rota
        if kind is ReceiverKind.ASSIGNEE:
            return [self._ticket.taken_by] if self._ticket.taken_by else []
        if kind is ReceiverKind.CATCH_ALL:
            return [CATCH_ALL]
        if kind is ReceiverKind.WEBHOOK:
            return [str(receiver)]
        if kind is ReceiverKind.ON_CALL_NEXT or (
            kind is ReceiverKind.ON_CALL and name in rota.schedules
        ):
            return rota.now(name, at) if kind is ReceiverKind.ON_CALL else rota.next(name, at)
        # A desk that has not written the schedule has every agent on call, as in the engine.
        found = [one.name for one in self._year.scenario.staff if _fits(one, kind, name)]
        if kind is ReceiverKind.TEAM and found:
            turn = self._ticket.number % len(found)
            return [*found[turn:], *found[:turn]]
        return found

    def reach(
        self, person: str, how: Sequence[PageChannel], severity: Severity, at: datetime
    ) -> Reach:
        """Return how a person of the staff is reached, or a program, which always is."""
        if is_program(person):
            return Reach((Method(PageChannel.WEBHOOK, person),))
        return reach(self._year.profiles.get(person) or _LAST_RESORT, how, severity, at)


def _fits(one: Colleague, kind: ReceiverKind, name: str) -> bool:
    by_kind = {
        ReceiverKind.ON_CALL: one.is_agent,
        ReceiverKind.ROLE: name in one.roles,
        ReceiverKind.TEAM: bool(name) and one.team == name,
        ReceiverKind.AGENT: one.name == name,
    }
    return by_kind.get(kind, False)


# An address of mail: it is answered, and wakes nobody.
_LAST_RESORT: Profile = Colleague(name=CATCH_ALL, methods=(PageChannel.MAIL,)).profile(
    ZoneInfo("UTC")
)


def run_at_receipt(policy: Policy, severity: Severity, kind: ClockKind, at: datetime) -> RunSoFar:
    """Return the run of a ticket received now; without target and limit if none is promised."""
    opened = ClockEvent(at=at, seq=0, kind=ClockEventKind.STARTED, severity=severity, policy="p")
    return run_of(fold(kind, (opened,), {"p": policy}), policy.calendar())


def run_of(state: ClockState, calendar: Calendar) -> RunSoFar:
    """Return the run of a clock that has just started, in its own calendar's time."""
    started_at = state.started_at or datetime.max.replace(tzinfo=UTC)
    promise = state.promise
    return RunSoFar(
        kind=state.kind,
        severity=state.severity or Severity.REQUEST,
        started_at=started_at,
        target_at=state.target_at,
        limit_at=state.limit_at,
        timing=DeskTiming(
            state.calendar or calendar,
            started_at,
            state.target_at,
            state.limit_at,
            counts_hours=promise is not None and promise.counting is Counting.BUSINESS_HOURS,
        ),
    )


def written_down(run: RunSoFar, decision: Decision, now: datetime) -> RunSoFar:
    """Return the run with the rows that an engine would have written."""
    rows = (
        *(Fired(shot.step, shot.repeat, shot.nominal_at, now) for shot in decision.fired),
        *(
            Fired(skip.step, skip.repeat, skip.nominal_at, now, skip.reason)
            for skip in decision.skipped
        ),
    )
    return replace(run, fired=(*run.fired, *rows))
