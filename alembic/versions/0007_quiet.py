"""Automatic mail that was sent; stops.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "automatic_mail",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("likeness", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["ticket.id"],
            name=op.f("fk_automatic_mail_ticket_id_ticket"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automatic_mail")),
    )
    op.create_index("ix_automatic_mail_address_at", "automatic_mail", ["address", "at"])
    op.create_index("ix_automatic_mail_domain_at", "automatic_mail", ["domain", "at"])
    op.create_index("ix_automatic_mail_ticket_id", "automatic_mail", ["ticket_id"])
    op.create_table(
        "mail_stop",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_mail_stop")),
    )


def downgrade() -> None:
    op.drop_table("mail_stop")
    op.drop_index("ix_automatic_mail_ticket_id", table_name="automatic_mail")
    op.drop_index("ix_automatic_mail_domain_at", table_name="automatic_mail")
    op.drop_index("ix_automatic_mail_address_at", table_name="automatic_mail")
    op.drop_table("automatic_mail")
