"""Whatever happens to a ticket and whenever the engine dies, its rows keep the ladder's promises.

The same as ``test_machine`` holds of the decisions, held of the whole: the desk's own verbs, the
engine, the outbox and the database. Every example is a ticket's life in one house, which goes on.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from app.desk import merging, policies, taking, work
from app.desk.house import House, keep_version
from app.desk.reply import reply
from app.desk.work import By
from app.kit.errors import SvartidError
from app.models import OPEN, Clock, LadderStep, Page, PolicyVersion, Ticket
from app.sla.policy import Policy, default_policy
from app.sla.terms import ClockStatus, Severity
from app.store import clocks, tickets
from escalation.bundle import Bag
from escalation.engine import Engine
from tests.harness.world import World
from tests.ladder.pages import INGRID, OLA, away, rota, told

# Two nights before Oslo's clocks are put forward.
START = datetime(2027, 3, 26, 20, tzinfo=UTC)
ACTS = (
    "time", "time", "outage", "crash", "restart", "take", "hand_back", "worse", "milder", "wait",
    "resume", "reply", "work", "solve", "reopen", "merge", "policy", "schedule", "leave", "snooze",
)  # fmt: skip
LIVES = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 400)), min_size=4, max_size=12)


class Crash(BaseException):
    """The process is killed: nothing that was not committed has happened."""


class Life:
    """One ticket, and what is done to it."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.number = number

    def act(self, name: str, minutes: int) -> None:
        """Do it, if it can be done; then let the engine and the sender do their part."""
        world = self.world
        own: dict[str, Callable[[], None]] = {
            "time": lambda: world.move(minutes=minutes),
            "outage": lambda: self.outage(minutes),
            "crash": self.crash,
            "restart": self.restart,
            "schedule": lambda: rota(world, *((OLA, INGRID) if minutes % 2 else (INGRID,))),
            "leave": lambda: away(
                world, world.agent, world.now, world.now + timedelta(minutes=minutes)
            ),
        }
        over = world.ticket(self.number).status not in OPEN
        before = self.pages()
        if name in own:
            own[name]()
        else:
            self.verb(name, minutes)
        world.process_all()
        if over and name != "reopen":
            assert self.pages() == before, "nobody is paged about a ticket that is over"

    def verb(self, name: str, minutes: int) -> None:
        world, house = self.world, self.world.house
        by = By(world.lead, world.now)
        try:
            with world.db.writing() as session:
                ticket = tickets.find_by_number(session, self.number, lock=True)
                assert ticket is not None
                verbs: dict[str, Callable[[], object]] = {
                    "take": lambda: taking.take(session, house, ticket, by),
                    "hand_back": lambda: taking.hand_back(session, ticket, by, reason="Nei."),
                    "worse": lambda: self.severity(session, ticket, by, Severity.CRITICAL),
                    "milder": lambda: self.severity(session, ticket, by, Severity.MINOR),
                    "wait": lambda: work.wait_for_customer(
                        session, house, ticket, by, reason="Hva?"
                    ),
                    "resume": lambda: work.resume(session, house, ticket, by),
                    "reply": lambda: reply(session, house, ticket, by, text="Vi ser på det."),
                    "work": lambda: work.start_work(session, house, ticket, by),
                    "solve": lambda: work.solve(session, house, ticket, by),
                    "reopen": lambda: work.reopen(session, house, ticket, by),
                    "snooze": lambda: taking.snooze(
                        session,
                        ticket,
                        by,
                        until=by.now + timedelta(minutes=minutes),
                        reason="Vent.",
                    ),
                    "merge": lambda: self.merge(session, ticket, by),
                    "policy": lambda: self.policy(session, ticket, by),
                }
                verbs[name]()
        except SvartidError:
            # It could not be done to a ticket that stands as this one does.
            return

    def severity(self, session: Session, ticket: Ticket, by: By, severity: Severity) -> None:
        house = self.world.house
        work.set_severity(session, house, ticket, by, severity=severity, reason="Ja.")

    def merge(self, session: Session, ticket: Ticket, by: By) -> None:
        into = tickets.find_by_number(session, self.number - 1, lock=True)
        if into is not None:
            merging.merge(session, self.world.house, ticket, into, by, reason="Samme.")

    def policy(self, session: Session, ticket: Ticket, by: By) -> None:
        document = default_policy().to_dict() | {"name": "other"}
        other = Policy.from_dict(document)
        version = keep_version(session, PolicyVersion, other, now=by.now)
        policies.move_ticket(
            session, self.world.house, ticket, by, policy_id=version.id, reason="Ny."
        )

    def outage(self, minutes: int) -> None:
        self.world.clock.move(timedelta(minutes=minutes * 3))

    def crash(self) -> None:
        """Kill the engine after it has written everything, and before it has committed."""
        with self.world.db.reading() as session:
            alarm = clocks.next_alarm(session)
        if alarm is not None and alarm > self.world.now:
            self.world.clock.move(alarm - self.world.now)

        def dies(bag: Bag) -> None:
            post(bag)
            bag.session.flush()
            raise Crash

        post = Bag.post
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Bag, "post", dies)
            with suppress(Crash):
                self.world.engine.pass_once()

    def restart(self) -> None:
        world = self.world
        with world.db.writing() as session:
            world.house = House.open(session, world.settings, now=world.now)
        world.engine = Engine(world.db, world.house, world.clock)

    def pages(self) -> int:
        with self.world.db.reading() as session:
            ticket_id = self.world.ticket(self.number).id
            return len(session.exec(select(Page.id).where(Page.ticket_id == ticket_id)).all())

    def check(self) -> None:
        """Hold the rows to what was promised."""
        world = self.world
        ticket = world.ticket(self.number)
        with world.db.reading() as session:
            rows = clocks.steps_of_ticket(session, ticket.id)
            pages = session.exec(select(Page).where(Page.ticket_id == ticket.id)).all()
        shots = Counter((row.clock_id, row.run, row.step, row.repeat) for row in rows)
        assert set(shots.values()) <= {1}, "each fires once"
        fired = [row for row in rows if not row.skipped]
        assert len(told(world, "step_fired", self.number)) == len(fired), "the log tells of each"
        reached = {(row.clock_id, row.fired_at) for row in rows if row.paged}
        for row in rows:
            # Two steps of one moment share a page to the same person.
            assert row.skipped or (row.clock_id, row.fired_at) in reached, "or says why not"
            assert row.skipped or row.fired_at >= row.nominal_at, "nothing fires before its time"
        keys = Counter((one.clock_id, one.run, one.step, one.repeat, one.person) for one in pages)
        assert set(keys.values()) <= {1}, "nobody is paged twice for one step"

    def ends(self) -> None:
        """Leave it alone: it is over, or somebody has it, or the last step says so."""
        world = self.world
        world.move(days=60)
        self.check()
        ticket = world.ticket(self.number)
        ladder = world.house.ladder
        last = len(ladder.steps)
        with world.db.reading() as session:
            for clock in clocks.of_ticket(session, ticket.id):
                rows = clocks.steps(session, clock.id, clock.run)
                self.end_of(ticket, clock, rows, last)

    def end_of(self, ticket: Ticket, clock: Clock, rows: Sequence[LadderStep], last: int) -> None:
        if clock.status is ClockStatus.RUNNING and ticket.taken_at is None:
            assert any(row.step == last for row in rows), "the last step is exhausted"
            notes = [str(note["note"]) for note in told(self.world, "ladder_note", self.number)]
            assert any("nobody has taken" in note for note in notes), "and the ticket says so"
        if clock.status in {ClockStatus.MET, ClockStatus.CANCELLED}:
            # By the severity that the ticket had when the clock ended; it may have another since.
            ladder = self.world.house.ladder
            recorded = {row.step for row in rows}
            applied = [{n for n, _ in ladder.steps_for(clock.kind, one)} for one in Severity]
            assert any(steps <= recorded for steps in applied), "each fired, or says why not"


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(life=LIVES, critical=st.booleans())
def test_every_step_fires_once_or_says_why_not(
    world: World, life: list[tuple[str, int]], critical: bool
) -> None:
    if world.now < START:
        world.clock.move(START - world.now)
    with world.db.reading() as session:
        number = 1 + max((t for t in session.exec(select(Ticket.number))), default=0)
    text = "Hele nettbutikken er nede, ingen får betalt." if critical else "En liten skrivefeil."
    world.mail(text, subject=f"Sak {number}", message_id=f"<{number}@liv.example>")
    world.process_all()
    lived = Life(world, number)
    for name, minutes in life:
        lived.act(name, minutes)
        lived.check()
    lived.ends()
    world.postman.taken.clear()
