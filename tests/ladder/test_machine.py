"""The ladder as a state machine: whatever happens to a ticket, and whenever, the promises hold.

The model writes rows as the engine does. A crash is a decision that was made and never written:
it must be made again, the same. The rules of what must hold are written here anew, from the
promises, and share no code with what decides.
"""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.sla.ladder import HANDED_BACK, Ladder, RunState, first_alarm
from app.sla.terms import ClockKind, Severity
from escalation.ladder import Decision, RunSoFar, Why, decide
from tests.ladder.climbing import Staff, carry_out, make_ladder, make_step

# The hour that comes twice in Oslo lies in the middle of most runs.
START = datetime(2027, 10, 30, 22, tzinfo=UTC)
ENDS = (RunState.MET, RunState.CANCELLED)

receivers = st.lists(
    st.sampled_from(["assignee", "on_call:desk", "team:drift", "role:lead", "agent:gone"]),
    min_size=1,
    max_size=3,
)
whens = st.one_of(
    st.builds(
        lambda of, share: {"of": of, "share": share},
        st.sampled_from(["target", "limit"]),
        st.sampled_from([0.25, 0.75, 1.0, 1.5]),
    ),
    st.builds(
        lambda anchor, offset: {"anchor": anchor, "offset_s": offset},
        st.sampled_from(["target", "limit"]),
        st.sampled_from([-3600, -60, 0, 60, 3600]),
    ),
    st.builds(
        lambda anchor, offset: {"anchor": anchor, "offset_s": offset},
        st.sampled_from(["start", "previous"]),
        st.sampled_from([0, 60, 1800]),
    ),
)


@st.composite
def ladders(draw: st.DrawFn) -> Ladder:
    steps = []
    for number in range(draw(st.integers(1, 5))):
        when = draw(whens)
        if number == 0 and when.get("anchor") == "previous":
            when = when | {"anchor": "start"}
        times = draw(st.integers(0, 3))
        repeat: dict[str, Any] = {"repeat_times": times, "repeat_every": "7m"} if times else {}
        steps.append(
            make_step(f"step {number}", when=when, whom=draw(receivers), fallback=[], **repeat)
        )
    if draw(st.booleans()):
        # A step for the worst alone, so that a change of severity changes what applies.
        steps.append(make_step("worst", severities=["critical"], whom=["role:admin"]))
    return make_ladder(*steps)


