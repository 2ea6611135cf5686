"""What a suspicion was confirmed to be.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("suspicion", schema=None) as batch_op:
        batch_op.add_column(sa.Column("incident_id", sa.Uuid(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_suspicion_incident_id_incident"),
            "incident",
            ["incident_id"],
            ["id"],
            initially="DEFERRED",
            deferrable=True,
        )


def downgrade() -> None:
    with op.batch_alter_table("suspicion", schema=None) as batch_op:
        batch_op.drop_constraint(
            batch_op.f("fk_suspicion_incident_id_incident"), type_="foreignkey"
        )
        batch_op.drop_column("incident_id")
