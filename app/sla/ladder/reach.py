"""Finds the steps of a ladder that reach nobody, before they are needed.

Asked when a ladder is saved, by ``svartid doctor`` and by the daily check: a schedule that was
filled when the ladder was written may have run empty since.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

from app.sla.ladder.document import Ladder
from app.sla.ladder.words import PageChannel, Receiver, ReceiverKind
from app.sla.terms import FAULTS, ClockKind, Severity

# Answers why a receiver cannot be reached by these channels; an empty text when it can be.
WhyNot = Callable[[Receiver, tuple[PageChannel, ...]], str]


@dataclass(frozen=True, slots=True)
class DeadStep:
    """A step whose receivers all reach nobody, and why."""

    step: int
    name: str
    reasons: tuple[str, ...]


def check_reachability(ladder: Ladder, why_not: WhyNot) -> tuple[DeadStep, ...]:
    """Return the steps that can reach nobody; an empty tuple when every step reaches somebody.

    The catch-all is checked too, as the step after the last. A ticket's assignee is nobody until
    it has one, so an assignee alone is no answer: the step needs a fallback.
    """
    steps = [
        (number, step.name, (*step.whom, *step.fallback), step.how)
        for number, step in enumerate(ladder.steps)
    ]
    last = ladder.catch_all
    steps.append((len(steps), last.name, last.whom, last.how))
    dead = []
    for number, name, receivers, how in steps:
        reasons = [_why_not(receiver, how, why_not) for receiver in receivers]
        if all(reasons):
            dead.append(DeadStep(number, name, tuple(reasons)))
    return tuple(dead)


def silences(ladder: Ladder) -> list[str]:
    """Return the promises on faults for which a ladder has no step; that may be meant."""
    promised = (ClockKind.FIRST_RESPONSE, ClockKind.WORK_STARTED)
    faults = sorted(FAULTS, key=lambda severity: severity.rank)
    return [
        f"no step is for {kind.value} of a {severity.value} ticket, so nobody is told of it"
        for severity, kind in product(faults, promised)
        if not ladder.steps_for(kind, Severity(severity))
    ]


def _why_not(receiver: Receiver, how: tuple[PageChannel, ...], why_not: WhyNot) -> str:
    if receiver.kind is ReceiverKind.ASSIGNEE:
        return "assignee: a ticket may have none, and there is no fallback that is reached"
    reason = why_not(receiver, how)
    return f"{receiver}: {reason}" if reason else ""
