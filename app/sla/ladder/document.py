"""A ladder as people write it, checked: which steps there are, when, whom and how.

A document that passes here can be climbed. Whether its receivers can be reached today is another
question, answered by ``app.sla.ladder.reach``. The format is described in ``docs/ladders.md``.
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from itertools import product
from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, PrivateAttr, Tag, model_validator

from app.sla.documents import Document, digest_of, from_mapping, from_toml
from app.sla.ladder.words import Anchor, Only, PageChannel, ReceiverField, ReceiverKind
from app.sla.terms import ClockKind, Severity

_DAY_S = 24 * 3600
# Calls and messages closer together than this cost money and reach nobody sooner.
_SHORTEST_REPEAT_S = 60


class ShareUsed(Document):
    """When a share of the target or the limit is used, in the time that the clock counts."""

    of: Annotated[Anchor, Field(description="target or limit")]
    share: Annotated[float, Field(ge=0, le=5)]

    @model_validator(mode="after")
    def _check_of(self) -> Self:
        if self.of not in {Anchor.TARGET, Anchor.LIMIT}:
            raise ValueError("a share is of the target or of the limit")
        return self


class Offset(Document):
    """Seconds before (below nought) or after an anchor, by the wall."""

    anchor: Anchor
    offset_s: Annotated[int, Field(ge=-30 * _DAY_S, le=30 * _DAY_S)] = 0

    @model_validator(mode="after")
    def _check_direction(self) -> Self:
        if self.anchor in {Anchor.START, Anchor.PREVIOUS} and self.offset_s < 0:
            raise ValueError(f"nothing happens before the {self.anchor.value}")
        return self


def _kind_of_when(value: object) -> str:
    if isinstance(value, ShareUsed) or (isinstance(value, Mapping) and "share" in value):
        return "~share"
    return "~offset"


When = Annotated[
    Annotated[ShareUsed, Tag("~share")] | Annotated[Offset, Tag("~offset")],
    Discriminator(_kind_of_when),
]

Receivers = Annotated[tuple[ReceiverField, ...], Field(min_length=1, max_length=20)]
Channels = Annotated[tuple[PageChannel, ...], Field(min_length=1, max_length=6)]


class Step(Document):
    """One rung: at its time it pages its receivers, and again until somebody has taken it."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    # Left out, a step is for every clock, and for every severity.
    clocks: Annotated[tuple[ClockKind, ...], Field(min_length=1)] = tuple(ClockKind)
    severities: Annotated[tuple[Severity, ...], Field(min_length=1)] = tuple(Severity)
    when: When
    whom: Receivers
    # Asked when nobody in ``whom`` is found or can be reached.
    fallback: tuple[ReceiverField, ...] = ()
    how: Channels = (PageChannel.PREFERRED,)
    repeat_every_s: Annotated[int, Field(ge=_SHORTEST_REPEAT_S, le=7 * _DAY_S)] | None = None
    repeat_times: Annotated[int, Field(ge=0, le=100)] = 0
    only: Only = Only.ALWAYS

    @model_validator(mode="after")
    def _check_repeat(self) -> Self:
        if (self.repeat_every_s is None) != (self.repeat_times == 0):
            raise ValueError("repeat_every_s and repeat_times are given together, or neither")
        return self

    def applies(self, clock: ClockKind, severity: Severity) -> bool:
        """Return whether the step is for this clock of a ticket of this severity."""
        return clock in self.clocks and severity in self.severities


class CatchAll(Document):
    """Who is paged when the last step is exhausted, and when nobody else could be reached."""

    name: Annotated[str, Field(min_length=1, max_length=80)] = "Catch-all"
    whom: Receivers = Field(default=("catch_all",), validate_default=True)
    how: Channels = (PageChannel.PREFERRED,)
    # How long the last page of the last step may go unanswered.
    after_s: Annotated[int, Field(ge=0, le=7 * _DAY_S)] = 300

    @model_validator(mode="after")
    def _check_somebody(self) -> Self:
        if all(receiver.kind is ReceiverKind.ASSIGNEE for receiver in self.whom):
            raise ValueError("a ticket may have no assignee; the last resort must be somebody")
        return self


class Ladder(Document):
    """The steps of escalation, in the order in which they are meant to be climbed."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=50)]
    catch_all: CatchAll = CatchAll()
    # A ladder never changes, and its steps are asked for at every look at a clock.
    _steps_for: dict[tuple[ClockKind, Severity], tuple[tuple[int, Step], ...]] = PrivateAttr(
        default_factory=dict
    )

    @model_validator(mode="after")
    def _check_steps(self) -> Self:
        names = [step.name for step in self.steps]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two steps are called {twice[0]!r}; a page must be told from another")
        for clock, severity in product(ClockKind, Severity):
            first = next(iter(self.steps_for(clock, severity)), None)
            when = first[1].when if first else None
            if first and isinstance(when, Offset) and when.anchor is Anchor.PREVIOUS:
                raise ValueError(
                    f"step {first[1].name!r} follows a previous one, but it is the first for "
                    f"{clock.value} of a {severity.value} ticket"
                )
        return self

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """Read a ladder; BadInput names the full key and the line."""
        return from_toml(cls, text)

    @classmethod
    def from_dict(cls, raw: Mapping[str, object]) -> Self:
        """Read a ladder from what ``to_dict`` wrote; BadInput names the full key."""
        return from_mapping(cls, raw)

    def to_dict(self) -> dict[str, Any]:
        """Return the ladder in its canonical form, with every default written out."""
        return self.model_dump(mode="json")

    def digest(self) -> str:
        """Return the SHA-256 of the canonical form: the same promise has the same digest."""
        return digest_of(self.to_dict())

    def steps_for(self, clock: ClockKind, severity: Severity) -> tuple[tuple[int, Step], ...]:
        """Return the steps for this clock and severity, each with its number in the ladder."""
        known = self._steps_for.get((clock, severity))
        if known is None:
            known = self._steps_for[clock, severity] = tuple(
                (number, step)
                for number, step in enumerate(self.steps)
                if step.applies(clock, severity)
            )
        return known


@cache
def default_ladder() -> Ladder:
    """Return the ladder that is shipped, for a desk that has written none."""
    file = resources.files("app") / "data" / "ladder.toml"
    return Ladder.from_toml(file.read_text(encoding="utf-8"))
