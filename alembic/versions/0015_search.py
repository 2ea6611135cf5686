"""Full text of what is said on tickets; lists in the order of time.

Revision ID: 0015
Revises: 0014
"""

import re
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_LISTS = {
    "ix_ticket_received_at": ["received_at", "number"],
    "ix_ticket_updated_at": ["updated_at", "number"],
}
_BATCH = 1000
_WORDS = re.compile(r"[^\W_]+")


def upgrade() -> None:
    for name, columns in _LISTS.items():
        op.create_index(name, "ticket", columns)
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        op.execute(
            "CREATE VIRTUAL TABLE message_search USING fts5("
            "ticket_id UNINDEXED, message_id UNINDEXED, head, body, "
            "tokenize = 'unicode61 remove_diacritics 0', prefix = '4 6')"
        )
    else:
        op.execute(
            "CREATE TABLE message_search ("
            "message_id uuid NOT NULL CONSTRAINT pk_message_search PRIMARY KEY, "
            "ticket_id uuid NOT NULL, vector tsvector NOT NULL)"
        )
    _keep_what_was_said(sqlite=sqlite)
    if not sqlite:
        op.execute("CREATE INDEX ix_message_search_vector ON message_search USING gin (vector)")


def downgrade() -> None:
    op.execute("DROP TABLE message_search")
    for name in _LISTS:
        op.drop_index(name, table_name="ticket")


def _keep_what_was_said(*, sqlite: bool) -> None:
    """Index what is there: the oldest first, a thousand at a time."""
    connection = op.get_bind()
    statement = sa.text(_KEEP_SQLITE if sqlite else _KEEP_POSTGRES)
    for query in (_TICKETS, _MESSAGES):
        last = UUID(int=0)
        while True:
            given = {"last": last.hex if sqlite else last, "most": _BATCH}
            names = "group_concat(name, ' ')" if sqlite else "string_agg(name, ' ')"
            rows = connection.execute(sa.text(query.format(names=names)), given).all()
            if not rows:
                break
            last = _uuid(rows[-1][0])
            connection.execute(statement, [_row(*row, sqlite=sqlite) for row in rows])


def _row(key: object, ticket: object, head: str, body: str, *, sqlite: bool) -> dict[str, object]:
    message, owner = _uuid(key), _uuid(ticket)
    words = {"head": _plain(head), "body": _plain(body)}
    if not sqlite:
        return {"message": message, "ticket": owner, **words}
    milliseconds = (message.int >> 80) & (1 << 42) - 1
    row = milliseconds << 21 | (message.int >> 64 & 0xFFF) << 9 | message.int & 0x1FF
    return {"row": row, "message": message.hex, "ticket": owner.hex, **words}


def _plain(text: str) -> str:
    return " ".join(_WORDS.findall(text[:50_000]))


def _uuid(value: object) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))


_TICKETS = (
    "SELECT ticket.id, ticket.id, ticket.number || ' ' || ticket.subject || ' ' || "
    "coalesce(contact.name, '') || ' ' || coalesce(contact.email, '') || ' ' || "
    "coalesce(contact.phone, ''), '' "
    "FROM ticket LEFT JOIN contact ON contact.id = ticket.contact_id "
    "WHERE ticket.id > :last ORDER BY ticket.id LIMIT :most"
)
_MESSAGES = (
    "SELECT message.id, message.ticket_id, message.subject || ' ' || message.author || ' ' || "
    "message.from_address || ' ' || CAST(message.to_addresses AS TEXT) || ' ' || "
    "CAST(message.cc_addresses AS TEXT) || ' ' || coalesce((SELECT {names} FROM attachment "
    "WHERE attachment.message_id = message.id), ''), message.text "
    "FROM message WHERE message.kind <> 'automatic' AND message.id > :last "
    "ORDER BY message.id LIMIT :most"
)
_KEEP_SQLITE = (
    "INSERT INTO message_search (rowid, ticket_id, message_id, head, body) "
    "VALUES (:row, :ticket, :message, :head, :body)"
)
_KEEP_POSTGRES = (
    "INSERT INTO message_search (message_id, ticket_id, vector) VALUES (:message, :ticket, "
    "setweight(to_tsvector('norwegian', :head) || to_tsvector('english', :head), 'A') || "
    "to_tsvector('norwegian', :body) || to_tsvector('english', :body))"
)
