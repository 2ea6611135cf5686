"""Fixtures that many tests share: a migrated database of either kind, and a house in it."""

import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from app.kit import schema
from app.kit.db import Database
from app.kit.wake import Wake
from tests.harness.databases import (
    EmptyAgain,
    postgres_database,
    postgres_programs,
    postgres_server,
)
from tests.harness.require import missing
from tests.harness.world import World


@pytest.fixture(scope="session")
def postgres() -> Generator[str]:
    """Yield the address of a private PostgreSQL server with a migrated template in it."""
    if postgres_programs() is None:
        missing("PostgreSQL's server programs (Debian: postgresql)")
    with postgres_server() as server, postgres_database(server, "svartid_template") as url:
        template = Database(url)
        schema.migrate(template)
        template.close()
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated SQLite file, to be copied."""
    file = tmp_path_factory.mktemp("template") / "template.db"
    db = Database(f"sqlite:///{file}")
    schema.migrate(db)
    db.close()
    return file


@pytest.fixture(scope="session")
def sqlite_database(tmp_path_factory: pytest.TempPathFactory) -> Generator[Database]:
    """Yield the SQLite database whose file each test gets anew; its compiled queries are kept."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'svartid.db'}")
    yield database
    database.close()


@pytest.fixture(scope="session")
def postgres_one(postgres: str) -> Generator[tuple[Database, EmptyAgain]]:
    """Yield the PostgreSQL database that is emptied after each test, likewise."""
    emptied = EmptyAgain(postgres, "svartid_template")
    database = Database(emptied.url(), pool_size=8)
    yield database, emptied
    database.close()
    emptied.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def db(request: pytest.FixtureRequest, sqlite_template: Path) -> Generator[Database]:
    """Yield a migrated, empty database of each kind."""
    if request.param == "sqlite":
        database: Database = request.getfixturevalue("sqlite_database")
        assert database.url.database is not None
        file = Path(database.url.database)
        for name in (file, file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")):
            name.unlink(missing_ok=True)
        shutil.copyfile(sqlite_template, file)
    else:
        database, emptied = request.getfixturevalue("postgres_one")
    database.wake = Wake()
    yield database
    database.close()
    if request.param != "sqlite":
        emptied.clean()


@pytest.fixture
def sqlite_db(tmp_path: Path, sqlite_template: Path) -> Generator[Database]:
    """Yield a migrated, empty SQLite database, for what no database can change."""
    file = tmp_path / "svartid.db"
    shutil.copyfile(sqlite_template, file)
    database = Database(f"sqlite:///{file}")
    yield database
    database.close()


@pytest.fixture
def empty_db(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Database]:
    """Yield an empty SQLite database that no migration has touched."""
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    yield database
    database.close()


@pytest.fixture
def world(db: Database) -> Generator[World]:
    """Yield a house on each kind of database; at the end, unexpected mail fails the test."""
    made = World(db)
    yield made
    made.expect_silence()
