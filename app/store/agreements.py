"""Versions of policies and ladders."""

from typing import TypeVar

from sqlmodel import Session, col, func, select

from app.models import LadderVersion, PolicyVersion

V = TypeVar("V", PolicyVersion, LadderVersion)


def find_by_digest(session: Session, table: type[V], digest: str) -> V | None:
    """Return the version with exactly this content; None when it was never saved."""
    return session.exec(select(table).where(table.digest == digest)).first()


def newest_number(session: Session, table: type[V], name: str) -> int:
    """Return the highest version of a name; 0 when there is none."""
    query = select(func.max(col(table.version))).where(table.name == name)
    return session.exec(query).one() or 0
