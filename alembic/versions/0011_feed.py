"""The feed's order, and whoever is told of events.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_PENDING = sa.text("state = 'pending'")
_PLACED = sa.text("place IS NOT NULL")


def _link(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [f"{to}.id"],
        name=op.f(f"fk_{table}_{column}_{to}"),
        initially="DEFERRED",
        deferrable=True,
    )


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column("ticket_event", sa.Column("place", sa.BigInteger(), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "UPDATE ticket_event SET place = numbered.n FROM "
            "(SELECT seq, row_number() OVER (ORDER BY seq) AS n FROM ticket_event) AS numbered "
            "WHERE ticket_event.seq = numbered.seq"
        )
    op.create_index(
        "ix_ticket_event_place", "ticket_event", ["place"], unique=True, sqlite_where=_PLACED
    )
    op.create_table(
        "subscription",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("kinds", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        _instant("created_at"),
        _instant("disabled_at", nullable=True),
        sa.Column("disabled_reason", sa.String(), nullable=False),
        _link("subscription", "created_by", "agent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
    )
    op.create_table(
        "subscription_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _instant("next_at"),
        sa.Column("lease_token", sa.String(), nullable=True),
        _instant("first_failed_at", nullable=True),
        sa.Column("last_answer", sa.String(), nullable=False),
        _instant("created_at"),
        _instant("delivered_at", nullable=True),
        _link("subscription_delivery", "subscription_id", "subscription"),
        _link("subscription_delivery", "ticket_id", "ticket"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_delivery")),
    )
    for name, columns in (
        ("ix_subscription_delivery_due", ["subscription_id", "next_at"]),
        ("ix_subscription_delivery_order", ["subscription_id", "ticket_id", "place"]),
    ):
        op.create_index(
            name,
            "subscription_delivery",
            columns,
            sqlite_where=_PENDING,
            postgresql_where=_PENDING,
        )
    op.create_index(
        "ix_subscription_delivery_log", "subscription_delivery", ["subscription_id", "created_at"]
    )


def downgrade() -> None:
    op.drop_table("subscription_delivery")
    op.drop_table("subscription")
    op.drop_index("ix_ticket_event_place", table_name="ticket_event")
    op.drop_column("ticket_event", "place")
