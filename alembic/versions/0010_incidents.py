"""Incidents, and what was told of them.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=name, initially="DEFERRED", deferrable=True
    )


def upgrade() -> None:
    op.create_table(
        "incident",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("taken_by_id", sa.Uuid(), nullable=True),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        _to("incident", "taken_by_id", "agent"),
        _to("incident", "author_id", "agent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_table(
        "incident_update",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("texts", DOCUMENT, nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("untold", DOCUMENT, nullable=False),
        _to("incident_update", "incident_id", "incident"),
        _to("incident_update", "author_id", "agent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_update")),
    )
    op.create_index("ix_incident_update_incident_id", "incident_update", ["incident_id"])
    with op.batch_alter_table("ticket") as ticket:
        ticket.add_column(sa.Column("incident_id", sa.Uuid(), nullable=True))
        ticket.create_foreign_key(
            op.f("fk_ticket_incident_id_incident"),
            "incident",
            ["incident_id"],
            ["id"],
            initially="DEFERRED",
            deferrable=True,
        )
        ticket.create_index("ix_ticket_incident_id", ["incident_id"])


def downgrade() -> None:
    with op.batch_alter_table("ticket") as ticket:
        ticket.drop_index("ix_ticket_incident_id")
        ticket.drop_constraint(op.f("fk_ticket_incident_id_incident"), type_="foreignkey")
        ticket.drop_column("incident_id")
    op.drop_index("ix_incident_update_incident_id", table_name="incident_update")
    op.drop_table("incident_update")
    op.drop_table("incident")
