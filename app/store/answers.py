"""Answers kept for an Idempotency-Key, and locks by name."""

from datetime import datetime

from sqlmodel import Session, col, delete, select, update

from app.models import KeptAnswer
from app.store.upsert import insert_missing_returning


def claim(
    session: Session, key: str, *, asked: str, now: datetime, until: datetime
) -> KeptAnswer | None:
    """Return None when the key is new, and now ours; otherwise the answer that is kept under it.

    Whoever comes with the same key meanwhile waits here for the end of our transaction.
    """
    row = {
        "key": key,
        "asked": asked,
        "created_at": now,
        "expires_at": until,
        "status": 0,
        "headers": {},
        "body": b"",
    }
    if insert_missing_returning(session, KeptAnswer, [row], "key"):
        return None
    found = session.exec(select(KeptAnswer).where(KeptAnswer.key == key).with_for_update()).one()
    if found.expires_at > now:
        return found
    found.asked, found.created_at, found.expires_at = asked, now, until
    return None


def keep(session: Session, key: str, *, status: int, headers: dict[str, str], body: bytes) -> None:
    """Keep the answer with the effect it tells of: they are committed together."""
    session.connection().execute(
        update(KeptAnswer)
        .where(col(KeptAnswer.key) == key)
        .values(status=status, headers=headers, body=body)
    )


def give_up(session: Session, key: str) -> None:
    """Let the key be used again: nothing was done under it."""
    session.connection().execute(delete(KeptAnswer).where(col(KeptAnswer.key) == key))


def forget_expired(session: Session, now: datetime) -> int:
    """Delete what is no longer kept; return how many answers that were."""
    expired = delete(KeptAnswer).where(col(KeptAnswer.expires_at) <= now)
    return session.connection().execute(expired).rowcount


def lock(session: Session, name: str) -> None:
    """Let nobody else who locks this name go on until this transaction ends.

    SQLite has one writer anyway.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            "SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))", {"name": name}
        )
