"""What every table shares: names of constraints, ids, instants, enums as text, JSON."""

import uuid
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Dialect,
    ForeignKey,
    Integer,
    MetaData,
    String,
    TypeDecorator,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel, UTCDateTime
from typing_extensions import override

from app.kit.ids import new_id

# Constraints are named, so that a migration can find them again on both databases.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata: MetaData = SQLModel.metadata

# An integer that counts by itself must be spelled INTEGER on SQLite to be its row id.
Counter = BigInteger().with_variant(Integer(), "sqlite")
Document = JSON().with_variant(JSONB(), "postgresql")

W = TypeVar("W", bound=StrEnum)


class Row(SQLModel):
    """What every table's class stands on: a row is made from values that are right already.

    SQLModel looks every default's signature up and sends every value through two chains of
    setters each time a row is made, which cost a quarter of the intake's time. A new row has no
    history that a setter could keep, so its values are put in place at once.
    """

    def __init__(self, **values: Any) -> None:
        fixed, made, names = _defaults(type(self))
        if not values.keys() <= names:
            unknown = ", ".join(sorted(values.keys() - names))
            raise TypeError(f"{type(self).__name__} has no field named {unknown}")
        self.__dict__.update(fixed)
        for name, make in made:
            if name not in values:
                self.__dict__[name] = make()
        self.__dict__.update(values)


@cache
def _defaults(
    table: type[Row],
) -> tuple[Mapping[str, Any], Sequence[tuple[str, Callable[[], Any]]], Set[str]]:
    """Return a table's defaults: those that never change, those to be made, and all its names."""
    fields = table.model_fields
    made = {name: one.default_factory for name, one in fields.items() if one.default_factory}
    fixed = {
        name: one.default
        for name, one in fields.items()
        if name not in made and not one.is_required()
    }
    return fixed, tuple(made.items()), frozenset(fields)  # type: ignore[arg-type] # no argument


class Word(TypeDecorator[W]):
    """An enum kept as its text; PostgreSQL's own enum types outlive their tables."""

    impl = String(40)
    cache_ok = True

    def __init__(self, words: type[W]) -> None:
        super().__init__()
        self.words = words

    @override
    def process_bind_param(self, value: W | None, dialect: Dialect) -> str | None:
        return None if value is None else self.words(value).value

    @override
    def process_result_value(self, value: Any | None, dialect: Dialect) -> W | None:
        return None if value is None else self.words(value)


def id_field() -> Any:
    """Return a primary key that we make ourselves."""
    return Field(default_factory=new_id, primary_key=True)


def link(
    table: str, *, index: bool = False, nullable: bool = False, primary_key: bool = False
) -> Any:
    """Return a foreign key to ``table``; a row that is pointed at cannot be deleted.

    It is checked at the commit, so that rows of one transaction may be written in any order.
    """
    key = ForeignKey(f"{table}.id", deferrable=True, initially="DEFERRED")
    default: Any = {"default": None} if nullable else {}
    column = Column(Uuid(), key, index=index, nullable=nullable, primary_key=primary_key)
    return Field(sa_column=column, **default)


def blob_link() -> Any:
    """Return a foreign key to the bytes of a content hash, checked at the commit."""
    key = ForeignKey("blob.sha256", deferrable=True, initially="DEFERRED")
    return Field(sa_column=Column(String(64), key, index=True, nullable=False))


Id = uuid.UUID
Instant = datetime
__all__ = [
    "Counter",
    "Document",
    "Id",
    "Instant",
    "Row",
    "UTCDateTime",
    "Word",
    "blob_link",
    "id_field",
    "link",
    "metadata",
]
