"""Who is rung for a caller, in which order, and on which telephone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.desk.house import House
from app.desk.schedules import on_call
from app.kit.phone_numbers import parse_number
from app.models import Agent, ContactMethod, Role
from app.sla.ladder import PageChannel
from app.sla.oncall import duty_at, next_shift
from app.store import oncall, people

_SPEAKS = (PageChannel.VOICE, PageChannel.SMS)


@dataclass(frozen=True, slots=True)
class Rung:
    """One of ours, and the number that is rung."""

    agent: Agent
    number: str


def who_is_rung(session: Session, house: House, *, now: datetime) -> list[Rung]:
    """Return who may be rung, one after the other; empty when nobody has a telephone.

    1. Whoever is on call by the schedule of the settings, and whoever comes next.
    2. Everybody else who works on tickets, and then the leads.

    Nobody on leave is rung, and nobody at a number that was not proved, but the one that an
    administrator has written down.
    """
    state = on_call(session, since=now)
    staff = people.active_agents(session)
    away = {one.person for one in state.away if one.start <= now < one.end}
    first: list[str] = []
    schedule = state.schedules.get(house.settings.phone.schedule)
    if schedule is not None:
        duty = duty_at(schedule, now, state.away)
        following = next_shift(schedule, now, state.away)
        turns = (duty.person if duty else None, following.person if following else None)
        first = [person for person in turns if person is not None]
    others = [
        agent.email for role in (Role.AGENT, Role.LEAD) for agent in staff if agent.role is role
    ]
    by_email = {agent.email: agent for agent in staff if agent.email not in away}
    methods = oncall.methods(session)
    region = house.settings.phone.region
    order = [by_email[one] for one in dict.fromkeys([*first, *others]) if one in by_email]
    numbers = [(agent, telephone_of(agent, methods, region)) for agent in order]
    return [Rung(agent, number) for agent, number in numbers if number is not None]


def telephone_of(agent: Agent, methods: Iterable[ContactMethod], region: str) -> str | None:
    """Return a person's number in E.164; None where they have none that may be rung."""
    proved: Sequence[ContactMethod] = [
        one for one in methods if one.agent_id == agent.id and one.verified_at is not None
    ]
    written = [one.address for channel in _SPEAKS for one in proved if one.channel is channel]
    for number in (*written, agent.phone or ""):
        if (parsed := parse_number(number, region)) is not None:
            return parsed
    return None
