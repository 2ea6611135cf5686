"""The rows that the engine polls are what the log says, however the log came to be."""

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from app.desk import clocks, exclusions, policies, work
from app.desk.correct import correct_time
from app.desk.exclusions import Claim
from app.desk.house import keep_version
from app.desk.tickets import Opening, open_ticket, take_up
from app.desk.work import By
from app.kit.errors import SvartidError
from app.models import (
    Channel,
    ExclusionStatus,
    PolicyVersion,
    Ticket,
    TicketEvent,
)
from app.models.base import Id
from app.sla.explain import explain
from app.sla.policy import Policy, default_policy
from app.sla.severity import Report, judge
from app.sla.terms import ClockStatus, Exclusion, Severity
from app.store import exclusions as exclusion_store
from app.store import tickets
from tests.harness.world import World

# What follows from the log alone; runs and alarms are the engine's own business.
ROW = ("kind", "status", "started_at", "target_at", "limit_at", "met_at", "breached_at", "paused_s")

Act = tuple[str, int, int]
# Some are named twice: they are the ones that others undo.
ACTS = (
    "end", "correct", "withdraw", "exclude", "exclude_past", "wait", "resume", "work", "severity",
    "solve", "reopen", "move_policy", "exclude", "end", "resume", "breach",
)  # fmt: skip


def lives(acts: Sequence[str]) -> st.SearchStrategy[list[Act]]:
    """Return what may happen to a ticket: an act, how many seconds later, and a choice in it."""
    act = st.tuples(st.sampled_from(acts), st.integers(0, 200_000), st.integers(0, 1_000))
    return st.lists(act, min_size=5, max_size=14)


LIVES = lives(ACTS)
# What names an earlier entry of the log has an order of its own.
ORDERLESS = lives([act for act in ACTS if act not in {"correct", "breach"}])


def other_policy() -> Policy:
    """Return a policy that counts minor faults day and night, and promises a cure and news."""
    document: Any = default_policy().to_dict()
    document["name"] = "other"
    document["targets"]["minor"] = {
        "first_response": {"target": "5h", "limit": "9h", "counting": "every_hour"},
        "work_started": {"target": "1d", "limit": "2d", "counting": "calendar_days"},
        "next_update": {"target": "2h", "limit": "3h", "counting": "business_hours"},
        "resolve": {"target": "20h", "limit": "40h", "counting": "business_hours"},
    }
    return Policy.from_dict(document)


class Life:
    """One ticket in a database that acts are done on, one after another."""

    def __init__(self, world: World, session: Session) -> None:
        self.world, self.session, self.house = world, session, world.house
        self.ticket = self._open()
        self.now = world.now
        self.policies = [world.house.policy_id, self._keep(other_policy())]

    def _open(self) -> Ticket:
        opening = Opening(
            channel=Channel.EMAIL,
            subject="Skjev logo",
            judgement=judge(Report(channel="email", subject="Logo", text="Logoen er skjev.")),
            received_at=self.world.now,
            language="nb",
            time_zone="Europe/Oslo",
        )
        ticket, _ = open_ticket(self.session, self.house, opening, now=self.world.now)
        self.session.flush()
        return ticket

    def _keep(self, policy: Policy) -> Id:
        return keep_version(self.session, PolicyVersion, policy, now=self.world.now).id

    def do(self, act: Act) -> None:
        """Do an act some time later; one that the ticket's state does not allow does nothing."""
        what, later, choice = act
        self.now += timedelta(seconds=later)
        by = By(self.world.lead, self.now)
        try:
            getattr(self, what)(by, choice)
        except SvartidError:
            return

    def wait(self, by: By, choice: int) -> None:
        work.wait_for_customer(self.session, self.house, self.ticket, by, reason="Hvilken side?")

    def resume(self, by: By, choice: int) -> None:
        work.resume(self.session, self.house, self.ticket, by)

    def work(self, by: By, choice: int) -> None:
        work.start_work(self.session, self.house, self.ticket, by)

    def severity(self, by: By, choice: int) -> None:
        severity = tuple(Severity)[choice % 4]
        work.set_severity(self.session, self.house, self.ticket, by, severity=severity, reason="x")

    def exclude(self, by: By, choice: int) -> None:
        self._exclude(by, by.now, None)

    def exclude_past(self, by: By, choice: int) -> None:
        begin = by.now - timedelta(seconds=choice * 100)
        self._exclude(by, begin, begin + timedelta(seconds=1 + choice * 150))

    def _exclude(self, by: By, begin: datetime, end: datetime | None) -> None:
        claim = Claim(Exclusion.FORCE_MAJEURE, begin, "Strømbrudd", "Melding fra netteier", end)
        exclusions.exclude(self.session, self.house, self.ticket, by, claim)

    def end(self, by: By, choice: int) -> None:
        one = self._exclusion(choice)
        exclusions.end(self.session, self.house, self.ticket, one, by, at=by.now)

    def withdraw(self, by: By, choice: int) -> None:
        one = self._exclusion(choice)
        exclusions.withdraw(self.session, self.house, self.ticket, one, by, reason="x")

    def _exclusion(self, choice: int) -> Any:
        self.session.flush()
        found = [
            one
            for one in exclusion_store.of_ticket(self.session, self.ticket.id)
            if one.status is ExclusionStatus.IN_FORCE
        ]
        if not found:
            raise SvartidError("there is none")
        return found[choice % len(found)]

    def solve(self, by: By, choice: int) -> None:
        work.solve(self.session, self.house, self.ticket, by)

    def reopen(self, by: By, choice: int) -> None:
        take_up(self.session, self.house, self.ticket, at=by.now, now=by.now, actor=by.actor)

    def move_policy(self, by: By, choice: int) -> None:
        policies.move_ticket(
            self.session,
            self.house,
            self.ticket,
            by,
            policy_id=self.policies[choice % 2],
            reason="x",
        )

    def correct(self, by: By, choice: int) -> None:
        self.session.flush()
        log = tickets.events(self.session, self.ticket.id)
        entry = log[choice % len(log)]
        at = self.ticket.received_at + (by.now - self.ticket.received_at) * (choice / 1_000)
        correct_time(
            self.session, self.house, self.ticket, by, seq=entry.seq or 0, at=at, reason="x"
        )

    def breach(self, by: By, choice: int) -> None:
        for clock in clocks.rows(self.session, self.ticket):
            running = clock.status is ClockStatus.RUNNING
            if running and clock.limit_at is not None and by.now > clock.limit_at:
                clocks.record_breach(self.session, self.ticket, clock, now=by.now)

    def rows(self) -> list[tuple[object, ...]]:
        """Return what the rows say of each clock; one that is owed nothing may have none."""
        self.session.flush()
        found = [
            tuple(getattr(clock, name) for name in ROW)
            for clock in clocks.rows(self.session, self.ticket)
            if clock.status is not ClockStatus.PENDING
        ]
        return sorted(found, key=str)

    def from_nothing(self) -> list[tuple[object, ...]]:
        """Throw the rows away, fold the log again, and return what they say then."""
        for clock in clocks.rows(self.session, self.ticket):
            self.session.delete(clock)
        self.session.flush()
        clocks.refold(self.session, self.house, self.ticket, now=self.now)
        return self.rows()


