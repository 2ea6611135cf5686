"""Full text: what was said on tickets, by whom, what its files are called, and whose it is.

On SQLite an FTS5 table, on PostgreSQL a table of vectors by the Norwegian and the English
dictionary with a GIN index. Both are called ``message_search``, are no models, and are written in
the transaction that writes the message. A ticket itself is found by a row under its own id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, TextClause, Uuid, column, table
from sqlmodel import Session, col, select, text

from app.kit.db import append_by
from app.models import Ticket
from app.models.base import Id
from app.store.search_words import Search, for_fts5, for_postgres, plain
from app.store.ticket_lists import Condition

# PostgreSQL's vectors hold a megabyte; nobody searches for what a log's ten thousandth line says.
MOST_LETTERS = 50_000
# So many of the newest that are found are ranked; older ones are found by a narrower search.
MOST_RANKED = 2000

_SEARCH = table(
    "message_search", column("ticket_id", Uuid()), column("message_id", Uuid()), column("rowid")
)
_KEEP_SQLITE = text(
    "INSERT INTO message_search (rowid, ticket_id, message_id, head, body) "
    "VALUES (:row, :ticket, :message, :head, :body)"
)
_KEEP_POSTGRES = text(
    "INSERT INTO message_search (message_id, ticket_id, vector) VALUES (:message, :ticket, "
    "setweight(to_tsvector('norwegian', :head) || to_tsvector('english', :head), 'A') || "
    "to_tsvector('norwegian', :body) || to_tsvector('english', :body))"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A message, or a ticket under its own id, that was found; a higher rank is a better one."""

    ticket_id: Id
    message_id: Id
    rank: float


def keep(session: Session, *, ticket: Id, message: Id, head: str, body: str = "") -> None:
    """Let a message be found: by its head (subject, people, files) sooner than by its body."""
    words = {"head": plain(head[:MOST_LETTERS]), "body": plain(body[:MOST_LETTERS])}
    if _on_sqlite(session):
        row = rowid(message)
        append_by(session, _KEEP_SQLITE, row=row, ticket=ticket.hex, message=message.hex, **words)
    else:
        append_by(session, _KEEP_POSTGRES, ticket=ticket, message=message, **words)


def move(session: Session, messages: Sequence[Id], *, to: Id) -> None:
    """Let messages be found on another ticket."""
    _each(session, "UPDATE message_search SET ticket_id = :ticket WHERE", messages, to)


def forget(session: Session, messages: Sequence[Id]) -> None:
    """Let messages be found no more."""
    _each(session, "DELETE FROM message_search WHERE", messages, None)


def find(
    session: Session, search: Search, *, until: Id | None, conditions: Sequence[Condition] = ()
) -> list[Found]:
    """Return the newest that are found on tickets of which the conditions are true, in no order.

    None is newer than ``until``, where that is given, so that a later page sees what the first saw.
    """
    if not search.wanted:
        return []
    connection = session.connection()
    sqlite = _on_sqlite(session)
    words = _in_words(search, sqlite=sqlite)
    # Both are in the order of time.
    newest: ColumnElement[Any] = _SEARCH.c.rowid if sqlite else _SEARCH.c.message_id
    query = (
        select(_SEARCH.c.ticket_id, _SEARCH.c.message_id, words.rank)
        .select_from(_SEARCH)
        .where(words.matches, *conditions)
        .order_by(newest.desc())
        .limit(MOST_RANKED)
    )
    if conditions:
        query = query.join(Ticket, col(Ticket.id) == _SEARCH.c.ticket_id)
    if until is not None:
        query = query.where(newest <= (rowid(until) if sqlite else until))
    if not sqlite:
        # How many there are of a word decides the plan, so it is made for the words.
        connection.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    rows = connection.execute(query, words.values)
    return [Found(ticket, message, float(number)) for ticket, message, number in rows]


@dataclass(frozen=True, slots=True)
class _InWords:
    """A search as a database is asked for it."""

    matches: TextClause
    rank: TextClause
    values: dict[str, str]


def _in_words(search: Search, *, sqlite: bool) -> _InWords:
    if sqlite:
        return _InWords(
            text("message_search MATCH :words"),
            # A smaller bm25 is better; a word of the head counts five times.
            text("-bm25(message_search, 0, 0, 5.0, 1.0)"),
            {"words": for_fts5(search)},
        )
    words, values = for_postgres(search)
    return _InWords(text(f"vector @@ ({words})"), text(f"ts_rank(vector, ({words}), 1)"), values)


def _each(session: Session, statement: str, messages: Sequence[Id], to: Id | None) -> None:
    if not messages:
        return
    session.flush()
    sqlite = _on_sqlite(session)
    key = "rowid" if sqlite else "message_id"
    ticket = to and (to.hex if sqlite else to)
    rows = [{"row": rowid(one) if sqlite else one, "ticket": ticket} for one in messages]
    session.connection().execute(text(f"{statement} {key} = :row"), rows)


def _on_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def rowid(message: Id) -> int:
    """Return a message's row in SQLite's table: 42 bits of its milliseconds, 12 of their parts, 9.

    A UUID of version 7 has those in its front, and the newest is the largest; the nine bits of
    chance tell apart what two threads made in the same quarter of a microsecond.
    """
    milliseconds = message.int >> 80
    part = message.int >> 64 & 0xFFF
    return (milliseconds & (1 << 42) - 1) << 21 | part << 9 | message.int & 0x1FF