class Engine(RuleBasedStateMachine):
    """One clock of one ticket, its ladder, and an engine that may be late or die."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.staff = Staff()
        self.paged: Counter[tuple[int, int]] = Counter()
        self.alarm: datetime | None = None

    @initialize(
        ladder=ladders(),
        severity=st.sampled_from(Severity),
        minutes=st.integers(1, 300),
        more=st.integers(0, 300),
    )
    def open(self, ladder: Ladder, severity: Severity, minutes: int, more: int) -> None:
        self.ladder = ladder
        target = START + timedelta(minutes=minutes)
        self.run = RunSoFar(
            ClockKind.FIRST_RESPONSE, severity, START, target, target + timedelta(minutes=more)
        )
        self.rearm()

    def rearm(self) -> None:
        self.alarm = first_alarm(self.ladder, self.run)
        if self.run.state is not RunState.RUNNING:
            assert self.alarm is None
            return
        recorded = {row.step for row in self.run.fired}
        for number, step in self.ladder.steps_for(self.run.kind, self.run.severity):
            when = step.when.model_dump(mode="json")
            if when.get("anchor") == "limit" and when["offset_s"] <= 0 and number not in recorded:
                assert self.alarm is not None, "no snooze and no taking silences the limit"
                assert self.alarm <= self.run.limit_at

    def pass_once(self) -> Decision:
        """Look at the clock if its alarm is due, and write the decision down."""
        before = self.run
        decision = decide(self.ladder, self.run, self.now, self.staff)
        again = decide(self.ladder, self.run, self.now, self.staff)
        assert decision == again, "after a crash the same is decided"
        self.run = carry_out(self.run, decision, self.now)
        self.alarm = decision.next_alarm_at
        self.check(before, decision)
        return decision

    def check(self, before: RunSoFar, decision: Decision) -> None:
        last = len(self.ladder.steps)
        shots = {shot.key: shot for shot in decision.fired}
        for page in decision.pages:
            assert (page.step, page.repeat) in shots
            assert page.person not in self.staff.away
            assert page.nominal_at <= self.now, "nothing fires before its time"
            assert page.reason
        self.paged.update(shots.keys())
        if decision.pages:
            assert before.state is RunState.RUNNING, "an ended or resting clock pages nobody"
            snooze = before.snoozed_until
            assert (
                snooze is None
                or before.limit_at is None
                or self.now >= min(snooze, before.limit_at)
            )
        if decision.fired:
            assert decision.pages, "what fires reaches somebody"
        if before.taken_at is not None:
            for shot in decision.fired:
                assert shot.repeat == 0
                assert 0 <= shot.step < last, "a ticket that is taken has no need of a catch-all"
        bases = {shot.step for shot in decision.fired}
        for skip in decision.skipped:
            if skip.reason == Why.OVERTAKEN:
                assert decision.fired or any(s.reason == Why.NOBODY for s in decision.skipped)
                assert skip.nominal_at <= self.now
        if last in bases:
            assert bases == {last}, "the catch-all comes alone, after everything else"
            assert not decision.skipped, "whoever else was due was not passed over for it"
            assert decision.exhausted
            assert any("nobody has taken" in note for note in decision.notes)
        # A step that found nobody leaves it to the catch-all, which is then due at once.
        found_nobody = any(skip.reason == Why.NOBODY for skip in decision.skipped)
        if decision.next_alarm_at is not None and not found_nobody:
            assert decision.next_alarm_at > self.now, "what is done is not due again"

    @rule(minutes=st.integers(0, 90), late_s=st.integers(0, 30))
    def time_passes(self, minutes: int, late_s: int) -> None:
        """Let the engine work through every alarm up to a moment, each a little late."""
        end = self.now + timedelta(minutes=minutes)
        passes = 0
        while self.alarm is not None and self.alarm <= end:
            self.now = max(self.now, self.alarm + timedelta(seconds=late_s))
            self.pass_once()
            passes += 1
            assert passes < 200, "the engine spins"
        self.now = max(self.now, end)

    @rule(hours=st.integers(1, 12))
    def outage(self, hours: int) -> None:
        """Nothing runs; then one pass, which may page for one newest step only."""
        self.now += timedelta(hours=hours)
        if self.alarm is not None and self.alarm <= self.now:
            decision = self.pass_once()
            assert len({shot.nominal_at for shot in decision.fired}) <= 1

    @rule()
    def look_without_cause(self) -> None:
        """Look though no alarm is due, as an engine may that read its row before a change."""
        due = self.alarm is not None and self.alarm <= self.now
        decision = self.pass_once()
        assert due or not decision.pages

    @precondition(lambda self: self.run.state is RunState.RUNNING and self.run.taken_at is None)
    @rule(assign=st.booleans())
    def take(self, assign: bool) -> None:
        self.run = replace(self.run, taken_at=self.now)
        if assign:
            self.staff.found["assignee"] = ["kari"]
        self.rearm()

    @precondition(lambda self: self.run.taken_at is not None)
    @rule()
    def hand_back(self) -> None:
        self.run = replace(
            self.run,
            taken_at=None,
            handed_back_at=self.now,
            hand_backs=self.run.hand_backs + 1,
        )
        self.staff.found.pop("assignee", None)
        self.rearm()
        if self.run.state is RunState.RUNNING and self.ladder.steps_for(
            self.run.kind, self.run.severity
        ):
            snooze = self.run.snoozed_until
            if snooze is None or snooze <= self.now:
                assert self.alarm is not None
                assert self.alarm <= self.now, "somebody hears of it at once"

    @rule(severity=st.sampled_from(Severity), raised=st.booleans())
    def severity_changes(self, severity: Severity, raised: bool) -> None:
        self.run = replace(
            self.run, severity=severity, begun_at=self.now if raised else self.run.begun_at
        )
        self.rearm()

    @precondition(lambda self: self.run.target_at is not None)
    @rule(minutes=st.integers(-200, 200))
    def promise_moves(self, minutes: int) -> None:
        by = timedelta(minutes=minutes)
        self.run = replace(
            self.run, target_at=self.run.target_at + by, limit_at=self.run.limit_at + by
        )
        self.rearm()

    @precondition(lambda self: self.run.state is RunState.RUNNING)
    @rule()
    def stand_still(self) -> None:
        self.left = (self.run.target_at - self.now, self.run.limit_at - self.now)
        self.run = replace(self.run, state=RunState.PAUSED, target_at=None, limit_at=None)
        self.rearm()
        assert self.alarm is None

    @precondition(lambda self: self.run.state is RunState.PAUSED)
    @rule()
    def go_on(self) -> None:
        target, limit = (self.now + left for left in self.left)
        self.run = replace(self.run, state=RunState.RUNNING, target_at=target, limit_at=limit)
        self.rearm()

    @rule(hours=st.integers(0, 30))
    def snooze(self, hours: int) -> None:
        self.run = replace(self.run, snoozed_until=self.now + timedelta(hours=hours))
        self.rearm()

    @rule(
        receiver=st.sampled_from(["on_call:desk", "team:drift", "role:lead", "role:admin"]),
        people=st.lists(st.sampled_from(["kari", "ola", "per", "siri"]), max_size=3, unique=True),
    )
    def schedule_changes(self, receiver: str, people: list[str]) -> None:
        self.staff.found[receiver] = people

    @rule(away=st.sets(st.sampled_from(["kari", "ola", "per", "siri", "lena", "marit"])))
    def leave_changes(self, away: set[str]) -> None:
        self.staff.away = away

    @precondition(lambda self: self.run.state not in ENDS)
    @rule(state=st.sampled_from(ENDS))
    def answered_or_merged(self, state: RunState) -> None:
        self.run = replace(self.run, state=state, target_at=None, limit_at=None)
        paged = self.paged.total()
        self.pass_once()
        assert self.alarm is None
        assert self.paged.total() == paged
        steps = self.ladder.steps_for(self.run.kind, self.run.severity)
        recorded = {row.step for row in self.run.fired}
        assert {number for number, _ in steps} <= recorded, "each step fired or says why not"

    @invariant()
    def each_fires_once(self) -> None:
        assert all(count == 1 for count in self.paged.values())

    def teardown(self) -> None:
        """Leave a running clock alone: it ends taken, or at the catch-all, which says so."""
        if not hasattr(self, "run") or self.run.state is not RunState.RUNNING:
            return
        self.time_passes(minutes=60 * 24 * 40, late_s=1)
        applying = dict(self.ladder.steps_for(self.run.kind, self.run.severity))
        recorded = {(row.step, row.repeat) for row in self.run.fired}
        if self.run.taken_at is not None:
            # The limit told the next level although somebody had taken it.
            for number, step in applying.items():
                if getattr(step.when, "anchor", None) == "limit":
                    assert (number, 0) in recorded
            return
        for number, step in applying.items():
            for repeat in range(step.repeat_times + 1):
                assert (number, repeat) in recorded
            assert (number, step.repeat_times + 1) not in recorded
        if self.run.handed_back_at is not None and applying:
            assert (HANDED_BACK, self.run.hand_backs) in recorded
        assert not applying or (len(self.ladder.steps), self.run.hand_backs) in recorded


Engine.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
test_the_promises_hold_whatever_happens_to_a_ticket = Engine.TestCase
