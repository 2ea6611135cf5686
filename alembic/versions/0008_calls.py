"""Calls, tasks to call back, suspicions.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _document() -> sa.types.TypeEngine[object]:
    return sa.JSON().with_variant(JSONB(), "postgresql")


def _link(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [f"{to}.id"],
        name=op.f(f"fk_{table}_{column}_{to}"),
        initially="DEFERRED",
        deferrable=True,
    )


def _instant(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.String(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "call",
        sa.Column("id", sa.Uuid(), nullable=False),
        _text("source"),
        _text("external_id"),
        sa.Column("direction", sa.String(40), nullable=False),
        _text("from_number"),
        _text("to_number"),
        _instant("started_at", nullable=False),
        _instant("answered_at"),
        _instant("ended_at"),
        sa.Column("outcome", sa.String(40), nullable=True),
        _text("agent"),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        _text("note"),
        _text("transcript"),
        sa.Column("severity", sa.String(40), nullable=True),
        _text("recording_url"),
        _instant("fetch_at"),
        sa.Column("fetch_tries", sa.Integer(), nullable=False),
        _text("fetch_error", nullable=True),
        sa.Column("extra", _document(), nullable=False),
        sa.Column("problems", _document(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        _instant("created_at", nullable=False),
        _instant("updated_at", nullable=False),
        _link("call", "agent_id", "agent"),
        _link("call", "contact_id", "contact"),
        _link("call", "customer_id", "customer"),
        _link("call", "ticket_id", "ticket"),
        _link("call", "message_id", "message"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_call_source_external_id")),
    )
    for column in ("contact_id", "customer_id", "ticket_id"):
        op.create_index(op.f(f"ix_call_{column}"), "call", [column])
    op.create_index("ix_call_from_number_started_at", "call", ["from_number", "started_at"])
    op.create_index(
        "ix_call_fetch_at",
        "call",
        ["fetch_at"],
        sqlite_where=sa.text("fetch_at IS NOT NULL"),
        postgresql_where=sa.text("fetch_at IS NOT NULL"),
    )
    op.create_table(
        "call_back",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        _text("number"),
        _instant("made_at", nullable=False),
        _instant("done_at"),
        sa.Column("done_by_id", sa.Uuid(), nullable=True),
        sa.Column("done_call_id", sa.Uuid(), nullable=True),
        _link("call_back", "call_id", "call"),
        _link("call_back", "ticket_id", "ticket"),
        _link("call_back", "done_by_id", "agent"),
        _link("call_back", "done_call_id", "call"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_back")),
        sa.UniqueConstraint("call_id", name=op.f("uq_call_back_call_id")),
    )
    op.create_index(op.f("ix_call_back_ticket_id"), "call_back", ["ticket_id"])
    op.create_table(
        "suspicion",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        _instant("made_at", nullable=False),
        _instant("last_at", nullable=False),
        _instant("decided_at"),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        _link("suspicion", "decided_by_id", "agent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspicion")),
    )
    op.create_table(
        "suspicion_ticket",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("suspicion_id", sa.Uuid(), nullable=False),
        _link("suspicion_ticket", "ticket_id", "ticket"),
        _link("suspicion_ticket", "suspicion_id", "suspicion"),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_suspicion_ticket")),
    )
    op.create_index(op.f("ix_suspicion_ticket_suspicion_id"), "suspicion_ticket", ["suspicion_id"])


def downgrade() -> None:
    op.drop_table("suspicion_ticket")
    op.drop_table("suspicion")
    op.drop_table("call_back")
    op.drop_table("call")
