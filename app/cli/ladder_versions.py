"""``svartid ladder import|export|list``: the versions that the database keeps."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from app.cli.customer import day_start
from app.cli.ladder import commands as commands  # noqa: PLC0414 - these add to them
from app.cli.ladder import read
from app.cli.options import ConfigFile, open_database, settings_of
from app.cli.versions import print_version, print_versions
from app.desk.events import OPERATOR
from app.desk.house import House
from app.desk.ladders import import_ladder
from app.kit.clock import MachineClock
from app.models import LadderVersion
from app.sla.ladder import Ladder, silences
from app.store import agreements


@commands.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A ladder in TOML.")],
    since: Annotated[str, typer.Option("--from", help="A date, as 2027-01-01.")],
    config: ConfigFile = None,
) -> None:
    """Let a ladder count for what is received from a date on; an agreement may then name it."""
    settings = settings_of(config)
    ladder = read(file, Ladder.from_toml)
    now = MachineClock().now()
    at = day_start(since, ZoneInfo(settings.desk.time_zone), field="--from")
    with open_database(settings) as db, db.writing() as session:
        house = House.open(session, settings, now=now)
        version, start = import_ladder(session, house, ladder, at=at, now=now, actor=OPERATOR)
        print(f"{ladder.name} version {version.version} counts from {start.at:%Y-%m-%d %H:%M} UTC.")
    for line in silences(ladder):
        print(f"  note: {line}")


@commands.command("export")
def export(
    name: Annotated[str, typer.Argument(help="The ladder's name.")],
    version: Annotated[int | None, typer.Option(help="The newest by itself.", min=1)] = None,
    config: ConfigFile = None,
) -> None:
    """Print a version as TOML, ready to be changed and imported."""
    print_version(
        config,
        LadderVersion,
        lambda body: Ladder.from_dict(body).to_dict(),
        what="ladder",
        name=name,
        number=version,
    )


@commands.command("list")
def listing(config: ConfigFile = None) -> None:
    """List every version, and from when each counts."""
    print_versions(
        config,
        LadderVersion,
        lambda session: [(one.ladder_id, one.at) for one in agreements.ladder_starts(session)],
    )
