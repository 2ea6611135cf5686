"""What outside systems have told us already."""

from datetime import datetime

from sqlmodel import Session

from app.models import Heard
from app.store.upsert import insert_missing_returning


def is_news(session: Session, key: str, *, now: datetime) -> bool:
    """Note that something was told, and tell whether it was for the first time.

    Two who are told the same at once wait for each other here, and one of them is told False.
    """
    return bool(insert_missing_returning(session, Heard, [{"key": key, "at": now}], "key"))
