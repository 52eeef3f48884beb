"""The first schema."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from limen.adapters.sql.columns import BeforeAll, Bytes, Id, Instant, Json, Words

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def upgrade() -> None:
    """Make all tables, and the role that is always there."""
    _make_users()
    _index_users()
    _make_passwords()
    _make_sessions()
    _make_families()
    _make_roles()
    _make_grants()
    _make_keys()
    _make_throttles()
    _make_outbox()
    _make_attempts()


def downgrade() -> None:
    """Remove all tables."""
    for table in (
        "attempts",
        "outbox",
        "throttles",
        "signing_keys",
        "grants",
        "role_permissions",
        "roles",
        "session_endings",
        "refresh_families",
        "sessions",
        "passwords",
        "users",
    ):
        op.drop_table(table)


def _make_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", Id, nullable=False),
        sa.Column("email", Words, nullable=False),
        sa.Column("email_key", Words, nullable=False),
        sa.Column("username", Words),
        sa.Column("username_key", Words),
        sa.Column("name", Words, nullable=False),
        sa.Column("name_key", Words, nullable=False),
        sa.Column("status", Words, nullable=False),
        sa.Column("attributes", Json, nullable=False),
        sa.Column("search_text", Words, nullable=False),
        sa.Column("email_verified_at", Instant),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("last_sign_in_at", Instant),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email_key", name="uq_users_email_key"),
        sa.UniqueConstraint("username_key", name="uq_users_username_key"),
    )


def _index_users() -> None:
    nothing: sa.ColumnElement[Any] = sa.literal_column("''")
    username: sa.ColumnElement[Any] = sa.func.coalesce(sa.column("username_key"), nothing)
    op.create_index("ix_users_username", "users", [username, "id"])
    for name in ("last_sign_in_at", "email_verified_at"):
        instant: sa.ColumnElement[Any] = sa.func.coalesce(sa.column(name), BeforeAll())
        op.create_index(f"ix_users_{name}", "users", [instant, "id"])
    op.create_index("ix_users_name", "users", ["name_key", "id"])
    op.create_index("ix_users_created_at", "users", ["created_at", "id"])
    op.create_index("ix_users_updated_at", "users", ["updated_at", "id"])
    op.create_index("ix_users_status", "users", ["status", "created_at", "id"])


def _make_passwords() -> None:
    op.create_table(
        "passwords",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("digest", Words, nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_passwords"),
        _belongs_to_user("fk_passwords_user_id"),
    )


def _make_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("label", Words, nullable=False),
        sa.Column("address", Words),
        sa.Column("user_agent", Words),
        sa.Column("methods", Json, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("last_used_at", Instant, nullable=False),
        sa.Column("idle_expires_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("runs_out_at", Instant, nullable=False),
        sa.Column("ended_at", Instant),
        sa.Column("end_reason", Words),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        _belongs_to_user("fk_sessions_user_id"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id", "ended_at"])
    op.create_index("ix_sessions_runs_out_at", "sessions", ["runs_out_at"])
    has_ended = sa.text("ended_at IS NOT NULL")
    op.create_index(
        "ix_sessions_ended_at",
        "sessions",
        ["ended_at"],
        postgresql_where=has_ended,
        sqlite_where=has_ended,
    )


def _make_families() -> None:
    op.create_table(
        "refresh_families",
        sa.Column("session_id", Id, nullable=False),
        sa.Column("seed", Bytes, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("digest", Bytes, nullable=False),
        sa.Column("previous_digest", Bytes),
        sa.Column("rotated_at", Instant, nullable=False),
        sa.Column("ended_at", Instant),
        sa.PrimaryKeyConstraint("session_id", name="pk_refresh_families"),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["sessions.id"],
            name="fk_refresh_families_session_id",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "session_endings",
        sa.Column("session_id", Id, nullable=False),
        sa.Column("ended_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_session_endings"),
    )
    op.create_index("ix_session_endings_ended_at", "session_endings", ["ended_at"])


def _make_roles() -> None:
    roles = op.create_table(
        "roles",
        sa.Column("name", Words, nullable=False),
        sa.Column("description", Words, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_roles"),
    )
    op.create_table(
        "role_permissions",
        sa.Column("role", Words, nullable=False),
        sa.Column("permission", Words, nullable=False),
        sa.PrimaryKeyConstraint("role", "permission", name="pk_role_permissions"),
        sa.ForeignKeyConstraint(
            ["role"], ["roles.name"], name="fk_role_permissions_role", ondelete="CASCADE"
        ),
    )
    admin = {"name": "admin", "description": "", "version": 1}
    op.bulk_insert(roles, [{**admin, "created_at": _BEGINNING, "updated_at": _BEGINNING}])


def _make_grants() -> None:
    op.create_table(
        "grants",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("role", Words, nullable=False),
        sa.Column("granted_at", Instant, nullable=False),
        sa.Column("ends_at", Instant),
        sa.PrimaryKeyConstraint("user_id", "role", name="pk_grants"),
        _belongs_to_user("fk_grants_user_id"),
        sa.ForeignKeyConstraint(["role"], ["roles.name"], name="fk_grants_role"),
    )
    op.create_index("ix_grants_role", "grants", ["role", "user_id"])
    op.create_index("ix_grants_ends_at", "grants", ["ends_at"])


def _make_keys() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("id", Words, nullable=False),
        sa.Column("algorithm", Words, nullable=False),
        sa.Column("public", Json, nullable=False),
        sa.Column("sealed", Bytes, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("signs_from", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_signing_keys"),
    )


def _make_throttles() -> None:
    op.create_table(
        "throttles",
        sa.Column("key", Words, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("since", Instant, nullable=False),
        sa.Column("last_at", Instant, nullable=False),
        sa.Column("blocked_until", Instant),
        sa.PrimaryKeyConstraint("key", name="pk_throttles"),
    )
    op.create_index("ix_throttles_last_at", "throttles", ["last_at"])


def _make_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("actor", Json, nullable=False),
        sa.Column("user_id", Id),
        sa.Column("payload", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_at", "outbox", ["at"])
    op.create_index("ix_outbox_user_id", "outbox", ["user_id", "id"])


def _make_attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("scope", Bytes, nullable=False),
        sa.Column("fingerprint", Bytes, nullable=False),
        sa.Column("begun_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("sealed", Bytes),
        sa.PrimaryKeyConstraint("scope", name="pk_attempts"),
    )
    op.create_index("ix_attempts_expires_at", "attempts", ["expires_at"])


def _belongs_to_user(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=name, ondelete="CASCADE")
