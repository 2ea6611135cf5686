"""From when versions of ladders count.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ladder_start",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("ladder_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ladder_id"],
            ["ladder_version.id"],
            name=op.f("fk_ladder_start_ladder_id_ladder_version"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ladder_start")),
    )
    op.create_index("ix_ladder_start_name_at", "ladder_start", ["name", "at"])


def downgrade() -> None:
    op.drop_index("ix_ladder_start_name_at", table_name="ladder_start")
    op.drop_table("ladder_start")
