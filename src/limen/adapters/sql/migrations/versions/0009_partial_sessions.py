"""Sign-ins that wait for a second factor."""

import sqlalchemy as sa
from alembic import op

from limen.adapters.sql.columns import Bytes, Id, Instant, Json, Words

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of partial sessions."""
    op.create_table(
        "partial_sessions",
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("digest", Bytes, nullable=False),
        sa.Column("methods", Json, nullable=False),
        sa.Column("label", Words, nullable=False),
        sa.Column("address", Words),
        sa.Column("user_agent", Words),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_partial_sessions"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_partial_sessions_user_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_partial_sessions_expires_at", "partial_sessions", ["expires_at"])
    op.create_index("ix_partial_sessions_user_id", "partial_sessions", ["user_id"])


def downgrade() -> None:
    """Remove it."""
    op.drop_table("partial_sessions")
