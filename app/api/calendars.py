"""Calendars: when the desk is open by the policies in force. They are changed with the policy."""

from datetime import date, datetime, timedelta
from typing import Self

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.context import Reader
from app.api.paging import Page, Paged, cut_all
from app.api.problems import responses
from app.desk.policies import all_in_force
from app.kit.errors import BadInput
from app.sla.hours import Calendar
from app.sla.opening import DayKind, dates_between
from app.sla.policy import Policy

router = APIRouter(tags=["policies"], responses=responses(401, 403, 404, 422, 503))
_AHEAD = timedelta(days=365)


class DayOut(BaseModel):
    """A date that is unlike its week."""

    date: date
    kind: DayKind
    name: str = Field(description="Empty where the calendar names none.")


class CalendarOut(BaseModel):
    """When a desk is open, and how it is now."""

    policy: str
    name: str
    default: bool = Field(description="Whether promises that name no calendar are counted in it.")
    tz: str
    is_open: bool
    opens_at: datetime | None = Field(description="Null while it is open, or if it never is again.")
    days: list[DayOut] = Field(description="Of the coming year: closed, short or otherwise other.")
    body: dict[str, object]

    @classmethod
    def of(cls, policy: Policy, name: str, now: datetime) -> Self:
        """Return one of a policy's calendars as it is now."""
        calendar = policy.calendars[name]
        return cls(
            policy=policy.name,
            name=name,
            default=name == policy.calendar_name,
            tz=calendar.tz.key,
            is_open=calendar.is_open(now),
            opens_at=_opens_at(calendar, now),
            days=_days(calendar, now),
            body=calendar.to_dict(),
        )


class CalendarPage(Page[CalendarOut]):
    """A page of calendars."""


@router.get("/calendars", operation_id="list_calendars")
def list_calendars(context: Reader, wanted: Paged) -> CalendarPage:
    """List the calendars of the policies in force, by policy and name."""
    now = context.now
    with context.reading() as session:
        found = [
            (policy, name)
            for policy in all_in_force(session, context.house, now)
            for name in sorted(policy.calendars)
        ]
    page, cursor = cut_all(found, wanted, str, str, key=lambda one: (one[0].name, one[1]))
    return CalendarPage(items=[CalendarOut.of(*one, now) for one in page], next=cursor)


def _opens_at(calendar: Calendar, now: datetime) -> datetime | None:
    if calendar.is_open(now):
        return None
    try:
        return calendar.next_opening(now)
    except BadInput:  # Every date that follows is closed.
        return None


def _days(calendar: Calendar, now: datetime) -> list[DayOut]:
    today = now.astimezone(calendar.tz).date()
    return [
        DayOut(date=on, kind=day.kind, name=day.name)
        for on in dates_between(today, today + _AHEAD)
        if (day := calendar.day(on)).kind is not DayKind.WEEK
    ]
