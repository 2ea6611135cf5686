"""Contact methods, leave, pages; taking, handing back, snoozing.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _document() -> sa.types.TypeEngine[object]:
    return sa.JSON().with_variant(JSONB(), "postgresql")


def _link(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [f"{to}.id"],
        name=op.f(f"fk_{table}_{column}_{to}"),
        initially="DEFERRED",
        deferrable=True,
    )


def _instant(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "contact_method",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("urgencies", _document(), nullable=False),
        _instant("verified_at"),
        sa.Column("code_sha256", sa.String(), nullable=True),
        _instant("code_until"),
        sa.Column("code_tries", sa.Integer(), nullable=False),
        _instant("created_at", nullable=False),
        _link("contact_method", "agent_id", "agent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_method")),
        sa.UniqueConstraint(
            "agent_id",
            "channel",
            "address",
            name=op.f("uq_contact_method_agent_id_channel_address"),
        ),
    )
    op.create_index(op.f("ix_contact_method_agent_id"), "contact_method", ["agent_id"])
    op.create_table(
        "leave",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        _instant("starts_at", nullable=False),
        _instant("ends_at", nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        _instant("created_at", nullable=False),
        _link("leave", "agent_id", "agent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leave")),
    )
    op.create_index(op.f("ix_leave_agent_id"), "leave", ["agent_id"])
    op.create_table(
        "page",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("clock_id", sa.Uuid(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("repeat", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        _instant("nominal_at", nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("methods", _document(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        _instant("check_at"),
        _instant("created_at", nullable=False),
        _link("page", "ticket_id", "ticket"),
        _link("page", "clock_id", "clock"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page")),
        sa.UniqueConstraint(
            "clock_id",
            "run",
            "step",
            "repeat",
            "person",
            name=op.f("uq_page_clock_id_run_step_repeat_person"),
        ),
    )
    op.create_index(op.f("ix_page_ticket_id"), "page", ["ticket_id"])
    op.create_index(
        "ix_page_check_at",
        "page",
        ["check_at"],
        sqlite_where=sa.text("check_at IS NOT NULL"),
        postgresql_where=sa.text("check_at IS NOT NULL"),
    )
    with op.batch_alter_table("agent", schema=None) as batch_op:
        batch_op.add_column(sa.Column("time_zone", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("quiet_from", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("quiet_to", sa.String(), nullable=True))
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.add_column(sa.Column("taken_by_id", sa.Uuid(), nullable=True))
        batch_op.add_column(_instant("snoozed_until"))
        batch_op.add_column(_instant("handed_back_at"))
        batch_op.add_column(
            sa.Column("hand_backs", sa.Integer(), nullable=False, server_default="0")
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_ticket_taken_by_id_agent"),
            "agent",
            ["taken_by_id"],
            ["id"],
            initially="DEFERRED",
            deferrable=True,
        )
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.alter_column("hand_backs", server_default=None)
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.add_column(sa.Column("page_id", sa.Uuid(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_delivery_page_id_page"),
            "page",
            ["page_id"],
            ["id"],
            initially="DEFERRED",
            deferrable=True,
        )
        batch_op.create_index(batch_op.f("ix_delivery_page_id"), ["page_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_delivery_page_id"))
        batch_op.drop_constraint(batch_op.f("fk_delivery_page_id_page"), type_="foreignkey")
        batch_op.drop_column("page_id")
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_ticket_taken_by_id_agent"), type_="foreignkey")
        batch_op.drop_column("taken_by_id")
        batch_op.drop_column("snoozed_until")
        batch_op.drop_column("handed_back_at")
        batch_op.drop_column("hand_backs")
    with op.batch_alter_table("agent", schema=None) as batch_op:
        batch_op.drop_column("time_zone")
        batch_op.drop_column("quiet_from")
        batch_op.drop_column("quiet_to")
    op.drop_table("page")
    op.drop_table("leave")
    op.drop_table("contact_method")
