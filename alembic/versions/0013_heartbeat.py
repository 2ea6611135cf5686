"""Heartbeats say whose they are.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("heartbeat") as heartbeat:
        heartbeat.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    with op.batch_alter_table("heartbeat") as heartbeat:
        heartbeat.alter_column("version", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("heartbeat") as heartbeat:
        heartbeat.drop_column("version")
