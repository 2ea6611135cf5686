"""A ticket's tags on the ticket itself.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    document = sa.JSON().with_variant(JSONB(), "postgresql")
    column = sa.Column("tags", document, nullable=False, server_default=sa.text("'[]'"))
    op.add_column("ticket", column)


def downgrade() -> None:
    op.drop_column("ticket", "tags")
