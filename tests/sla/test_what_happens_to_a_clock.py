"""One kind of event a test: what it does to a clock, and what it leaves alone."""

from datetime import datetime, timedelta

import pytest

from app.kit.errors import BadInput
from app.sla.clock import ClockEvent, ClockState, fold
from app.sla.policy import Policy, default_policy
from app.sla.terms import ClockEventKind as Kind
from app.sla.terms import ClockKind, ClockStatus, Severity

RECEIVED = datetime.fromisoformat("2026-06-09T10:00:00+02:00")
SHARPER = default_policy().to_dict()
SHARPER["targets"]["critical"]["next_update"] = {  # type: ignore[index]
    "target": "30m",
    "limit": "1h",
    "counting": "every_hour",
}
POLICIES = {"p": default_policy(), "sharper": Policy.from_dict(SHARPER)}


def after(minutes: float, kind: Kind, seq: int | None = None, **more: object) -> ClockEvent:
    number = int(minutes * 60) + 100 if seq is None else seq
    return ClockEvent(RECEIVED + timedelta(minutes=minutes), number, kind, **more)  # type: ignore[arg-type]


def critical(
    *events: ClockEvent, kind: ClockKind = ClockKind.FIRST_RESPONSE, policy: str = "p"
) -> ClockState:
    started = after(0, Kind.STARTED, 0, severity=Severity.CRITICAL, policy=policy)
    return fold(kind, [started, *events], POLICIES)


def minutes(state: ClockState) -> float | None:
    """Return the limit in minutes after receipt; None while there is none."""
    return state.limit_at and (state.limit_at - RECEIVED) / timedelta(minutes=1)


def test_a_second_pause_is_the_same_pause() -> None:
    state = critical(after(10, Kind.PAUSED), after(20, Kind.PAUSED), after(30, Kind.RESUMED))
    assert minutes(state) == 140


def test_a_clock_stands_still_until_the_last_reason_is_gone() -> None:
    state = critical(
        after(10, Kind.PAUSED),
        after(20, Kind.EXCLUDED, ref="a"),
        after(25, Kind.EXCLUDED, ref="b"),
        after(30, Kind.RESUMED),
        after(40, Kind.INCLUDED, ref="a"),
        after(50, Kind.INCLUDED, ref="b"),
    )
    assert minutes(state) == 160
    assert [halt.excluded for halt in state.halts] == [False, True, True]


def test_a_withdrawn_exclusion_never_counted() -> None:
    state = critical(
        after(10, Kind.EXCLUDED, ref="a"),
        after(50, Kind.INCLUDED, ref="a"),
        after(60, Kind.WITHDRAWN, ref="a"),
    )
    assert minutes(state) == 120
    assert state.halts == ()


def test_an_exclusion_entered_later_counts_from_when_it_took_effect() -> None:
    late = ClockEvent(RECEIVED + timedelta(minutes=10), 900, Kind.EXCLUDED, ref="a")
    end = ClockEvent(RECEIVED + timedelta(minutes=40), 901, Kind.INCLUDED, ref="a")
    assert minutes(critical(after(100, Kind.RESUMED), late, end)) == 150


def test_a_maintenance_to_come_moves_the_limit_that_lies_behind_it() -> None:
    state = critical(after(60, Kind.EXCLUDED, ref="m"), after(90, Kind.INCLUDED, ref="m"))
    assert minutes(state) == 150
    assert state.state is ClockStatus.RUNNING
    assert state.elapsed(RECEIVED + timedelta(minutes=30)) == 30 * 60


def test_a_paused_clock_shows_what_is_left_and_no_deadline() -> None:
    state = critical(after(30, Kind.PAUSED))
    assert (state.state, state.limit_at) == (ClockStatus.PAUSED, None)
    assert state.remaining_limit_s == 90 * 60
    assert not state.is_breached(RECEIVED + timedelta(days=9))


def test_a_pause_after_the_limit_mends_nothing() -> None:
    state = critical(after(121, Kind.PAUSED))
    assert state.breached_at == RECEIVED + timedelta(minutes=120)


def test_a_pause_at_the_very_second_of_the_limit_holds_it_until_work_goes_on() -> None:
    assert critical(after(120, Kind.PAUSED)).remaining_limit_s == 0
    assert minutes(critical(after(120, Kind.PAUSED), after(200, Kind.RESUMED))) == 200


