"""What a simulation is told: how many tickets come, when, and who is there to answer."""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field, model_validator

from app.sla.documents import Document, from_mapping, from_toml
from app.sla.ladder import PageChannel
from app.sla.oncall import Schedule
from app.sla.oncall.document import TimeOfDay, seconds_of
from app.sla.terms import Severity
from escalation.contact import OwnMethod, Profile, QuietHours

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[int, Field(ge=1, le=7 * 24 * 3600)]

# The local hours of a working day in which most tickets come.
_BUSY_FROM, _BUSY_TO = 8, 17

_USUAL: dict[Severity, float] = {
    Severity.CRITICAL: 3,
    Severity.SERIOUS: 17,
    Severity.MINOR: 35,
    Severity.REQUEST: 45,
}


class Colleague(Document):
    """One person, and how likely it is that a page is answered."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    roles: tuple[str, ...] = ()
    team: str = ""
    # At the desk in its opening hours, taking tickets from the queue unasked.
    at_desk: bool = True
    # The first is the preferred one.
    methods: Annotated[tuple[PageChannel, ...], Field(min_length=1)] = (
        PageChannel.VOICE,
        PageChannel.SMS,
        PageChannel.MAIL,
    )
    quiet_from: TimeOfDay | None = None
    quiet_to: TimeOfDay | None = None
    # How likely a page is answered: by day, and in the night (22:00 to 07:00).
    answers: Share = 0.9
    wakes: Share = 0.7

    @model_validator(mode="after")
    def _check_quiet(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_to is None):
            raise ValueError("quiet_from and quiet_to are given together, or neither")
        return self

    @property
    def is_agent(self) -> bool:
        """Return whether the person works on tickets, and neither leads nor administers."""
        return not self.roles or "agent" in self.roles

    def profile(self, tz: ZoneInfo) -> Profile:
        """Return the person as the choice of methods sees one."""
        quiet = None
        if self.quiet_from is not None and self.quiet_to is not None:
            quiet = QuietHours(_time(self.quiet_from), _time(self.quiet_to))
        methods = [OwnMethod(one, "", verified=True) for one in self.methods]
        # The address that somebody signs in with is the last to try.
        if PageChannel.MAIL not in self.methods:
            methods.append(OwnMethod(PageChannel.MAIL, "", verified=True, urgencies=frozenset()))
        return Profile(self.name, tuple(methods), tz, quiet=quiet)


class Scenario(Document):
    """A desk over a stretch of time."""

    name: str = "a small desk"
    tz: str = "Europe/Oslo"
    starts: AwareDatetime = datetime(2027, 1, 1, tzinfo=UTC)
    days: Annotated[int, Field(ge=1, le=3660)] = 365
    tickets_per_day: Annotated[float, Field(gt=0, le=10_000)] = 12.0
    # How tickets are spread over the severities, in any unit.
    severities: dict[Severity, Annotated[float, Field(ge=0)]] = Field(
        default_factory=lambda: dict(_USUAL)
    )
    # How many tickets come in an hour outside a working day's busy ones, against one of those.
    off_hours: Share = 0.15
    staff: Annotated[tuple[Colleague, ...], Field(min_length=1)]
    schedules: tuple[Schedule, ...] = ()
    # Half of what comes in the desk's hours is seen in the queue within this much of them.
    noticed_s: Seconds = 2700
    # Half of the pages that are answered are answered within this time, by a call or an SMS ...
    answered_s: Seconds = 150
    # ... and by mail or chat, which nobody reads outside the desk's hours.
    mail_answered_s: Seconds = 1200
    # Half of the tickets that are taken have their first answer within this time of work ...
    first_answer_s: Seconds = 900
    # ... and keep a person busy for this long in all.
    work_s: Seconds = 2400

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        names = [one.name for one in self.staff]
        if len(names) != len(set(names)):
            raise ValueError("two of the staff have the same name")
        if not any(self.severities.values()):
            raise ValueError("no severity has a share above nought")
        for schedule in self.schedules:
            strangers = sorted(schedule.everybody - set(names))
            if strangers:
                raise ValueError(f"{strangers[0]!r} is on call, but not of the staff")
        return self

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """Read a scenario; BadInput names the full key and the line."""
        return from_toml(cls, text)

    @classmethod
    def from_dict(cls, raw: Mapping[str, object]) -> Self:
        """Read a scenario from plain data; BadInput names the full key."""
        return from_mapping(cls, raw)

    def busyness(self, local: datetime) -> float:
        """Return how many tickets come at a local hour, against the busiest hour of the week."""
        busy = local.weekday() < 5 and _BUSY_FROM <= local.hour < _BUSY_TO
        return 1.0 if busy else self.off_hours


def a_small_desk(people: int = 4) -> Scenario:
    """Return a desk of some people who take turns on call by the week, one of them leading."""
    names = [f"agent {number + 1}" for number in range(people)]
    week = {"name": "week", "people": names, "starts": "2026-12-28T08:00:00"}
    return Scenario.from_dict(
        {
            "staff": [
                *({"name": name} for name in names),
                {"name": "lead", "roles": ["lead"]},
                {"name": "manager", "roles": ["admin"], "at_desk": False},
            ],
            "schedules": [{"name": "desk", "tz": "Europe/Oslo", "layers": [week]}],
        }
    )


def _time(text: str) -> time:
    seconds = seconds_of(text) % (24 * 3600)
    return time(seconds // 3600, seconds % 3600 // 60)
