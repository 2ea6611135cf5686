"""A clock's deadlines follow from its events alone, and equal a minute-by-minute model of them."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from app.sla.clock import ClockEvent, ClockState, fold
from app.sla.explain import explain
from app.sla.hours import Calendar
from app.sla.policy import Policy, Target
from app.sla.terms import ClockEventKind as Kind
from app.sla.terms import ClockKind, ClockStatus, Severity

BEGIN = datetime(2026, 3, 27, 12, tzinfo=UTC)
HORIZON_MINUTES = 12 * 1440
SEVERITIES = (Severity.CRITICAL, Severity.SERIOUS, Severity.MINOR)


def policy(scale: int) -> Policy:
    def promise(hours: int, counting: str) -> dict[str, object]:
        limits = {"target": f"{hours * scale}h", "limit": f"{2 * hours * scale}h"}
        return {**limits, "counting": counting}

    clocks = ("first_response", "work_started")
    return Policy.from_dict(
        {
            "name": f"scale {scale}",
            "calendar": "desk",
            "calendars": {
                "desk": {
                    "tz": "Europe/Oslo",
                    "hours": {day: [["22:00", "03:30"], ["09:00", "17:00"]] for day in DAYS},
                    "holidays": ["2026-03-30"],
                }
            },
            "targets": {
                "critical": {clock: promise(2, "every_hour") for clock in clocks},
                "serious": {clock: promise(3, "business_hours") for clock in clocks},
                "minor": {clock: promise(6, "business_hours") for clock in clocks},
            },
        }
    )


DAYS = ("mon", "tue", "wed", "fri", "sat")
POLICIES = {"one": policy(1), "two": policy(2)}
OPEN: dict[str, list[bool]] = {}


def events_of(seed: int, *, end: bool = True) -> list[ClockEvent]:
    """Return random events: whole minutes, some at the same minute, some before the start."""
    random = Random(seed)  # noqa: S311 -- a repeatable test, no secret.
    severity, version = random.choice(SEVERITIES), random.choice(("one", "two"))
    found = [ClockEvent(BEGIN, 0, Kind.STARTED, severity=severity, policy=version)]
    kinds = [Kind.PAUSED, Kind.RESUMED, Kind.EXCLUDED, Kind.INCLUDED, Kind.RETARGETED]
    for seq in range(1, random.randint(1, 12)):
        kind = random.choice([*kinds, Kind.MET] if end and random.random() < 0.3 else kinds)
        at = BEGIN + timedelta(
            minutes=random.choice((random.randint(-60, 3_000), random.randint(-60, 300), 120, 240))
        )
        retarget = kind is Kind.RETARGETED
        found.append(
            ClockEvent(
                at,
                seq,
                kind,
                severity=random.choice((*SEVERITIES, None)) if retarget else None,
                policy=random.choice(("one", "two", None)) if retarget else None,
                ref=random.choice("xy") if kind in {Kind.EXCLUDED, Kind.INCLUDED} else "",
            )
        )
    return found


def is_open(calendar: Calendar, minute: int) -> bool:
    if not OPEN:
        OPEN["desk"] = [
            calendar.is_open(BEGIN + timedelta(minutes=n)) for n in range(HORIZON_MINUTES)
        ]
    return OPEN["desk"][minute]


def walk(events: list[ClockEvent]) -> tuple[list[bool], Target, int | None]:
    """Walk through every minute with nothing but flags.

    Return in which minutes the clock runs, what is promised in the end, and when it was met.
    """
    ordered = sorted(events, key=lambda event: (max(event.at, BEGIN), event.at, event.seq))
    severity, version, ended = events[0].severity, events[0].policy, None
    halts: set[str] = set()
    running: list[bool] = []
    queue = [event for event in ordered if event.kind is not Kind.STARTED]
    for minute in range(HORIZON_MINUTES):
        now = BEGIN + timedelta(minutes=minute)
        while queue and max(queue[0].at, BEGIN) <= now and ended is None:
            event = queue.pop(0)
            if event.kind is Kind.MET:
                ended = minute
            elif event.kind is Kind.RETARGETED:
                severity, version = event.severity or severity, event.policy or version
            elif event.kind in {Kind.PAUSED, Kind.EXCLUDED}:
                halts.add(event.ref)
            else:
                halts.discard(event.ref)
        running.append(not halts)
    assert severity is not None
    assert version is not None
    promise = POLICIES[version].target(severity, ClockKind.FIRST_RESPONSE)
    assert promise is not None
    return running, promise, ended


def first_minute(running: list[bool], promise: Target, minutes: int) -> datetime | None:
    """Return the first minute in which the clock runs with so many counted; None when none."""
    whole = promise.counting == "every_hour"
    counted = 0
    for minute in range(HORIZON_MINUTES):
        if running[minute]:
            if counted >= minutes:
                return BEGIN + timedelta(minutes=minute)
            counted += whole or is_open(POLICIES["one"].calendar(), minute)
    return None


def folded(events: list[ClockEvent]) -> ClockState:
    return fold(ClockKind.FIRST_RESPONSE, events, POLICIES)


@settings(max_examples=300, deadline=None)
@given(st.integers(min_value=0, max_value=2**63))
def test_deadlines_equal_a_walk_through_every_minute(seed: int) -> None:
    events = events_of(seed)
    state = folded(events)
    running, promise, ended = walk(events)
    assert state.met_at == (None if ended is None else BEGIN + timedelta(minutes=ended))
    assert state.target_at == first_minute(running, promise, promise.target_s // 60)
    assert state.limit_at == first_minute(running, promise, promise.limit_s // 60)


@settings(max_examples=200, deadline=None)
@given(st.integers(min_value=0, max_value=2**63), st.randoms(use_true_random=False))
def test_the_order_in_which_events_arrive_makes_no_difference(seed: int, shuffler: Random) -> None:
    events = events_of(seed)
    shuffled = list(events)
    shuffler.shuffle(shuffled)
    assert folded(shuffled) == folded(events)


@settings(max_examples=200, deadline=None)
@given(st.integers(min_value=0, max_value=2**63), st.integers(-10_000, 10**6))
def test_elapsed_is_never_negative_never_runs_back_and_is_what_is_explained(
    seed: int, moment: int
) -> None:
    state = folded(events_of(seed))
    now = BEGIN + timedelta(seconds=moment)
    told = explain(state, now)
    assert 0 <= state.elapsed(now) <= state.elapsed(now + timedelta(hours=1))
    assert sum(part.seconds for part in told.counted) == told.elapsed_s == state.elapsed(now)


@settings(max_examples=200, deadline=None)
@given(st.integers(min_value=0, max_value=2**63))
def test_a_clock_met_in_time_never_breaks_however_late_one_looks(seed: int) -> None:
    events = events_of(seed, end=False)
    state = folded(events)
    if state.limit_at is None or state.breached_at is not None:
        return
    last = max(event.at for event in events)
    if state.limit_at < last:
        return
    met = folded([*events, ClockEvent(state.limit_at, 99, Kind.MET)])
    assert met.kept is True
    assert not met.is_breached(state.limit_at + timedelta(days=900))
    late = state.limit_at + timedelta(seconds=1)
    broken = folded([*events, ClockEvent(late, 99, Kind.MET)])
    assert broken.kept is False
    assert broken.is_breached(late)


@settings(max_examples=200, deadline=None)
@given(st.integers(min_value=0, max_value=2**63))
def test_a_recorded_breach_stays_whatever_happens_after(seed: int) -> None:
    events = events_of(seed)
    recorded = ClockEvent(
        BEGIN + timedelta(minutes=90), 50, Kind.BREACHED, severity=Severity.CRITICAL, reason="limit"
    )
    state = folded([*events, recorded, ClockEvent(BEGIN, 60, Kind.MET)])
    assert state.breached_at == recorded.at
    assert state.breaches == (recorded,)


@settings(max_examples=200, deadline=None)
@given(st.integers(min_value=0, max_value=2**63))
def test_the_start_never_moves_and_only_the_last_promise_counts(seed: int) -> None:
    events = events_of(seed, end=False)
    state = folded(events)
    assert state.started_at == BEGIN
    assert state.state in {ClockStatus.RUNNING, ClockStatus.PAUSED}
    # The same events, had the ticket been opened under its last promise from the beginning.
    anew = [
        ClockEvent(BEGIN, 0, Kind.STARTED, severity=state.severity, policy=state.policy),
        *(event for event in events[1:] if event.kind is not Kind.RETARGETED),
    ]
    same = folded(anew)
    assert (same.target_at, same.limit_at) == (state.target_at, state.limit_at)
    assert (same.windows, same.halts) == (state.windows, state.halts)
