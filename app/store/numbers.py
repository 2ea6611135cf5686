"""Numbers that people say aloud: counted up, never used twice."""

from sqlmodel import Session

_SQLITE = (
    "INSERT INTO number_series (name, value) VALUES ('ticket', 1) "
    "ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"
)
_POSTGRES = "SELECT nextval('ticket_number')"


def next_ticket_number(session: Session) -> int:
    """Return the next ticket number.

    PostgreSQL's sequence leaves a gap where a transaction is rolled back; a row that counts would
    make every intake worker wait for the slowest one's commit.
    """
    connection = session.connection()
    on_sqlite = connection.dialect.name == "sqlite"
    return int(connection.exec_driver_sql(_SQLITE if on_sqlite else _POSTGRES).scalar_one())
