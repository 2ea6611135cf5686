"""What outside systems have told us already."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, func, select

from app.models import Heard
from app.store.upsert import insert_missing_returning


def is_news(session: Session, key: str, *, now: datetime) -> bool:
    """Note that something was told, and tell whether it was for the first time.

    Two who are told the same at once wait for each other here, and one of them is told False.
    """
    return bool(insert_missing_returning(session, Heard, [{"key": key, "at": now}], "key"))


def known(session: Session, keys: Sequence[str]) -> frozenset[str]:
    """Return those of these that were told before."""
    return frozenset(session.exec(select(Heard.key).where(col(Heard.key).in_(keys))))


def first_at(session: Session, kind: str) -> datetime | None:
    """Return when something of a kind was told for the first time ever; None when it never was."""
    # A colon stands behind the kind, and a semicolon is the next sign after it.
    query = select(func.min(Heard.at)).where(
        col(Heard.key) >= f"{kind}:", col(Heard.key) < f"{kind};"
    )
    return session.exec(query).one()
