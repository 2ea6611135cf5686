"""The difference of two ladders in words, with an example timeline for each severity."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from textwrap import wrap
from zoneinfo import ZoneInfo

from app.sla.explain_words import length_in_words
from app.sla.ladder.diff import FACETS, CourseChange, Row, StepChange
from app.sla.ladder.document import Offset, Step
from app.sla.ladder.words import Anchor, Only, PageChannel
from app.sla.terms import ClockKind

_CLOCKS = {
    ClockKind.FIRST_RESPONSE: "first response",
    ClockKind.WORK_STARTED: "work started",
    ClockKind.NEXT_UPDATE: "next update",
    ClockKind.RESOLVE: "resolution",
}
_WAYS = {
    PageChannel.SMS: "SMS",
    PageChannel.VOICE: "call",
    PageChannel.PREFERRED: "own methods",
}
_ANCHORS = {Anchor.PREVIOUS: "the step before it"}
_COLUMN = 40


def diff_in_words(changes: Sequence[CourseChange], received: str, tz: ZoneInfo) -> list[str]:
    """Return the lines for people: by severity, by clock, then the example where it differs.

    ``received`` says in words when the example's ticket came; ``tz`` is where its times are told.
    """
    lines: list[str] = []
    for severity, group in groupby(changes, key=lambda change: change.severity):
        courses = list(group)
        lines += ["", severity.value.upper()] if lines else [severity.value.upper()]
        told = ((tuple(_course(one, tz)), one) for one in courses)
        for (text, promised), same in groupby(told, key=lambda pair: (pair[0], pair[1].promised)):
            alike = [one for _, one in same]
            clocks = ", ".join(_CLOCKS[one.clock] for one in alike)
            note = "" if promised else " (nothing is promised, so no moments)"
            lines += [f"  {clocks}{note}", *(f"    {line}" for line in text)]
        if any(one.rows for one in courses):
            lines += ["", *_timeline(courses, f"a {severity.value} ticket received {received}", tz)]
    return lines


def _course(change: CourseChange, tz: ZoneInfo) -> Iterator[str]:
    for step in change.steps:
        yield from _step(step, tz)
    if change.order:
        before, after = ("; ".join(names) for names in change.order)
        yield f"~ the order of the steps: {before} -> {after}"


def _step(change: StepChange, tz: ZoneInfo) -> Iterator[str]:
    before, after = change.before, change.after
    if before is None or after is None:
        sign, word = ("-", "removed") if after is None else ("+", "added")
        step = before or after
        if step is None:
            return
        yield f"{sign} {word}: {step.name}"
        yield f"    {_when(step, last_resort=change.last_resort)}: {_whom(step)}, by {_how(step)}"
        if step.repeat_times:
            yield f"    repeated {_repeats(step)}"
        return
    yield f"~ changed: {after.name}"
    moved = change.moved_s
    if moved and change.before_at and change.after_at:
        way = "later" if moved > 0 else "earlier"
        first, then = (_at(at, tz) for at in (change.before_at, change.after_at))
        yield f"    {length_in_words(abs(moved), language='en')} {way}: {first} -> {then}"
    elif change.before_at != change.after_at:
        yield "    comes due now" if change.after_at else "    does not come due any more"
    for facet in FACETS:
        if facet in change.facets:
            one, other = (
                _facet(facet, step, last_resort=change.last_resort) for step in (before, after)
            )
            yield f"    {_TITLES[facet]}: {one} -> {other}"


_TITLES = {
    "name": "called",
    "when": "when",
    "whom": "people",
    "how": "ways",
    "repeats": "repeats",
}


def _facet(facet: str, step: Step, *, last_resort: bool) -> str:
    said = {
        "name": lambda: step.name,
        "when": lambda: _when(step, last_resort=last_resort),
        "whom": lambda: _whom(step),
        "how": lambda: _how(step),
        "repeats": lambda: _repeats(step),
    }
    return said[facet]()


def _when(step: Step, *, last_resort: bool) -> str:
    when = step.when
    if isinstance(when, Offset):
        anchor = "the last page" if last_resort else _ANCHORS.get(when.anchor)
        anchor = anchor or f"the {when.anchor.value}"
        length = length_in_words(abs(when.offset_s), language="en")
        side = "after" if when.offset_s > 0 else "before"
        text = f"{length} {side} {anchor}" if when.offset_s else f"at {anchor}"
    else:
        text = f"{when.share * 100:g} % of the {when.of.value} used"
    return text if step.only is Only.ALWAYS else f"{text}, in desk hours only"


def _whom(step: Step) -> str:
    whom = ", ".join(map(str, step.whom))
    return f"{whom}, else {', '.join(map(str, step.fallback))}" if step.fallback else whom


def _how(step: Step) -> str:
    return ", ".join(_WAYS.get(way, way.value) for way in step.how)


def _repeats(step: Step) -> str:
    if step.repeat_every_s is None:
        return "none"
    every = length_in_words(step.repeat_every_s, language="en")
    return f"{step.repeat_times} more, every {every}"


def _timeline(courses: Sequence[CourseChange], title: str, tz: ZoneInfo) -> Iterator[str]:
    """Yield the moments of all clocks that differ; < only before, > only after, | otherwise."""
    yield f"  For example {title}, that nobody takes:"
    yield f"    {'':14}{'before':{_COLUMN}}   after"
    for course in courses:
        if course.rows:
            yield f"    {_CLOCKS[course.clock]}"
        for row in course.rows:
            left, right = (
                wrap(_cell(step, row.repeat), _COLUMN - 2) if step else []
                for step in (row.before, row.after)
            )
            at = _at(row.at, tz)
            for number in range(max(len(left), len(right))):
                first = number == 0
                one = left[number] if number < len(left) else ""
                other = right[number] if number < len(right) else ""
                mark = _mark(row) if first else " "
                yield f"    {at if first else '':14}{one:{_COLUMN}}{mark}  {other}".rstrip()


def _at(at: datetime, tz: ZoneInfo) -> str:
    return f"{at.astimezone(tz):{'%a %d %H:%M:%S' if at.second else '%a %d %H:%M'}}"


def _cell(step: Step, repeat: int) -> str:
    if repeat:
        return f"{step.name}, again ({repeat} of {step.repeat_times})"
    return f"{step.name}: {_whom(step)}, by {_how(step)}"


def _mark(row: Row) -> str:
    if row.before is None:
        return ">"
    if row.after is None:
        return "<"
    one, other = row.before, row.after
    alike = (one.whom, one.fallback, one.how) == (other.whom, other.fallback, other.how)
    return " " if alike and _cell(one, row.repeat) == _cell(other, row.repeat) else "|"
