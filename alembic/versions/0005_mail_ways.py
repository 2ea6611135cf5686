"""UIDs of 64 bits; canaries.

Revision ID: 0005
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None

UIDS = {
    "inbound_mail": ("uid_validity", "uid"),
    "mail_position": ("uid_validity", "last_uid", "first_uid"),
}


def upgrade() -> None:
    _retype(sa.Integer(), sa.BigInteger())


def downgrade() -> None:
    _retype(sa.BigInteger(), sa.Integer())


def _retype(before: sa.types.TypeEngine[int], after: sa.types.TypeEngine[int]) -> None:
    for table, columns in UIDS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.alter_column(
                    column, existing_type=before, type_=after, existing_nullable=False
                )
