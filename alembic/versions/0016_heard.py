"""What outside systems have told us; Twilio's last word on a delivery.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "heard",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_heard")),
    )
    op.add_column("delivery", sa.Column("provider_state", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("delivery", "provider_state")
    op.drop_table("heard")