def test_only_its_own_clock_is_met() -> None:
    met = after(30, Kind.MET, clock=ClockKind.WORK_STARTED)
    assert critical(met).state is ClockStatus.RUNNING
    assert critical(met, kind=ClockKind.WORK_STARTED).kept is True


def test_the_first_answer_meets_the_clock_and_later_ones_change_nothing() -> None:
    state = critical(after(30, Kind.MET), after(200, Kind.MET), after(40, Kind.PAUSED))
    assert state.met_at == RECEIVED + timedelta(minutes=30)
    assert state.halts == ()


def test_an_answer_entered_later_than_given_meets_the_clock_when_it_was_given() -> None:
    answer = ClockEvent(RECEIVED + timedelta(minutes=110), 999, Kind.MET)
    recorded = after(120, Kind.BREACHED, 500, severity=Severity.CRITICAL)
    state = critical(recorded, answer)
    assert state.kept is True
    # What was written down stays for people to see.
    assert state.breached_at == recorded.at


def test_what_was_cancelled_by_mistake_is_counted_as_if_it_had_not_been() -> None:
    state = critical(after(10, Kind.CANCELLED), after(60, Kind.REINSTATED))
    assert (state.state, minutes(state)) == (ClockStatus.RUNNING, 120)
    assert critical(after(10, Kind.CANCELLED)).state is ClockStatus.CANCELLED


def test_a_breach_is_due_once_and_not_when_it_is_written_down() -> None:
    late = RECEIVED + timedelta(minutes=121)
    limit = RECEIVED + timedelta(minutes=120)
    assert critical().due_breach(limit) is None
    assert critical().due_breach(late) == limit
    written = critical(after(120, Kind.BREACHED))
    assert written.due_breach(late) is None
    assert written.is_breached(late)


def test_lowering_does_not_wipe_out_a_breach_that_was_written_down() -> None:
    breach = after(120, Kind.BREACHED, severity=Severity.CRITICAL, policy="p", reason="limit")
    state = critical(breach, after(130, Kind.RETARGETED, severity=Severity.MINOR))
    assert state.severity is Severity.MINOR
    assert state.breaches == (breach,)
    assert state.limit_at is not None
    assert state.limit_at > RECEIVED + timedelta(days=2)


def test_moving_the_receipt_moves_everything_that_follows_from_it() -> None:
    earlier = ClockEvent(
        RECEIVED - timedelta(minutes=60), 0, Kind.STARTED, severity=Severity.CRITICAL, policy="p"
    )
    state = fold(ClockKind.FIRST_RESPONSE, [after(30, Kind.MET), earlier], POLICIES)
    assert state.limit_at == RECEIVED + timedelta(minutes=60)
    assert state.elapsed(RECEIVED + timedelta(days=1)) == 90 * 60


def test_moving_to_another_policy_counts_its_promise_from_the_same_start() -> None:
    state = critical(
        after(20, Kind.RETARGETED, policy="sharper"), kind=ClockKind.NEXT_UPDATE, policy="p"
    )
    assert minutes(state) == 60
    assert state.promised_at == RECEIVED + timedelta(minutes=20)


def test_each_word_to_the_customer_begins_the_next_round() -> None:
    first, second = after(50, Kind.UPDATED), after(120, Kind.UPDATED)
    state = critical(first, second, kind=ClockKind.NEXT_UPDATE, policy="sharper")
    assert minutes(state) == 180
    assert [round_.breached_at for round_ in state.past] == [
        None,
        RECEIVED + timedelta(minutes=110),
    ]
    # The other clocks hear nothing of it.
    assert minutes(critical(first, second)) == 120


def test_a_round_begun_in_a_pause_runs_when_the_pause_is_over() -> None:
    events = (after(30, Kind.PAUSED), after(40, Kind.UPDATED), after(90, Kind.RESUMED))
    assert minutes(critical(*events, kind=ClockKind.NEXT_UPDATE, policy="sharper")) == 150


def test_a_word_entered_late_leaves_the_breach_with_the_round_it_was_written_for() -> None:
    breach = after(60, Kind.BREACHED, 5)
    word = ClockEvent(RECEIVED + timedelta(minutes=55), 9, Kind.UPDATED)
    state = critical(breach, word, kind=ClockKind.NEXT_UPDATE, policy="sharper")
    assert state.breached_at is None
    assert state.past[0].breached_at == breach.at


def test_an_instant_without_a_time_zone_is_refused() -> None:
    naive = ClockEvent(RECEIVED.replace(tzinfo=None), 1, Kind.MET)
    with pytest.raises(BadInput, match="no time zone"):
        critical(naive)
