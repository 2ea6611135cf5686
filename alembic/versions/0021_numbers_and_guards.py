"""Whether a ticket's number in a subject suffices; automatic mail to anybody is counted.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("agreement", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("number_suffices", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    with op.batch_alter_table("agreement", schema=None) as batch_op:
        batch_op.alter_column("number_suffices", server_default=None)
    with op.batch_alter_table("automatic_mail", schema=None) as batch_op:
        batch_op.create_index("ix_automatic_mail_at", ["at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("automatic_mail", schema=None) as batch_op:
        batch_op.drop_index("ix_automatic_mail_at")
    with op.batch_alter_table("agreement", schema=None) as batch_op:
        batch_op.drop_column("number_suffices")
