"""``svartid schedule``: who is on call, before anybody can sign in to the API."""

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import typer

from app.cli.ladder import read
from app.cli.options import ConfigFile, open_database, settings_of
from app.config import Settings
from app.desk import schedules as desk
from app.desk.events import OPERATOR
from app.desk.schedules import OnCall
from app.kit.clock import MachineClock
from app.sla.oncall import Schedule, duty_at, next_shift

commands = typer.Typer(help="Who is on call, and when.", no_args_is_help=True)


@commands.command("set")
def set_schedule(
    file: Annotated[Path, typer.Argument(help="A schedule in TOML; see docs/on-call.md.")],
    config: ConfigFile = None,
) -> None:
    """Put a schedule in force from now on; what it was before is kept."""
    _save(settings_of(config), read(file, Schedule.from_toml))


@commands.command("weekly")
def weekly(
    name: Annotated[str, typer.Argument(help="The schedule, as ladders name it: desk.")],
    people: Annotated[list[str], typer.Argument(help="Mail addresses, in the order of turns.")],
    at: Annotated[str, typer.Option(help="When they hand over on Mondays.")] = "09:00",
    config: ConfigFile = None,
) -> None:
    """Let people take turns week by week, from this week on; one alone is always on call."""
    settings = settings_of(config)
    try:
        hand_over = time.fromisoformat(at)
    except ValueError:
        raise typer.BadParameter(f"{at!r} is no time of day; write it like 09:00") from None
    today = MachineClock().now().astimezone(settings.zone)
    monday = (today - timedelta(days=today.weekday())).date()
    starts = datetime.combine(monday, hand_over)
    if starts > today.replace(tzinfo=None):
        # It is Monday, and not yet time: somebody is on call until then.
        starts -= timedelta(weeks=1)
        people = [people[-1], *people[:-1]]
    layer = {"name": "week", "people": people, "starts": starts.isoformat(), "every": "week"}
    document = {"name": name, "tz": settings.desk.time_zone, "layers": [layer]}
    _save(settings, Schedule.from_dict(document))


@commands.command("show")
def show(config: ConfigFile = None) -> None:
    """Tell who is on call now and next, by each schedule."""
    settings = settings_of(config)
    now = MachineClock().now()
    with open_database(settings) as db, db.reading() as session:
        state = desk.on_call(session, since=now)
    for name in state.schedules:
        print(_told(settings, state, name, now))
    if not state.schedules:
        print("There is none yet. Make one with `svartid schedule weekly` or `set`.")


def _save(settings: Settings, schedule: Schedule) -> None:
    now = MachineClock().now()
    with open_database(settings) as db, db.writing() as session:
        desk.save_schedule(session, schedule, now=now, actor=OPERATOR)
        session.flush()
        state = desk.on_call(session, since=now)
    print(_told(settings, state, schedule.name, now))


def _told(settings: Settings, state: OnCall, name: str, now: datetime) -> str:
    schedule = state.get(name)
    duty = duty_at(schedule, now, state.away)
    after = next_shift(schedule, now, state.away)
    then = ""
    if after is not None:
        when = after.start.astimezone(settings.zone)
        then = f"; from {when:%Y-%m-%d %H:%M} {after.person or 'nobody'}"
    return f"{name}: {duty.person if duty else 'nobody'} now{then}"
