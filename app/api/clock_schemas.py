"""How a deadline came about, as the API tells it."""

from datetime import date, datetime, timedelta
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.desk.explain import Told
from app.sla.downtime import Downtime, Stretch
from app.sla.opening import DayKind
from app.sla.terms import ClockEventKind, ClockKind, ClockStatus, Counting, Exclusion, Severity


class _Part(BaseModel):
    """Read from plain data whose keys may be words of the language."""

    model_config = ConfigDict(populate_by_name=True)


class BasisOut(_Part):
    """What the promise is, and how its time is counted."""

    counting: Counting
    target_s: int
    limit_s: int
    time_zone: str
    promised_at: datetime | None


class CountedOut(_Part):
    """A stretch that counted."""

    start: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    seconds: int


class StoodOut(_Part):
    """A pause or an exclusion: when, who said so and why."""

    kind: str = Field(examples=["pause", "exclusion"])
    because: Exclusion | None = Field(description="The agreement's exception; null for a pause.")
    start: datetime = Field(alias="from")
    end: datetime | None = Field(alias="to", description="Null while it lasts.")
    actor: str
    reason: str
    ref: str = Field(description="The exclusion's id; empty for a pause.")


class SkippedOut(_Part):
    """A day with hours of its own, such as a public holiday."""

    on: date = Field(alias="date")
    kind: DayKind
    name: str


class RoundOut(_Part):
    """An earlier round of the promise to keep the customer informed."""

    start: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    limit_at: datetime | None
    breached_at: datetime | None


class ChangeOut(_Part):
    """A change of severity or policy, or a breach that was written down."""

    kind: ClockEventKind
    at: datetime
    severity: Severity | None
    policy: UUID | None
    actor: str
    reason: str


class ExplainedOut(_Part):
    """One clock, told: the seconds of `counted` add up to `elapsed_s` exactly."""

    kind: ClockKind
    status: ClockStatus = Field(
        description="As the ladder sees it: `cancelled` while the ticket is solved."
    )
    state: ClockStatus = Field(description="As the log has it.")
    severity: Severity | None
    policy: UUID | None = Field(description="The policy version that the promise is of.")
    received_at: datetime | None
    basis: BasisOut | None = Field(description="Null when nothing is promised.")
    counted: list[CountedOut]
    elapsed_s: int
    stood_still: list[StoodOut]
    skipped_days: list[SkippedOut]
    rounds: list[RoundOut]
    changes: list[ChangeOut]
    target_at: datetime | None
    limit_at: datetime | None
    remaining_target_s: int | None = Field(description="Left to the target while it stands still.")
    remaining_limit_s: int | None
    met_at: datetime | None
    cancelled_at: datetime | None
    kept: bool | None
    breached_at: datetime | None
    breaches: list[ChangeOut]
    words: list[str] = Field(description="The same, in sentences.")

    @classmethod
    def of(cls, told: Told) -> Self:
        """Return the explanation."""
        return cls.model_validate(
            {**told.explanation.to_dict(), "status": told.status, "words": list(told.words)}
        )


class ClocksOut(BaseModel):
    """Every clock of a ticket, as it stands at `now`."""

    number: int
    now: datetime
    language: str
    clocks: list[ExplainedOut]


class DowntimeOut(BaseModel):
    """How long a critical fault kept the customer without the service, to the second."""

    number: int
    now: datetime
    seconds: int = Field(description="What counts: true time, without exclusions.")
    excluded_s: int
    counted: list[CountedOut]
    excluded: list[CountedOut]

    @classmethod
    def of(cls, number: int, now: datetime, told: Downtime) -> Self:
        """Return the downtime."""
        return cls(
            number=number,
            now=now,
            seconds=told.seconds,
            excluded_s=told.excluded_s,
            counted=[_counted(part) for part in told.counted],
            excluded=[_counted(part) for part in told.excluded],
        )


def _counted(part: Stretch) -> CountedOut:
    start, end = part
    return CountedOut(start=start, end=end, seconds=(end - start) // timedelta(seconds=1))
