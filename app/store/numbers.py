"""Numbers that people say aloud: counted up, never used twice."""

from collections import deque

from sqlmodel import Session, text

_SQLITE = text(
    "INSERT INTO number_series (name, value) VALUES ('ticket', :count) "
    "ON CONFLICT (name) DO UPDATE SET value = value + :count RETURNING value"
)
_GIVE_BACK = text("UPDATE number_series SET value = value - :count WHERE name = 'ticket'")
_POSTGRES = text("SELECT nextval('ticket_number') FROM generate_series(1, :count)")
_DRAWN = "ticket_numbers"


def next_ticket_number(session: Session) -> int:
    """Return the next ticket number: one that this transaction has drawn, or a new one.

    PostgreSQL's sequence leaves a gap where a transaction is rolled back; a row that counts would
    make every intake worker wait for the slowest one's commit.
    """
    drawn: deque[int] = session.info.setdefault(_DRAWN, deque())
    if not drawn:
        draw(session, 1)
    return drawn.popleft()


def draw(session: Session, count: int) -> None:
    """Draw the numbers of tickets that this transaction may open, in one statement for all."""
    drawn: deque[int] = session.info.setdefault(_DRAWN, deque())
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        last = int(connection.execute(_SQLITE, {"count": count}).scalar_one())
        drawn.extend(range(last - count + 1, last + 1))
    else:
        drawn.extend(sorted(connection.execute(_POSTGRES, {"count": count}).scalars()))


def give_back(session: Session) -> None:
    """Give back what this transaction has drawn and not used; on PostgreSQL it stays a gap."""
    drawn: deque[int] = session.info.pop(_DRAWN, deque())
    connection = session.connection()
    if drawn and connection.dialect.name == "sqlite":
        connection.execute(_GIVE_BACK, {"count": len(drawn)})
