"""What is due by its urgency; pages that are held, and sent with others.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

RANK = """
UPDATE clock SET urgency = (
    SELECT CASE severity WHEN 'critical' THEN 0 WHEN 'serious' THEN 1 WHEN 'minor' THEN 2 ELSE 3 END
    FROM ticket WHERE ticket.id = clock.ticket_id
)
"""


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(f"{where} IS NOT NULL")
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    with op.batch_alter_table("clock") as clock:
        clock.drop_index("ix_clock_next_alarm_at")
        clock.add_column(sa.Column("urgency", sa.Integer(), nullable=False, server_default="0"))
    op.execute(RANK)
    with op.batch_alter_table("clock") as clock:
        clock.alter_column("urgency", server_default=None)
    _partial("ix_clock_due", "clock", ["urgency", "next_alarm_at"], "next_alarm_at")
    with op.batch_alter_table("page") as page:
        page.add_column(sa.Column("lead_id", sa.Uuid(), nullable=True))
        page.add_column(sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True))
        page.add_column(sa.Column("held", sa.Integer(), nullable=False, server_default="0"))
        page.create_foreign_key(
            op.f("fk_page_lead_id_page"),
            "page",
            ["lead_id"],
            ["id"],
            initially="DEFERRED",
            deferrable=True,
        )
    with op.batch_alter_table("page") as page:
        page.alter_column("held", server_default=None)
    _partial("ix_page_person_sent_at", "page", ["person", "sent_at"], "sent_at")
    _partial("ix_page_lead_id", "page", ["lead_id"], "lead_id")


def downgrade() -> None:
    op.drop_index("ix_page_lead_id", table_name="page")
    op.drop_index("ix_page_person_sent_at", table_name="page")
    with op.batch_alter_table("page") as page:
        page.drop_constraint(op.f("fk_page_lead_id_page"), type_="foreignkey")
        page.drop_column("held")
        page.drop_column("sent_at")
        page.drop_column("lead_id")
    op.drop_index("ix_clock_due", table_name="clock")
    with op.batch_alter_table("clock") as clock:
        clock.drop_column("urgency")
    _partial("ix_clock_next_alarm_at", "clock", ["next_alarm_at"], "next_alarm_at")
