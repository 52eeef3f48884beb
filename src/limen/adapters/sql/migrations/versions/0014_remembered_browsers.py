"""Browsers that are remembered after their sessions."""

import sqlalchemy as sa
from alembic import op

from limen.adapters.sql.columns import Bytes, Id, Instant, Words

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_THEIR_SESSIONS = "sessions WHERE CAST(methods AS TEXT) = '[\"remember\"]'"


def upgrade() -> None:
    """Make their table."""
    op.create_table(
        "remembered_browsers",
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("session_id", Id, nullable=False),
        sa.Column("series_digest", Bytes, nullable=False),
        sa.Column("digest", Bytes, nullable=False),
        sa.Column("previous_digest", Bytes),
        sa.Column("label", Words, nullable=False),
        sa.Column("address", Words),
        sa.Column("user_agent", Words),
        sa.Column("authenticated_at", Instant, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("used_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_remembered_browsers"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_remembered_browsers_user_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_remembered_browsers_expires_at", "remembered_browsers", ["expires_at"])
    op.create_index("ix_remembered_browsers_user_id", "remembered_browsers", ["user_id", "used_at"])


def downgrade() -> None:
    """End the sessions that prove nothing, which an older limen would take for full; remove it."""
    ids = f"SELECT id FROM {_THEIR_SESSIONS}"  # noqa: S608 - a constant
    op.execute(f"DELETE FROM refresh_families WHERE session_id IN ({ids})")  # noqa: S608
    op.execute(f"DELETE FROM {_THEIR_SESSIONS}")  # noqa: S608
    op.drop_table("remembered_browsers")
