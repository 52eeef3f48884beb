"""API keys, and service accounts that hold them."""

import sqlalchemy as sa
from alembic import op

from limen.adapters.sql.columns import Bytes, Id, Instant, Json, Words

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of keys, and tell service accounts from people; there are none yet."""
    op.add_column("users", sa.Column("kind", Words, nullable=False, server_default="person"))
    op.create_index("ix_users_kind", "users", ["kind", "id"])
    op.create_table(
        "api_keys",
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("made_by", Id),
        sa.Column("name", Words, nullable=False),
        sa.Column("digest", Bytes, nullable=False),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant),
        sa.Column("last_used_at", Instant),
        sa.Column("ended_at", Instant),
        sa.Column("end_reason", Words),
        sa.Column("over_at", Instant),
        sa.Column("successor_id", Id),
        sa.Column("version", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_api_keys_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
    )
    op.create_index("ix_api_keys_user_id", "api_keys", ["user_id", "id"])
    op.create_index("ix_api_keys_over_at", "api_keys", ["over_at"])


def downgrade() -> None:
    """Remove the keys, and the service accounts, which would be people otherwise."""
    op.drop_table("api_keys")
    op.execute(sa.text("DELETE FROM users WHERE kind <> 'person'"))
    op.drop_index("ix_users_kind", "users")
    op.drop_column("users", "kind")