FEW = settings(
    max_examples=25,
    deadline=None,
    # Each step of shrinking takes a transaction; a dozen acts can be read as they are.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class Undone(Exception):
    """Raised at the end of a block whose transaction is to be rolled back."""


def live(world: World, acts: Sequence[Act], check: Callable[[Life], None]) -> None:
    """Let a ticket live and look at it; nothing of it is kept."""
    try:
        with world.db.writing() as session:
            life = Life(world, session)
            for act in acts:
                life.do(act)
            check(life)
            raise Undone
    except Undone:
        pass


@FEW
@given(acts=LIVES)
def test_rows_kept_up_to_date_are_those_recomputed_from_nothing_after_every_act(
    world: World, acts: list[Act]
) -> None:
    def same_after_each(life: Life) -> None:
        for act in acts:
            life.do(act)
            kept = life.rows()
            point = life.session.begin_nested()
            assert life.from_nothing() == kept, act
            point.rollback()

    live(world, [], same_after_each)


@FEW
@given(acts=ORDERLESS, seed=st.integers(0, 1_000))
def test_the_order_in_which_the_log_was_written_does_not_matter(
    world: World, acts: list[Act], seed: int
) -> None:
    """Entries of different times are written in another order; those of one second keep theirs."""

    def same(life: Life) -> None:
        first = life.rows()
        log = list(tickets.events(life.session, life.ticket.id))
        by_time: dict[datetime, list[TicketEvent]] = {}
        for row in log:
            by_time.setdefault(row.at.replace(microsecond=0), []).append(row)
        times = sorted(by_time)
        random.Random(seed).shuffle(times)  # noqa: S311 - a shuffle that can be repeated
        values = [
            {name: getattr(row, name) for name in type(row).model_fields if name != "seq"}
            for time in times
            for row in by_time[time]
        ]
        for row in log:
            life.session.delete(row)
        life.session.flush()
        life.session.add_all(TicketEvent(**one) for one in values)
        assert life.from_nothing() == first

    live(world, acts, same)


@FEW
@given(acts=LIVES)
def test_elapsed_time_is_never_negative_and_adds_up_and_what_is_met_is_not_broken(
    world: World, acts: list[Act]
) -> None:
    def holds(life: Life) -> None:
        for state in clocks.folded(life.session, life.house, life.ticket).values():
            told = explain(state, life.now)
            assert told.elapsed_s >= 0
            assert sum(part.seconds for part in told.counted) == told.elapsed_s
            if state.kept and not state.breaches:
                assert not state.is_breached(life.now + timedelta(days=400))

    live(world, acts, holds)


@FEW
@given(acts=LIVES, last=st.integers(0, 9))
def test_a_crash_before_the_commit_leaves_the_rows_and_the_same_act_gives_the_same_again(
    world: World, acts: list[Act], last: int
) -> None:
    before, act = acts[: last % len(acts)], acts[last % len(acts)]
    seen: list[list[tuple[object, ...]]] = []

    def again(life: Life) -> None:
        kept, now, ticket = life.rows(), life.now, life.ticket
        for _ in range(2):
            point = life.session.begin_nested()
            life.now = now
            life.do(act)
            seen.append(life.rows())
            point.rollback()
            life.session.refresh(ticket)
            assert life.rows() == kept

    live(world, before, again)
    assert seen[0] == seen[1]
