"""``svartid ladder import|export|list``: the versions that the database keeps."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from app.cli.customer import day_start
from app.cli.ladder import commands as commands  # noqa: PLC0414 - these add to them
from app.cli.ladder import read
from app.cli.options import ConfigFile, open_database, open_house, settings_of
from app.desk.events import OPERATOR
from app.desk.house import House
from app.desk.ladders import import_ladder
from app.kit.clock import MachineClock
from app.kit.errors import NotFound
from app.models import LadderVersion
from app.sla.ladder import Ladder, silences
from app.sla.toml_write import write_toml
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
    settings = settings_of(config)
    with open_database(settings) as db:
        open_house(db, settings)
        with db.reading() as session:
            row = agreements.find_version(session, LadderVersion, name, version)
            if row is None:
                raise NotFound(f"there is no such version of a ladder {name!r}")
            print(write_toml(Ladder.from_dict(row.body).to_dict()), end="")


@commands.command("list")
def listing(config: ConfigFile = None) -> None:
    """List every version, and from when each counts."""
    settings = settings_of(config)
    with open_database(settings) as db:
        open_house(db, settings)
        with db.reading() as session:
            starts = agreements.ladder_starts(session)
            for row in agreements.versions(session, LadderVersion):
                times = [f"{one.at:%Y-%m-%d %H:%M}" for one in starts if one.ladder_id == row.id]
                since = ", ".join(times) or "-"
                print(f"{row.name}\tversion {row.version}\tfrom {since}\t{row.digest[:12]}")
