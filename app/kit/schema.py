"""Bringing the database's schema up to date, from a checkout or from an installed wheel."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.kit.db import Database
from app.kit.errors import BadConfig

# What stands beside the models' tables: full text, and the tables that SQLite makes for it.
_BESIDE = "message_search"


def is_a_models(name: str | None, kind: str, _parents: object = None) -> bool:
    """Tell whether a name in the database is to be found among the models."""
    return kind != "table" or name is None or not name.startswith(_BESIDE)


def scripts_folder() -> Path:
    """Return the folder of migrations: packaged as data, or beside the code in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "migrations", package.parent / "alembic"):
        if (folder / "env.py").is_file():
            return folder
    raise BadConfig(
        "the migrations are not installed with this package.",
        remedy="Install it again, from a wheel or a full checkout.",
    )


def current(db: Database) -> str | None:
    """Return the revision that the database is at; None for an empty one."""
    with db.reading() as session:
        return MigrationContext.configure(session.connection()).get_current_revision()


def newest() -> str:
    """Return the revision that this code needs."""
    head = ScriptDirectory(str(scripts_folder())).get_current_head()
    assert head is not None  # noqa: S101 - the folder always has a first migration
    return head


def migrate(db: Database, *, to: str = "head") -> None:
    """Bring the database to revision ``to``; ``base`` takes everything away."""
    config = Config()
    config.set_main_option("script_location", str(scripts_folder()).replace("%", "%%"))
    config.attributes["database"] = db
    if to == "base":
        command.downgrade(config, to)
    else:
        command.upgrade(config, to)


def check_current(db: Database) -> None:
    """Refuse a database that is behind this code, or ahead of it."""
    have, need = current(db), newest()
    if have == need:
        return
    known = {script.revision for script in ScriptDirectory(str(scripts_folder())).walk_revisions()}
    if have is not None and have not in known:
        raise BadConfig(
            f"the database is at revision {have}, which this version does not know.",
            field="database.url",
            remedy="Run the version of svartid that made it, or a newer one.",
        )
    raise BadConfig(
        f"the database is behind: it is at {have or 'nothing'}, this version needs {need}.",
        field="database.url",
        remedy="Run `svartid migrate`.",
    )
