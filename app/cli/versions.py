"""What ``svartid policy`` and ``svartid ladder`` share: versions named, printed and listed."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlmodel import Session

from app.cli.options import open_database, open_house, settings_of
from app.kit.errors import NotFound
from app.models import LadderVersion, PolicyVersion
from app.models.base import Id
from app.sla.toml_write import write_toml
from app.store import agreements

V = TypeVar("V", LadderVersion, PolicyVersion)
Document = TypeVar("Document")


def file_or_version(
    named: str,
    config: Path | None,
    table: type[V],
    *,
    what: str,
    from_file: Callable[[Path], Document],
    from_body: Callable[[Mapping[str, object]], Document],
) -> Document:
    """Return what a file holds, or a version that the database keeps: ``NAME@2``.

    NotFound where there is no such version.
    """
    name, at, number = named.rpartition("@")
    if Path(named).exists() or not at or not number.isdecimal():
        return from_file(Path(named))
    settings = settings_of(config)
    with open_database(settings) as db:
        open_house(db, settings)
        with db.reading() as session:
            row = agreements.find_version(session, table, name, int(number))
    if row is None:
        raise NotFound(
            f"there is no version {named!r}", remedy=f"`svartid {what} list` tells them."
        )
    return from_body(row.body)


def print_version(
    config: Path | None,
    table: type[V],
    canonical: Callable[[Mapping[str, object]], Mapping[str, Any]],
    *,
    what: str,
    name: str,
    number: int | None,
) -> None:
    """Print a version as TOML, the newest where no number is given; NotFound without it."""
    settings = settings_of(config)
    with open_database(settings) as db:
        open_house(db, settings)
        with db.reading() as session:
            row = agreements.find_version(session, table, name, number)
            if row is None:
                raise NotFound(f"there is no such version of a {what} {name!r}")
            print(write_toml(canonical(row.body)), end="")


def print_versions(
    config: Path | None,
    table: type[V],
    starts_of: Callable[[Session], Iterable[tuple[Id, datetime]]],
) -> None:
    """Print a line for every version, with the instants from which it counts."""
    settings = settings_of(config)
    with open_database(settings) as db:
        open_house(db, settings)
        with db.reading() as session:
            starts = list(starts_of(session))
            for row in agreements.versions(session, table):
                times = [f"{at:%Y-%m-%d %H:%M}" for version, at in starts if version == row.id]
                since = ", ".join(times) or "-"
                print(f"{row.name}\tversion {row.version}\tfrom {since}\t{row.digest[:12]}")
