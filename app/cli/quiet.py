"""``svartid quiet``: what gets no automatic mail at present, and why."""

import sys
from datetime import timedelta
from typing import Annotated

import typer

from app.cli.options import ConfigFile, open_database, settings_of
from app.kit.clock import MachineClock
from app.models import MailStop
from app.store import quiet as stops

commands = typer.Typer(help="What gets no automatic mail at present.", no_args_is_help=True)
Scope = Annotated[
    str, typer.Argument(help="An address, @domain for a whole domain, or * for everybody.")
]


@commands.command("list")
def list_stops(config: ConfigFile = None) -> None:
    """List what is stopped, until when, and why."""
    with open_database(settings_of(config)) as db, db.reading() as session:
        found = stops.all_stops(session, MachineClock().now())
    for stop in found:
        print(f"{stop.scope}  until {stop.until.isoformat(timespec='minutes')}  {stop.reason}")
    if not found:
        print("Nothing is stopped.")


@commands.command("stop")
def stop_scope(
    scope: Scope,
    hours: Annotated[float, typer.Option("--hours", min=0.1, help="For how long.")] = 4.0,
    reason: Annotated[str, typer.Option("--reason", help="Why; shown to staff.")] = "by hand",
    config: ConfigFile = None,
) -> None:
    """Send nothing automatic to an address, a domain or anybody; replies of people still go out."""
    if scope != "*" and "@" not in scope:
        raise typer.BadParameter("write an address, @domain, or *.")
    now = MachineClock().now()
    with open_database(settings_of(config)) as db, db.writing() as session:
        until = now + timedelta(hours=hours)
        row = MailStop(scope=scope.lower(), since=now, until=until, reason=reason)
        stops.put_stop(session, row)
    print(f"{scope} gets nothing automatic until {until.isoformat(timespec='minutes')}.")


@commands.command("lift")
def lift_stop(scope: Scope, config: ConfigFile = None) -> None:
    """Let automatic mail go out again."""
    with open_database(settings_of(config)) as db, db.writing() as session:
        lifted = stops.lift(session, scope.lower())
    if not lifted:
        print(f"{scope} is not stopped; see `svartid quiet list`.", file=sys.stderr)
        raise typer.Exit(1)
    print(f"{scope} gets automatic mail again.")
