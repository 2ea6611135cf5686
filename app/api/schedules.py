"""On-call schedules: who is on call when, standing in, swapping, and feeds for calendars."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from app.api.context import Lead, Reader, Writer
from app.api.paging import Page, Paged, Paging, cut_all
from app.api.problems import responses
from app.api.ticket_schemas import Address, Body, MaybeReason
from app.desk import schedules as desk
from app.desk.house import House
from app.desk.links import feed_url, is_feed_link
from app.kit.clock import Clock
from app.kit.db import Database
from app.kit.errors import BadInput, NotFound
from app.sla.oncall import (
    Override,
    Schedule,
    Shift,
    calendar_feed,
    duty_at,
    duty_events,
    next_shift,
)
from app.store import oncall, people

router = APIRouter(
    prefix="/schedules", tags=["on call"], responses=responses(401, 403, 404, 422, 503)
)
# Calendar programs cannot send a token: the address itself is the key.
feeds = APIRouter(tags=["on call"], include_in_schema=False)
_FEED_BACK, _FEED_AHEAD = timedelta(days=30), timedelta(days=180)
_LONGEST = timedelta(days=370)


class ShiftOut(BaseModel):
    """One person on call from one instant up to another."""

    start: datetime
    end: datetime
    person: str | None = Field(description="A mail address; null where nobody is on call.")

    @classmethod
    def of(cls, shift: Shift) -> "ShiftOut":
        """Return the shift."""
        return cls(start=shift.start, end=shift.end, person=shift.person)


class ScheduleOut(BaseModel):
    """A schedule, and who is on call by it."""

    ETAG: ClassVar = ("name", "document")

    name: str
    now: str | None = Field(description="Who is on call now; null for a gap.")
    next: ShiftOut | None = Field(description="The next shift of somebody else.")
    feed: str = Field(description="The address of its calendar feed; whoever has it may read it.")
    own_feed: str = Field(description="The same with your own shifts alone.")
    document: dict[str, Any]


class SchedulePage(Page[ScheduleOut]):
    """A page of schedules."""


class ShiftPage(Page[ShiftOut]):
    """A page of shifts."""


class WantedShifts(Paging):
    """Over which stretch of time; its ends stay the same from page to page."""

    start: AwareDatetime | None = Field(None, description="Left out, now.")
    end: AwareDatetime | None = Field(None, description="Left out, four weeks on.")


class OverrideIn(Body):
    """Who stands in, for whom, from when to when."""

    start: AwareDatetime
    end: AwareDatetime
    person: Address | None = Field(None, description="Left out, nobody: the next layer counts.")
    instead_of: Address | None = Field(None, description="Left out, whoever it would have been.")
    note: MaybeReason = ""


class OverrideOut(BaseModel):
    """A stretch of time in which the schedule is not what its layers say."""

    id: str = Field(description="The same for as long as nobody changes it.")
    start: datetime
    end: datetime
    person: str | None = Field(description="Who stands in; null where the next layer counts.")
    instead_of: str | None = Field(description="Null for whoever it would have been.")
    note: str

    @classmethod
    def of(cls, schedule: Schedule, override: Override) -> "OverrideOut":
        """Return an override of the schedule."""
        return cls(
            id=override.key,
            start=schedule.at(override.start),
            end=schedule.at(override.end),
            person=override.person,
            instead_of=override.instead_of,
            note=override.note,
        )


class OverridePage(Page[OverrideOut]):
    """A page of overrides, in the order in which they begin."""


class SwapIn(Body):
    """Two instants, each within one of the shifts to be exchanged."""

    first: AwareDatetime
    second: AwareDatetime
    note: MaybeReason = ""


@router.get("", operation_id="list_schedules")
def list_schedules(context: Reader, wanted: Paged) -> SchedulePage:
    """List the schedules, each with who is on call now and next."""
    with context.reading() as session:
        state = desk.on_call(session, since=context.now)
    page, cursor = cut_all(list(state.schedules), wanted, str, key=lambda name: (name,))
    return SchedulePage(items=[_shown(context, state, name) for name in page], next=cursor)


@router.get("/{name}", operation_id="get_schedule")
def get_schedule(context: Reader, name: str) -> ScheduleOut:
    """Read one schedule."""
    with context.reading() as session:
        state = desk.on_call(session, since=context.now)
    return _shown(context, state, name)


@router.put("/{name}", operation_id="save_schedule")
def put_schedule(context: Lead, name: str, body: dict[str, Any]) -> ScheduleOut:
    """Put a schedule in force; what it was before is kept as an earlier version."""
    schedule = Schedule.from_dict({"name": name, **body})
    if schedule.name != name:
        raise BadInput(f"this is the schedule {schedule.name!r}, not {name!r}", field="name")
    with context.db.writing() as session:
        desk.save_schedule(session, schedule, now=context.now, actor=context.actor)
        session.flush()
        return _shown(context, desk.on_call(session, since=context.now), name)


@router.get("/{name}/shifts", operation_id="list_shifts")
def list_shifts(context: Reader, name: str, wanted: Annotated[WantedShifts, Query()]) -> ShiftPage:
    """Read who is on call over a stretch of time, gaps included."""
    start, end = _stretch(context.now, wanted.start, wanted.end)
    with context.reading() as session:
        state = desk.on_call(session, since=start)
    return _page(state.shifts(name, start, end), wanted)


@router.get("/{name}/gaps", operation_id="list_gaps")
def list_gaps(context: Reader, name: str, wanted: Annotated[WantedShifts, Query()]) -> ShiftPage:
    """Read when nobody is on call; an empty list is what one wants."""
    start, end = _stretch(context.now, wanted.start, wanted.end)
    with context.reading() as session:
        state = desk.on_call(session, since=start)
    return _page(state.gaps(name, start, end), wanted)


@router.get("/{name}/overrides", operation_id="list_overrides")
def list_overrides(context: Reader, name: str, wanted: Paged) -> OverridePage:
    """List who stands in for whom, from now on; `shifts` tells what was before."""
    with context.reading() as session:
        schedule = desk.find_schedule(session, name)
    coming = [
        OverrideOut.of(schedule, one)
        for one in schedule.overrides
        if schedule.at(one.end) > context.now
    ]
    page, cursor = cut_all(coming, wanted, datetime, str, key=lambda one: (one.start, one.id))
    return OverridePage(items=page, next=cursor)


@router.post("/{name}/overrides", operation_id="override_schedule", status_code=201)
def post_override(context: Writer, name: str, body: OverrideIn) -> ScheduleOut:
    """Let somebody stand in, or take somebody out."""
    override = _read(body)
    with context.db.writing() as session:
        desk.add_override(session, name, override, now=context.now, actor=context.actor)
        session.flush()
        return _shown(context, desk.on_call(session, since=context.now), name)


@router.put(
    "/{name}/overrides/{override_id}", operation_id="change_override", responses=responses(409)
)
def put_override(context: Writer, name: str, override_id: str, body: OverrideIn) -> ScheduleOut:
    """Put another override in the place of this one, which gets an id of its own.

    What has passed of this one is left as it was.
    """
    override = _read(body)
    with context.db.writing() as session:
        desk.end_override(
            session, name, override_id, instead=override, now=context.now, actor=context.actor
        )
        session.flush()
        return _shown(context, desk.on_call(session, since=context.now), name)


@router.delete(
    "/{name}/overrides/{override_id}",
    operation_id="remove_override",
    status_code=204,
    responses=responses(409),
)
def delete_override(context: Writer, name: str, override_id: str) -> Response:
    """Take an override out: it is as the layers say again. One under way ends now."""
    with context.db.writing() as session:
        desk.end_override(session, name, override_id, now=context.now, actor=context.actor)
    return Response(status_code=204)


@router.post("/{name}/swaps", operation_id="swap_shifts", status_code=201, responses=responses(409))
def post_swap(context: Writer, name: str, body: SwapIn) -> ScheduleOut:
    """Exchange two people's shifts."""
    with context.db.writing() as session:
        desk.swap(
            session,
            name,
            first=body.first,
            second=body.second,
            note=body.note,
            now=context.now,
            actor=context.actor,
        )
        session.flush()
        return _shown(context, desk.on_call(session, since=context.now), name)


