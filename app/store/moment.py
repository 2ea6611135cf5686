"""The database's own idea of the time, to hold ours against."""

from datetime import UTC, datetime

from sqlalchemy import text
from sqlmodel import Session

# Days since noon of 24 November 4714 BC, to the millisecond; 2440587.5 is the Unix epoch.
_SQLITE = text("SELECT (julianday('now') - 2440587.5) * 86400.0")
_POSTGRES = text("SELECT extract(epoch FROM clock_timestamp())")


def database_now(session: Session) -> datetime:
    """Return the database's present time; SQLite's is this machine's, to the millisecond."""
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    seconds = session.connection().execute(_SQLITE if on_sqlite else _POSTGRES).scalar_one()
    return datetime.fromtimestamp(float(seconds), UTC)
