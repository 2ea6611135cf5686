"""Who may see and do what; sign-in; kept answers; the audit log's chain.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(JSONB(), "postgresql")
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
CHAINED = ("audit_entry", "audit_link")


def _key(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [f"{to}.id"],
        name=op.f(f"fk_{table}_{column}_{to}"),
        initially="DEFERRED",
        deferrable=True,
    )


def upgrade() -> None:
    with op.batch_alter_table("agent") as table:
        table.add_column(
            sa.Column("visibility", sa.String(40), nullable=False, server_default="all")
        )
    with op.batch_alter_table("api_token") as table:
        table.add_column(sa.Column("scopes", DOCUMENT, nullable=True))
    _teams()
    _sign_in()
    op.create_table(
        "kept_answer",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("asked", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", DOCUMENT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_kept_answer")),
    )
    op.create_index("ix_kept_answer_expires_at", "kept_answer", ["expires_at"])
    op.create_table(
        "audit_link",
        sa.Column("position", COUNTER, autoincrement=False, nullable=False),
        sa.Column("seq", COUNTER, nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("sealed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_audit_link")),
        sa.UniqueConstraint("seq", name=op.f("uq_audit_link_seq")),
    )
    _forbid_changes()


def _teams() -> None:
    op.create_table(
        "team",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("mailboxes", DOCUMENT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("name", name=op.f("uq_team_name")),
    )
    for table, owner in (("team_customer", "team"), ("agent_customer", "agent")):
        op.create_table(
            table,
            sa.Column(f"{owner}_id", sa.Uuid(), nullable=False),
            sa.Column("customer_id", sa.Uuid(), nullable=False),
            _key(table, f"{owner}_id", owner),
            _key(table, "customer_id", "customer"),
            sa.PrimaryKeyConstraint(f"{owner}_id", "customer_id", name=op.f(f"pk_{table}")),
        )
        op.create_index(f"ix_{table}_customer_id", table, ["customer_id"])


def _sign_in() -> None:
    op.create_table(
        "credential",
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("password_set_at", INSTANT, nullable=True),
        sa.Column("totp_secret", sa.String(), nullable=True),
        sa.Column("totp_since", INSTANT, nullable=True),
        sa.Column("totp_step", sa.Integer(), nullable=True),
        sa.Column("recovery_codes", DOCUMENT, nullable=False),
        _key("credential", "agent_id", "agent"),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_credential")),
    )
    op.create_table(
        "web_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("last_used_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        _key("web_session", "agent_id", "agent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_session")),
        sa.UniqueConstraint("sha256", name=op.f("uq_web_session_sha256")),
    )
    op.create_index("ix_web_session_agent_id", "web_session", ["agent_id"])
    op.create_table(
        "sign_in_tries",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", INSTANT, nullable=False),
        sa.Column("blocked_until", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_tries")),
    )
    op.create_table(
        "external_identity",
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        _key("external_identity", "agent_id", "agent"),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_external_identity")),
    )
    op.create_index("ix_external_identity_agent_id", "external_identity", ["agent_id"])


def _forbid_changes() -> None:
    """Let the database itself refuse to change or delete what the log says."""
    if op.get_bind().dialect.name == "sqlite":
        for table in CHAINED:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
    )
    for table in CHAINED:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(f"DROP TRIGGER audit_entry_no_{verb}")
    else:
        op.execute("DROP TRIGGER audit_entry_append_only ON audit_entry")
        op.execute("DROP TRIGGER audit_link_append_only ON audit_link")
        op.execute("DROP FUNCTION audit_is_append_only()")
    op.drop_table("audit_link")
    op.drop_table("kept_answer")
    op.drop_table("external_identity")
    op.drop_table("sign_in_tries")
    op.drop_table("web_session")
    op.drop_table("credential")
    op.drop_table("agent_customer")
    op.drop_table("team_customer")
    op.drop_table("team")
    with op.batch_alter_table("api_token") as table:
        table.drop_column("scopes")
    with op.batch_alter_table("agent") as table:
        table.drop_column("visibility")