@feeds.get("/feeds/{name}/{who}/{mark}.ics")
def feed(request: Request, name: str, who: str, mark: str) -> Response:
    """Return a schedule as a calendar; ``who`` is an agent's id, or ``all``."""
    db: Database = request.app.state.db
    house: House = request.app.state.house
    clock: Clock = request.app.state.clock
    if not is_feed_link(house, name, who, mark):
        raise NotFound("this link is not one of ours")
    now = clock.now()
    with db.reading() as session:
        state = desk.on_call(session, since=now - _FEED_BACK)
        schedule = state.get(name)
        version = oncall.newest_schedule(session, name)
        agent = None if who == "all" else people.find_agent(session, UUID(who))
    events = duty_events(
        schedule,
        now - _FEED_BACK,
        now + _FEED_AHEAD,
        state.away,
        person=agent.email if agent else None,
        language=agent.language if agent else house.settings.desk.language.value,
        domain=house.settings.desk.url.split("//")[-1].split("/")[0].split(":")[0],
    )
    text = calendar_feed(events, name=name, stamp=version.created_at if version else now)
    return Response(text, media_type="text/calendar; charset=utf-8")


def _read(body: OverrideIn) -> Override:
    try:
        return Override.model_validate(body.model_dump())
    except ValidationError as error:
        first = error.errors()[0]
        reason = first["msg"].removeprefix("Value error, ")
        raise BadInput(reason, field=".".join(["body", *map(str, first["loc"])])) from error


def _page(shifts: Sequence[Shift], wanted: Paging) -> ShiftPage:
    page, cursor = cut_all(shifts, wanted, datetime, key=lambda shift: (shift.start,))
    return ShiftPage(items=[ShiftOut.of(shift) for shift in page], next=cursor)


def _stretch(
    now: datetime, start: datetime | None, end: datetime | None
) -> tuple[datetime, datetime]:
    begin = start or now
    finish = end or begin + timedelta(days=28)
    if not begin < finish <= begin + _LONGEST:
        raise BadInput("ask for at most a year, from its start to its end", field="end")
    return begin, finish


def _shown(context: Reader, state: desk.OnCall, name: str) -> ScheduleOut:
    schedule = state.get(name)
    duty = duty_at(schedule, context.now, state.away)
    coming = next_shift(schedule, context.now, state.away)
    return ScheduleOut(
        name=name,
        now=duty.person if duty else None,
        next=ShiftOut.of(coming) if coming else None,
        feed=feed_url(context.house, name, "all"),
        own_feed=feed_url(context.house, name, str(context.agent.id)),
        document=schedule.to_dict(),
    )
