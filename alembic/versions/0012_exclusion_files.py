"""Files that show that an exclusion is right.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exclusion_file",
        sa.Column("exclusion_id", sa.Uuid(), nullable=False),
        sa.Column("attachment_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["exclusion_id"],
            ["exclusion.id"],
            name=op.f("fk_exclusion_file_exclusion_id_exclusion"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["attachment_id"],
            ["attachment.id"],
            name=op.f("fk_exclusion_file_attachment_id_attachment"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("exclusion_id", "attachment_id", name=op.f("pk_exclusion_file")),
    )


def downgrade() -> None:
    op.drop_table("exclusion_file")
