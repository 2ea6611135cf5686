"""A policy that leaves something out, or says something impossible, is refused at its line."""

import contextlib
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.errors import BadInput
from app.sla import policy as policy_module
from app.sla.hours import Calendar
from app.sla.policy import Policy, Target, default_policy
from app.sla.terms import ClockKind, Counting, Severity
from app.sla.toml_document import read_toml

TEXT = (Path(policy_module.__file__).parent.parent / "data" / "policy.toml").read_text("utf-8")


def line_of(words: str, *, text: str = TEXT) -> int:
    return next(n for n, line in enumerate(text.splitlines(), start=1) if words in line)


def test_the_standard_policy_promises_what_the_agreement_says() -> None:
    policy = default_policy()
    hours = {
        (severity, kind): (target.target_s // 3600, target.limit_s // 3600, target.counting)
        for severity, kinds in policy.targets.items()
        for kind, target in kinds.items()
    }
    first, work = ClockKind.FIRST_RESPONSE, ClockKind.WORK_STARTED
    always, desk = Counting.EVERY_HOUR, Counting.BUSINESS_HOURS
    assert hours == {
        (Severity.CRITICAL, first): (2, 2, always),
        (Severity.CRITICAL, work): (2, 2, always),
        (Severity.SERIOUS, first): (6, 8, desk),
        (Severity.SERIOUS, work): (3, 4, desk),
        (Severity.MINOR, first): (12, 48, desk),
        (Severity.MINOR, work): (12, 36, desk),
        (Severity.REQUEST, first): (12, 48, desk),
    }


def test_a_policy_reads_back_equal_and_its_digest_is_that_of_its_promises() -> None:
    policy = default_policy()
    assert Policy.from_dict(policy.to_dict()) == policy
    assert Policy.from_dict(policy.to_dict()).digest() == policy.digest()
    # The same in other words: minutes for hours, another order.
    other = Policy.from_toml(TEXT.replace('"48h"', '"2880m"').replace('limit = "2h"', "limit=7200"))
    assert other.digest() == policy.digest()
    longer = Policy.from_toml(TEXT.replace('"48h"', '"49h"'))
    assert longer.digest() != policy.digest()


@pytest.mark.parametrize(
    ("before", "after", "complaint", "on"),
    [
        ('limit = "36h"', 'limit = "1h"', "targets.minor.work_started", "minor.work_started]"),
        ('["09:00", "17:00"]', '["09:00", "25:00"]', "calendars.desk.hours.mon", "mon ="),
        ('holiday_country = "NO"', 'country = "NO"', "calendars.desk.country", "holiday_country"),
        ('"every_hour"', '"hourly"', "targets.critical.first_response.counting", '"every_hour"'),
        ('target = "3h"', 'target = "soon"', "targets.serious.work_started.target", '"3h"'),
        ('target = "3h"', "target = -1", "targets.serious.work_started.target", '"3h"'),
        ('calendar = "desk"', 'calendar = "shop"', "calendar", 'calendar = "desk"'),
        ("[targets.minor.work_started]", "[targets.minor.done]", "targets.minor.done", "minor.wor"),
        ("[targets.request.", "[targets.wish.", "targets.wish", "targets.request."),
        ('limit = "36h"', 'limit = "36h"\nby = 1', "targets.minor.work_started.by", None),
        ('name = "standard"', 'name = ""', "name", "name ="),
    ],
)
def test_a_complaint_names_the_full_key_and_its_line(
    before: str, after: str, complaint: str, on: str | None
) -> None:
    Policy.from_toml(TEXT)
    line = line_of(on) if on else line_of('limit = "36h"') + 1
    with pytest.raises(BadInput) as caught:
        Policy.from_toml(TEXT.replace(before, after, 1))
    assert caught.value.field == f"{complaint} (line {line})"


def test_broken_toml_is_refused_at_its_line() -> None:
    with pytest.raises(BadInput) as caught:
        Policy.from_toml(TEXT.replace('name = "standard"', "name = standard"))
    assert caught.value.field == f"line {line_of('name =')}"


@pytest.mark.parametrize("severity", ["critical", "serious", "minor"])
@pytest.mark.parametrize("clock", ["first_response", "work_started"])
def test_a_policy_without_a_promise_for_a_fault_is_refused(severity: str, clock: str) -> None:
    document = default_policy().to_dict()
    targets = document["targets"]
    assert isinstance(targets, dict)
    del targets[severity][clock]
    with pytest.raises(BadInput, match=f"targets.{severity}.{clock}: nothing is promised"):
        Policy.from_dict(document)


@pytest.mark.parametrize("document", [None, [], "x", {}, {"calendars": 1}, {"calendars": {}}])
def test_what_is_no_policy_at_all_is_refused(document: object) -> None:
    with pytest.raises(BadInput):
        Policy.from_dict(document)


def test_calendar_days_are_whole_days() -> None:
    days = Counting.CALENDAR_DAYS
    assert Target(target_s=86_400, limit_s=172_800, counting=days).limit_s == 172_800
    with pytest.raises(ValueError, match="counted whole"):
        Target(target_s=3_600, limit_s=86_400, counting=days)


def test_a_customer_may_have_a_calendar_of_its_own() -> None:
    shop = Calendar.from_dict({"tz": "Europe/London", "hours": {"sat": [["10:00", "12:00"]]}})
    policy = default_policy().with_calendar(shop)
    assert policy.calendar(policy.target(Severity.MINOR, ClockKind.FIRST_RESPONSE)) == shop
    assert default_policy().calendar() != shop


def test_lines_are_found_through_texts_comments_lists_and_arrays_of_tables() -> None:
    text = "\n".join(
        (
            "# a = 1",
            'b = """',
            "c = 2",
            "[d]",
            '"""',
            "e = [",
            '  "[f]", # g = 3',
            "  1,",
            "]",
            "[[h]]",
            "i = 1",
            "[[h]]",
            'j."k l".m = 2',
            "[h.n]",
            "o = {p = 1, q = ['r=1']}",
        )
    )
    document = read_toml(text)
    wanted = {
        ("b",): 2,
        ("e",): 6,
        ("h", 0): 10,
        ("h", 0, "i"): 11,
        ("h", 1): 12,
        ("h", 1, "j", "k l", "m"): 13,
        ("h", 1, "n"): 14,
        ("h", 1, "n", "o"): 15,
        ("h", 1, "n", "o", "p"): 15,
    }
    assert {path: document.line_of(path) for path in wanted} == wanted
    assert ("c",) not in document.lines
    assert ("d",) not in document.lines


@given(st.text(max_size=300) | st.integers(0, len(TEXT)).map(lambda cut: TEXT[:cut]))
def test_no_text_whatever_is_more_than_refused(text: str) -> None:
    # Only what promises nothing for a fault may be cut off; anything but a refusal raises here.
    with contextlib.suppress(BadInput):
        policy = Policy.from_toml(text)
        assert policy.target(Severity.MINOR, ClockKind.WORK_STARTED) is not None


@given(st.data())
def test_a_policy_with_a_value_swapped_is_read_or_refused_and_never_fails(
    data: st.DataObject,
) -> None:
    document = default_policy().to_dict()
    place: dict[str, object] = document
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        inner = place[key]
        if not isinstance(inner, dict) or not inner or data.draw(st.booleans()):
            break
        place = inner
    place[key] = data.draw(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
            max_leaves=4,
        )
    )
    try:
        policy = Policy.from_dict(document)
    except BadInput:
        return
    targets = chain.from_iterable(kinds.values() for kinds in policy.targets.values())
    assert all(target.target_s <= target.limit_s for target in targets)
