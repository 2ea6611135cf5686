"""Downtime follows the same events as the clocks, but true time alone, and only critical faults."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.sla.clock import ClockEvent
from app.sla.downtime import downtime
from app.sla.terms import ClockEventKind as Kind
from app.sla.terms import ClockKind, Exclusion, Severity

START = datetime(2026, 6, 5, 13, 30, tzinfo=UTC)
NOW = START + timedelta(minutes=600)


def event(minute: int, kind: Kind, **more: object) -> ClockEvent:
    at = START + timedelta(minutes=minute)
    return ClockEvent(at, minute + 100, kind, **more)  # type: ignore[arg-type]


def minutes(*events: ClockEvent, severity: Severity = Severity.CRITICAL) -> tuple[float, float]:
    """Return the minutes that count and those that are excluded."""
    found = downtime([event(0, Kind.STARTED, severity=severity), *events], NOW)
    return found.seconds / 60, found.excluded_s / 60


def solved(minute: int) -> ClockEvent:
    return event(minute, Kind.MET, clock=ClockKind.RESOLVE)


def test_it_lasts_from_the_receipt_until_it_is_solved_pauses_and_all() -> None:
    assert minutes() == (600, 0)
    assert minutes(event(20, Kind.PAUSED), event(50, Kind.RESUMED), solved(90)) == (90, 0)
    again = event(200, Kind.REINSTATED, clock=ClockKind.RESOLVE)
    assert minutes(solved(90), again, solved(230)) == (120, 0)
    # The first answer ends another clock, and not the outage.
    assert minutes(event(10, Kind.MET, clock=ClockKind.FIRST_RESPONSE)) == (600, 0)


def test_an_exclusion_is_left_out_once_and_a_withdrawn_one_never_counted() -> None:
    first = event(30, Kind.EXCLUDED, ref="a"), event(60, Kind.INCLUDED, ref="a")
    second = event(45, Kind.EXCLUDED, ref="b"), event(75, Kind.INCLUDED, ref="b")
    assert minutes(*first, *second, solved(90)) == (45, 45)
    assert minutes(*first, event(80, Kind.WITHDRAWN, ref="a"), solved(90)) == (90, 0)


def test_only_a_critical_fault_is_downtime_from_the_receipt_on_until_it_is_lowered() -> None:
    def to(minute: int, severity: Severity) -> ClockEvent:
        return event(minute, Kind.RETARGETED, severity=severity)

    assert minutes(solved(90), severity=Severity.SERIOUS) == (0, 0)
    raised = to(40, Severity.CRITICAL)
    assert minutes(raised, solved(90), severity=Severity.MINOR) == (90, 0)
    assert minutes(to(40, Severity.MINOR), solved(90)) == (40, 0)
    lowered = to(50, Severity.MINOR)
    assert minutes(raised, lowered, to(70, Severity.CRITICAL), solved(90)) == (70, 0)
    # What became critical only after it was solved and opened anew was not so before.
    again = event(100, Kind.REINSTATED, clock=ClockKind.RESOLVE)
    worse = to(110, Severity.CRITICAL)
    assert minutes(solved(90), again, worse, severity=Severity.MINOR) == (490, 0)


def test_which_exclusions_are_billed() -> None:
    assert {kind.value for kind in Exclusion if kind.billed} == {
        "customer_caused",
        "third_party_app",
        "suspended_agreement",
    }


ACTS = st.tuples(
    st.integers(0, 700),
    st.sampled_from([Kind.EXCLUDED, Kind.INCLUDED, Kind.PAUSED, Kind.RESUMED, Kind.WITHDRAWN]),
    st.sampled_from(["a", "b"]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(ACTS, max_size=10))
def test_counted_and_excluded_are_together_the_time_that_passed(
    acts: list[tuple[int, Kind, str]],
) -> None:
    events = [event(minute, kind, ref=ref) for minute, kind, ref in acts]
    counted, excluded = minutes(*events)
    assert counted + excluded == 600
    assert counted >= 0
    assert excluded >= 0
