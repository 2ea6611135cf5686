"""When a loop last completed a pass, and how late it was."""

from datetime import datetime

from sqlmodel import Session, col, update

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
