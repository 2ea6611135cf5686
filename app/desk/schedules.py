"""On-call schedules: saving one, standing in, swapping; who is on call is asked of ``Rota``.

A schedule names people by their mail addresses. Every change is a new version, so that whoever was
on call last Tuesday can still be told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.desk.events import audit_of
from app.kit.errors import BadInput, Conflict, NotFound
from app.models import Agent, Leave, ScheduleVersion
from app.models.base import Id
from app.sla.oncall import Away, Override, Schedule, Shift, gaps, shifts, swapped
from app.store import oncall, people

# How far around an instant the shift that it lies in is looked for.
_AROUND = timedelta(days=100)


@dataclass(frozen=True, slots=True)
class OnCall:
    """The schedules in force and everybody's leave, as they are at one moment."""

    schedules: Mapping[str, Schedule]
    away: Sequence[Away]

    def get(self, name: str) -> Schedule:
        """Return the schedule of this name; NotFound without it."""
        if name not in self.schedules:
            raise NotFound(f"there is no schedule {name!r}", field="name")
        return self.schedules[name]

    def gaps(self, name: str, start: datetime, end: datetime) -> tuple[Shift, ...]:
        """Return when nobody is on call."""
        return gaps(self.get(name), start, end, self.away)

    def shifts(self, name: str, start: datetime, end: datetime) -> tuple[Shift, ...]:
        """Return who is on call over a stretch, with the gaps."""
        return shifts(self.get(name), start, end, self.away)


def on_call(session: Session, *, since: datetime) -> OnCall:
    """Read the schedules in force, and the leave that ends after ``since``."""
    leave = oncall.leave_after(session, since)
    emails = {agent.id: agent.email for agent in people.all_agents(session)} if leave else {}
    return OnCall(
        schedules={
            row.name: Schedule.from_dict(row.body) for row in oncall.schedules_in_force(session)
        },
        away=away_of(leave, emails),
    )


def away_of(leave: Sequence[Leave], emails: Mapping[Id, str]) -> tuple[Away, ...]:
    """Return leave as schedules see it, which know people by their addresses."""
    return tuple(
        Away(emails[row.agent_id], row.starts_at, row.ends_at)
        for row in leave
        if row.agent_id in emails
    )


def save_schedule(
    session: Session, schedule: Schedule, *, now: datetime, actor: str
) -> ScheduleVersion:
    """Put a schedule in force from now on; the same one again changes nothing.

    BadInput when it names somebody who does not work here: a page to nobody reaches nobody.
    """
    _check_people(session, schedule)
    before = oncall.newest_schedule(session, schedule.name)
    body = schedule.to_dict()
    if before is not None and before.body == body:
        return before
    version = ScheduleVersion(
        name=schedule.name,
        version=before.version + 1 if before else 1,
        body=body,
        created_at=now,
    )
    session.add(version)
    audit_of(
        session,
        "schedule",
        version.id,
        "schedule.saved",
        now=now,
        actor=actor,
        before={"version": before.version} if before else None,
        after={"name": schedule.name, "version": version.version, "digest": schedule.digest()},
    )
    return version


def add_override(
    session: Session, name: str, override: Override, *, now: datetime, actor: str
) -> Schedule:
    """Let somebody stand in, or take somebody out, for a stretch of time."""
    schedule = find_schedule(session, name)
    overrides = (*schedule.overrides, override)
    return _save_with(session, schedule, overrides, now=now, actor=actor)


def end_override(
    session: Session,
    name: str,
    key: str,
    *,
    instead: Override | None = None,
    now: datetime,
    actor: str,
) -> Schedule:
    """Take an override out of a schedule, or put another in its place.

    1. NotFound where the schedule has none of this key.
    2. One that is over stays, since it tells who was on call: Conflict.
    3. One that is under way ends now.
    4. One that is to come is gone.

    What comes instead counts as the last written.
    """
    schedule = find_schedule(session, name)
    found = next((one for one in schedule.overrides if one.key == key), None)
    if found is None:
        raise NotFound(f"the schedule {name!r} has no override {key}", field="override_id")
    if schedule.at(found.end) <= now:
        raise Conflict("this override is over: it tells who was on call")
    others = list(schedule.overrides)
    place = others.index(found)
    begun = schedule.at(found.start) < now
    others[place : place + 1] = [found.model_copy(update={"end": now})] if begun else []
    overrides = (*others, instead) if instead else tuple(others)
    return _save_with(session, schedule, overrides, now=now, actor=actor)


def _save_with(
    session: Session,
    schedule: Schedule,
    overrides: Sequence[Override],
    *,
    now: datetime,
    actor: str,
) -> Schedule:
    changed = Schedule.from_dict(
        schedule.model_copy(update={"overrides": tuple(overrides)}).to_dict()
    )
    save_schedule(session, changed, now=now, actor=actor)
    return changed


def swap(
    session: Session,
    name: str,
    *,
    first: datetime,
    second: datetime,
    note: str,
    now: datetime,
    actor: str,
) -> Schedule:
    """Exchange the shifts that two instants lie in; what is past of a shift is left as it was."""
    state = on_call(session, since=now)
    schedule = state.get(name)
    mine, theirs = (_shift_at(state, name, at, now) for at in (first, second))
    try:
        changed = swapped(schedule, mine, theirs, note=note)
    except ValueError as error:
        raise Conflict(str(error), field="second") from None
    save_schedule(session, changed, now=now, actor=actor)
    return changed


def find_schedule(session: Session, name: str) -> Schedule:
    """Return the schedule in force; NotFound without it."""
    row = oncall.newest_schedule(session, name)
    if row is None:
        raise NotFound(f"there is no schedule {name!r}", field="name")
    return Schedule.from_dict(row.body)


def _shift_at(state: OnCall, name: str, at: datetime, now: datetime) -> Shift:
    if at < now:
        raise BadInput("a shift that is past cannot be swapped", field="first")
    for shift in state.shifts(name, max(now, at - _AROUND), at + _AROUND):
        if shift.start <= at < shift.end:
            return shift
    raise BadInput("there is no shift at that instant")


def _check_people(session: Session, schedule: Schedule) -> None:
    known: dict[str, Agent] = {agent.email: agent for agent in people.active_agents(session)}
    strangers = sorted(schedule.everybody - set(known))
    if strangers:
        raise BadInput(
            f"{strangers[0]!r} is on call, but is no active agent's mail address",
            field="layers",
            remedy="Add them with `svartid staff add`, or correct the name.",
        )
