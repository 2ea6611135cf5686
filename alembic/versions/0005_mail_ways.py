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
    with op.batch_alter_table("inbound_mail", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("open_anyway", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("inbound_mail", schema=None) as batch_op:
        batch_op.alter_column("open_anyway", server_default=None)
    op.create_table(
        "canary",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("slot_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("came_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alarmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["ticket.id"],
            name=op.f("fk_canary_ticket_id_ticket"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canary")),
        sa.UniqueConstraint("mailbox", "slot_at", name=op.f("uq_canary_mailbox_slot_at")),
    )


def downgrade() -> None:
    op.drop_table("canary")
    with op.batch_alter_table("inbound_mail", schema=None) as batch_op:
        batch_op.drop_column("open_anyway")
    _retype(sa.BigInteger(), sa.Integer())


def _retype(before: sa.types.TypeEngine[int], after: sa.types.TypeEngine[int]) -> None:
    for table, columns in UIDS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.alter_column(
                    column, existing_type=before, type_=after, existing_nullable=False
                )
