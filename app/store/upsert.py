"""``INSERT ... ON CONFLICT DO NOTHING``, spelled alike on both databases."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def insert_missing(
    session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert the rows whose unique keys are not there yet; leave the others as they are."""
    if rows:
        session.connection().execute(_statement(session, table), list(rows))


def insert_missing_returning(
    session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, Any]], column: str
) -> set[Any]:
    """Insert likewise, and return one column of the rows that were not there before."""
    if not rows:
        return set()
    statement = _statement(session, table).returning(getattr(table, column))
    return set(session.connection().execute(statement, list(rows)).scalars())


def _statement(session: Session, table: type[SQLModel]) -> sqlite.Insert | postgresql.Insert:
    make = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    return make(table).on_conflict_do_nothing()
