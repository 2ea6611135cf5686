"""Rows by the million: COPY on PostgreSQL, many rows to a statement on SQLite.

Foreign keys are right by construction, so none is checked, and indexes of PostgreSQL are built when
all is there. What is written is what the models' own columns would have written.
"""

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.kit.db import Database


@dataclass(frozen=True)
class Filling:
    """A database that is being filled: rows go in many at once, and statements beside them."""

    # Adds rows to a table, each with its values in the order of the columns.
    put: Callable[[str, Sequence[str], Iterable[Sequence[Any]]], None]
    # Runs a statement of the driver's.
    ask: Callable[..., Any]


@contextmanager
def filling(db: Database, tables: Sequence[str]) -> Generator[Filling]:
    """Yield what fills these tables; the rows are there, indexed and counted, at the end."""
    with _postgres(db, tables) if not db.is_sqlite else _sqlite(db) as fill:
        yield fill
    # Its settings were for filling alone.
    db.close()


@contextmanager
def _postgres(db: Database, tables: Sequence[str]) -> Generator[Filling]:
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as outer:
        connection = outer.connection.driver_connection
        assert connection is not None
        ask = connection.execute
        ask("SET session_replication_role = replica")
        ask("SET maintenance_work_mem = '1GB'")
        ask("SET synchronous_commit = off")
        indexes = ask(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexname "
            "NOT IN (SELECT conname FROM pg_constraint)",
            [list(tables)],
        ).fetchall()
        for name, _ in indexes:
            ask(f"DROP INDEX {name}")

        def put(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
            into = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
            with connection.cursor().copy(into) as copy:
                copy.write("".join(map(_line, rows)))

        yield Filling(put, ask)
        for _, definition in indexes:
            ask(definition)
        ask("SET session_replication_role = origin")
        ask("VACUUM ANALYZE")
        ask("CHECKPOINT")
        ask("RESET ALL")


@contextmanager
def _sqlite(db: Database) -> Generator[Filling]:
    with db.engine.connect() as outer:
        connection = outer.connection.driver_connection
        assert connection is not None
        connection.rollback()
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN IMMEDIATE")

        def put(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
            marks = ", ".join("?" * len(columns))
            connection.executemany(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - the names are ours
                _bound(rows),
            )

        yield Filling(put, connection.execute)
        connection.execute("COMMIT")
        connection.execute("ANALYZE")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _line(row: Sequence[Any]) -> str:
    """Return a row as COPY reads it; no text of ours has a tab, a newline or a backslash."""
    return "\t".join(map(_copied, row)) + "\n"


def _copied(value: Any) -> str:
    if value is None:
        return "\\N"
    return json.dumps(value) if isinstance(value, list) else str(value)


def _bound(rows: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
    """Yield rows as SQLite keeps them."""
    for row in rows:
        yield [_KINDS.get(type(value), _same)(value) for value in row]


def _same(value: Any) -> Any:
    return value


_KINDS: dict[type, Any] = {
    UUID: lambda value: value.hex,
    datetime: lambda value: f"{value:%Y-%m-%d %H:%M:%S.%f}",
    list: json.dumps,
}
