"""What several commands share: the configuration option and opening the house."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from app.config import Settings, load
from app.desk.house import House
from app.kit.clock import MachineClock
from app.kit.db import Database
from app.kit.schema import check_current

DEFAULT = Path("svartid.toml")

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar="SVARTID_CONFIG",
        help="The configuration file; svartid.toml where there is one.",
    ),
]


def settings_of(config: Path | None) -> Settings:
    """Read the configuration: the file named, or svartid.toml here, or the environment alone."""
    if config is None and DEFAULT.is_file():
        config = DEFAULT
    if config is None and not any(name.startswith("SVARTID_") for name in os.environ):
        raise typer.BadParameter(
            "there is no svartid.toml here. Write one with `svartid init`, or name it: --config."
        )
    return load(config)


def open_house(db: Database, settings: Settings) -> House:
    """Return the house; its own policy and ladder are versions then, if it was never served yet."""
    with db.writing() as session:
        return House.open(session, settings, now=MachineClock().now())


@contextmanager
def open_database(settings: Settings) -> Generator[Database]:
    """Open the database, refusing one that is behind, and close it."""
    db = Database(settings.database_url)
    try:
        check_current(db)
        yield db
    finally:
        db.close()
