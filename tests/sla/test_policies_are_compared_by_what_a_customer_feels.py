"""Whether a change lowers a promise is seen in the limits, not in the figures alone."""

import pytest

from app.sla.policy import Policy, default_policy
from app.sla.policy_diff import diff, effects
from app.sla.terms import ClockKind, Severity


def changed(path: str, value: object) -> Policy:
    document = default_policy().to_dict()
    *way, last = path.split(".")
    place = document
    for step in way:
        inner = place[step]
        assert isinstance(inner, dict)
        place = inner
    if value is None:
        del place[last]
    else:
        place[last] = value
    return Policy.from_dict(document)


def felt(after: Policy) -> dict[tuple[Severity, ClockKind], tuple[bool, bool]]:
    found = effects(default_policy(), after, year=2026)
    return {(e.severity, e.kind): (e.later > 0, e.sooner > 0) for e in found}


def test_equal_policies_differ_in_nothing() -> None:
    assert diff(default_policy(), default_policy()) == ()
    assert effects(default_policy(), default_policy(), year=2026) == ()


def test_a_changed_figure_is_named_by_its_key() -> None:
    (change,) = diff(default_policy(), changed("targets.serious.first_response.limit", "9h"))
    assert change.key == "targets.serious.first_response.limit"
    assert (change.before, change.after) == ("8h", "9h")


def test_a_longer_limit_is_later_for_every_receipt() -> None:
    (effect,) = effects(
        default_policy(), changed("targets.critical.first_response.limit", "3h"), year=2026
    )
    assert (effect.later, effect.sooner, effect.tried) == (8_760, 0, 8_760)
    assert effect.worst_s == 3_600
    assert effect.lowers


@pytest.mark.parametrize(
    ("path", "value", "severity", "expected"),
    [
        ("targets.serious.first_response.limit", "7h", Severity.SERIOUS, (False, True)),
        ("targets.serious.first_response.counting", "every_hour", Severity.SERIOUS, (False, True)),
        ("targets.request.first_response", None, Severity.REQUEST, (True, False)),
    ],
)
def test_what_is_shortened_or_taken_away_is_told(
    path: str, value: object, severity: Severity, expected: tuple[bool, bool]
) -> None:
    assert felt(changed(path, value)) == {(severity, ClockKind.FIRST_RESPONSE): expected}


def test_counting_desk_hours_instead_of_all_hours_lowers_a_promise() -> None:
    path = "targets.critical.work_started.counting"
    key = (Severity.CRITICAL, ClockKind.WORK_STARTED)
    assert felt(changed(path, "business_hours")) == {key: (True, False)}


def test_shorter_hours_lower_every_promise_counted_in_them_and_no_other() -> None:
    after = changed("calendars.desk.hours.fri", [["09:00", "15:00"]])
    lowered = {severity for (severity, _), (later, _) in felt(after).items() if later}
    assert lowered == {Severity.SERIOUS, Severity.MINOR, Severity.REQUEST}
