"""When a loop last completed a pass, and how late it was."""

from datetime import datetime

from sqlmodel import Session, col, select, update

from app.models import Heartbeat
from app.store.upsert import insert_missing


def find(session: Session, name: str) -> Heartbeat | None:
    """Return a loop's heartbeat, read anew; None before the first."""
    return session.get(Heartbeat, name, populate_existing=True)


def beat(session: Session, name: str, *, at: datetime, lag_s: float, version: int) -> None:
    """Write down that a pass was completed."""
    values = {"at": at, "lag_s": lag_s, "version": version}
    statement = update(Heartbeat).where(col(Heartbeat.name) == name).values(**values)
    if not session.connection().execute(statement).rowcount:
        insert_missing(session, Heartbeat, [{"name": name, **values}])


def seen_until(session: Session, name: str, until: datetime) -> datetime:
    """Return up to when a round was made, and write down that it now is up to ``until``.

    ``until`` itself, where none was made before. Two who make it wait for each other.
    """
    insert_missing(session, Heartbeat, [{"name": name, "at": until, "lag_s": 0.0, "version": 1}])
    query = select(Heartbeat).where(Heartbeat.name == name).with_for_update()
    row = session.exec(query).one()
    before, row.at = row.at, max(row.at, until)
    return before
