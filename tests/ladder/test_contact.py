"""How a person is reached."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.sla.ladder import PageChannel
from app.sla.oncall import Away
from app.sla.terms import Severity
from escalation.contact import OwnMethod, Profile, QuietHours, Urgency, Why, reach
from escalation.ladder import Method

SMS, VOICE, MAIL = PageChannel.SMS, PageChannel.VOICE, PageChannel.MAIL
PREFERRED = (PageChannel.PREFERRED,)
NOON = datetime(2027, 1, 4, 12, tzinfo=UTC)
# 23:30 in Oslo in winter.
NIGHT = datetime(2027, 1, 4, 22, 30, tzinfo=UTC)

WORK = OwnMethod(SMS, "+4722000001", verified=True)
HOME = OwnMethod(SMS, "+4722000002", verified=True)
CALL = OwnMethod(VOICE, "+4722000001", verified=True)
POST = OwnMethod(MAIL, "kari@example.no", verified=True)


def make_profile(*methods: OwnMethod, **changes: Any) -> Profile:
    return Profile("kari", methods, ZoneInfo("Europe/Oslo"), **changes)


def addresses(methods: tuple[Method, ...]) -> list[tuple[PageChannel, str]]:
    return [(method.channel, method.address) for method in methods]


def test_the_preferred_way_is_the_first_method_with_the_others_behind_it() -> None:
    found = reach(make_profile(CALL, WORK, HOME), PREFERRED, Severity.CRITICAL, NOON)
    assert addresses(found.methods) == [(VOICE, "+4722000001")]
    assert addresses(found.then) == [(SMS, "+4722000001"), (SMS, "+4722000002")]


def test_channels_that_are_named_are_used_at_once() -> None:
    found = reach(make_profile(CALL, WORK, HOME, POST), (MAIL, SMS), Severity.CRITICAL, NOON)
    assert addresses(found.methods) == [(MAIL, "kari@example.no"), (SMS, "+4722000001")]
    assert addresses(found.then) == [(VOICE, "+4722000001"), (SMS, "+4722000002")]


def test_methods_for_the_urgency_come_first() -> None:
    by_day = OwnMethod(MAIL, "kari@example.no", verified=True, urgencies=frozenset({Urgency.LOW}))
    profile = make_profile(by_day, CALL)
    assert reach(profile, PREFERRED, Severity.MINOR, NOON).methods[0].channel is MAIL
    assert reach(profile, PREFERRED, Severity.CRITICAL, NOON).methods[0].channel is VOICE


def test_nothing_is_sent_to_a_method_that_was_not_verified() -> None:
    unproved = OwnMethod(SMS, "+4722000009", verified=False)
    found = reach(make_profile(unproved, POST), (SMS,), Severity.CRITICAL, NOON)
    assert addresses(found.methods) == [(MAIL, "kari@example.no")]
    assert found.then == ()
    assert found.reason == Why.OTHER_METHOD
    nothing = reach(make_profile(unproved), PREFERRED, Severity.CRITICAL, NOON)
    assert (nothing.methods, nothing.reason) == ((), Why.UNVERIFIED)


def test_quiet_hours_leave_only_what_makes_no_noise_and_critical_ignores_them() -> None:
    quiet = QuietHours(time(22), time(7))
    profile = make_profile(CALL, POST, quiet=quiet)
    assert reach(profile, PREFERRED, Severity.SERIOUS, NOON).methods[0].channel is VOICE
    night = reach(profile, PREFERRED, Severity.SERIOUS, NIGHT)
    assert addresses((*night.methods, *night.then)) == [(MAIL, "kari@example.no")]
    assert reach(profile, PREFERRED, Severity.CRITICAL, NIGHT).methods[0].channel is VOICE
    without = reach(make_profile(CALL, quiet=quiet), PREFERRED, Severity.SERIOUS, NIGHT)
    assert (without.methods, without.reason) == ((), Why.QUIET)


def test_quiet_hours_follow_the_persons_own_clock_when_it_changes() -> None:
    profile = make_profile(CALL, quiet=QuietHours(time(22), time(7)))
    # 07:00 local is 06:00 UTC on the Saturday and 05:00 on the Sunday of the change.
    for day, hour in ((27, 6), (28, 5)):
        seven = datetime(2027, 3, day, hour, tzinfo=UTC)
        before = seven - timedelta(seconds=1)
        assert reach(profile, PREFERRED, Severity.MINOR, seven).methods
        assert reach(profile, PREFERRED, Severity.MINOR, before).reason == Why.QUIET


@pytest.mark.parametrize("severity", [Severity.CRITICAL, Severity.MINOR])
def test_somebody_on_leave_or_gone_is_not_reached_however_bad_it_is(severity: Severity) -> None:
    leave = Away("kari", NOON, NOON + timedelta(days=1))
    profile = make_profile(CALL, away=(leave,))
    assert reach(profile, PREFERRED, severity, NOON).reason == Why.AWAY
    assert reach(profile, PREFERRED, severity, leave.end).methods
    assert reach(make_profile(CALL, active=False), PREFERRED, severity, NOON).reason == Why.INACTIVE
