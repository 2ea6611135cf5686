"""``svartid migrate``: bring the database up to date."""

from app.cli.options import ConfigFile, settings_of
from app.kit import schema
from app.kit.db import Database


def migrate(config: ConfigFile = None) -> None:
    """Bring the database up to date; running it twice changes nothing."""
    db = Database(settings_of(config).database_url)
    try:
        before = schema.current(db)
        schema.migrate(db)
        after = schema.current(db)
    finally:
        db.close()
    print(f"The database is at {after}." if before == after else f"{before or 'empty'} -> {after}")
