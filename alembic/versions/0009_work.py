"""What is due first; merged tickets; links, tags, time, drafts, views, templates.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_DUE = sa.text("next_due_at IS NOT NULL")


def _link(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [f"{to}.id"],
        name=op.f(f"fk_{table}_{column}_{to}"),
        initially="DEFERRED",
        deferrable=True,
    )


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.add_column(_instant("next_due_at", nullable=True))
        batch_op.add_column(sa.Column("merged_into_id", sa.Uuid(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_ticket_merged_into_id_ticket"),
            "ticket",
            ["merged_into_id"],
            ["id"],
            initially="DEFERRED",
            deferrable=True,
        )
        batch_op.create_index(batch_op.f("ix_ticket_merged_into_id"), ["merged_into_id"])
    op.execute(
        "UPDATE ticket SET next_due_at = ("
        "SELECT min(coalesce(clock.limit_at, clock.target_at)) FROM clock "
        "WHERE clock.ticket_id = ticket.id AND clock.status = 'running')"
    )
    for name, columns in _QUEUES.items():
        op.create_index(name, "ticket", columns, sqlite_where=_DUE, postgresql_where=_DUE)
    op.create_table(
        "ticket_link",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        _instant("created_at"),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        _link("ticket_link", "ticket_id", "ticket"),
        _link("ticket_link", "other_id", "ticket"),
        _link("ticket_link", "created_by", "agent"),
        sa.PrimaryKeyConstraint("ticket_id", "other_id", "kind", name=op.f("pk_ticket_link")),
    )
    op.create_index(op.f("ix_ticket_link_other_id"), "ticket_link", ["other_id"])
    op.create_table(
        "ticket_tag",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        _link("ticket_tag", "ticket_id", "ticket"),
        sa.PrimaryKeyConstraint("ticket_id", "tag", name=op.f("pk_ticket_tag")),
    )
    op.create_index("ix_ticket_tag_tag", "ticket_tag", ["tag", "ticket_id"])
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("query", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        _instant("created_at"),
        _link("saved_view", "agent_id", "agent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("agent_id", "name", name=op.f("uq_saved_view_agent_id_name")),
    )
    op.create_table(
        "time_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("billable", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        _instant("at"),
        _instant("created_at"),
        _instant("withdrawn_at", nullable=True),
        _link("time_entry", "ticket_id", "ticket"),
        _link("time_entry", "agent_id", "agent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_entry")),
    )
    op.create_index("ix_time_entry_ticket_id", "time_entry", ["ticket_id"])
    op.create_table(
        "reply_template",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        _instant("created_at"),
        _instant("updated_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_template")),
        sa.UniqueConstraint("name", name=op.f("uq_reply_template_name")),
    )
    op.create_table(
        "draft",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        _instant("since"),
        _instant("seen_at"),
        _link("draft", "ticket_id", "ticket"),
        _link("draft", "agent_id", "agent"),
        sa.PrimaryKeyConstraint("ticket_id", "agent_id", name=op.f("pk_draft")),
    )


_QUEUES = {
    "ix_ticket_next_due_at": ["next_due_at", "number"],
    "ix_ticket_assignee_id_next_due_at": ["assignee_id", "next_due_at", "number"],
}


def downgrade() -> None:
    for table in (
        "draft",
        "reply_template",
        "time_entry",
        "saved_view",
        "ticket_tag",
        "ticket_link",
    ):
        op.drop_table(table)
    for name in _QUEUES:
        op.drop_index(name, table_name="ticket")
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ticket_merged_into_id"))
        batch_op.drop_constraint(batch_op.f("fk_ticket_merged_into_id_ticket"), type_="foreignkey")
        batch_op.drop_column("merged_into_id")
        batch_op.drop_column("next_due_at")
