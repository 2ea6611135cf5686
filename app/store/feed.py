"""The feed: everything that ever happened to a ticket, in one order that nobody can fall behind in.

A number that is drawn inside a transaction says nothing of when the others can see it: of two
writers the one with the lower ``seq`` may commit last, and whoever reads up to the higher one
would never see it. So on PostgreSQL an event gets its place after it has been committed, under a
lock that one at a time holds; what is committed later stands later. On SQLite there is one writer
at a time, and ``seq`` is that order already.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select, text

from app.models import Ticket, TicketEvent

# Any number that nothing else locks by.
_LOCK = 0x5356_4152_5449_44
_SETTLE = text(
    "WITH waiting AS ("
    " SELECT seq, row_number() OVER (ORDER BY seq) AS n FROM ("
    "  SELECT seq FROM ticket_event WHERE place IS NULL ORDER BY seq LIMIT :most) AS oldest"
    "), top AS (SELECT coalesce(max(place), 0) AS place FROM ticket_event) "
    "UPDATE ticket_event SET place = top.place + waiting.n FROM waiting, top "
    "WHERE ticket_event.seq = waiting.seq"
)


def on_sqlite(session: Session) -> bool:
    """Tell whether the database has one writer at a time."""
    return session.get_bind().dialect.name == "sqlite"


def is_settled(session: Session) -> bool:
    """Tell whether every event that can be seen has its place."""
    if on_sqlite(session):
        return True
    query = select(TicketEvent.seq).where(col(TicketEvent.place).is_(None)).limit(1)
    return session.exec(query).first() is None


def settle(session: Session, most: int) -> int:
    """Give what was committed its place, the oldest first; return how many got one.

    Events of one ticket keep their order: whoever writes on a ticket holds its row until the
    commit.
    """
    connection = session.connection()
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    return connection.execute(_SETTLE, {"most": most}).rowcount


def newest(session: Session) -> int:
    """Return the last place that is taken; 0 before the first event."""
    return session.exec(select(func.max(_place(session)))).one() or 0


def after(
    session: Session, place: int, limit: int, *, visible: Sequence[ColumnElement[bool]] = ()
) -> list[tuple[int, TicketEvent, Ticket]]:
    """Return what stands after a place, in order, with the tickets; only of ``visible`` ones."""
    column = _place(session)
    query = (
        select(column, TicketEvent, Ticket)
        .join(Ticket, col(Ticket.id) == col(TicketEvent.ticket_id))
        .where(column > place, *visible)
        .order_by(column)
        .limit(limit)
    )
    return [(number, event, ticket) for number, event, ticket in session.exec(query)]


def _place(session: Session) -> ColumnElement[int]:
    return col(TicketEvent.seq) if on_sqlite(session) else col(TicketEvent.place)  # type: ignore[return-value]
