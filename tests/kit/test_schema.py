import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from app.kit import schema
from app.kit.db import Database
from app.kit.errors import BadConfig
from app.models import metadata


def differences(db: Database) -> list[object]:
    with db.engine.connect() as connection:
        opts = {"compare_type": True, "include_name": schema.is_a_models}
        context = MigrationContext.configure(connection, opts=opts)
        return list(compare_metadata(context, metadata))


def test_the_migrations_make_exactly_the_models_tables(db: Database) -> None:
    assert differences(db) == []


def test_every_migration_goes_down_and_up_again(db: Database) -> None:
    schema.migrate(db, to="base")
    assert schema.current(db) is None
    assert differences(db) != []
    schema.migrate(db)
    assert schema.current(db) == schema.newest()
    assert differences(db) == []


def test_migrating_twice_changes_nothing(db: Database) -> None:
    schema.migrate(db)
    schema.check_current(db)


def test_a_database_that_is_behind_is_refused_with_the_remedy(empty_db: Database) -> None:
    with pytest.raises(BadConfig, match=r"behind.*svartid migrate"):
        schema.check_current(empty_db)


def test_a_database_from_a_newer_version_is_refused(db: Database) -> None:
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(BadConfig, match=r"9999.*does not know"):
        schema.check_current(db)
