"""Run migrations on the database that ``app.kit.schema`` hands over.

On SQLite a table is altered by copying it (batch). Foreign keys are off while that happens:
with them on, dropping the old table would take its children along. They are checked at the end.
"""

from typing import Literal

import sqlmodel
from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, types

from app.kit.db import Database
from app.kit.schema import is_a_models
from app.models import metadata
from app.models.base import Word


def _render(kind: str, item: object, autogen: AutogenContext) -> str | Literal[False]:
    """Write our own column types as the plain ones below them: a migration outlives our code."""
    if kind != "type":
        return False
    if isinstance(item, Word):
        return "sa.String(40)"
    if isinstance(item, sqlmodel.UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, sqlmodel.AutoString):
        return "sa.String()"
    if isinstance(item, types.JSON):
        autogen.imports.add("from sqlalchemy.dialects.postgresql import JSONB")
        return "sa.JSON().with_variant(JSONB(), 'postgresql')"
    return False


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=_render,
        include_name=is_a_models,
        transactional_ddl=True,
    )
    context.run_migrations()


def _run_on(db: Database) -> None:
    if not db.is_sqlite:
        with db.engine.begin() as connection:
            _run(connection)
        return
    with db.engine.execution_options(svartid_writes=True).connect() as connection:
        # The pragma has no effect inside a transaction, so it goes to the driver before one begins.
        driver = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            _run(connection)
            broken = driver.execute("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise RuntimeError(f"The migration left rows that point nowhere: {broken[:5]}")
            connection.commit()
        finally:
            connection.rollback()
            driver.execute("PRAGMA foreign_keys=ON")


_run_on(context.config.attributes["database"])
