"""Numbers that people say aloud: counted up, never used twice."""

from sqlalchemy import text
from sqlmodel import Session

_SQLITE = text(
    "INSERT INTO number_series (name, value) VALUES ('ticket', 1) "
    "ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"
)
_POSTGRES = text("SELECT nextval('ticket_number')")


def next_ticket_number(session: Session) -> int:
    """Return the next ticket number.

    PostgreSQL's sequence leaves a gap where a transaction is rolled back; a row that counts would
    make every intake worker wait for the slowest one's commit.
    """
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    return int(session.connection().execute(_SQLITE if on_sqlite else _POSTGRES).scalar_one())
