"""Messages to people."""

import sqlalchemy as sa
from alembic import op

from limen.adapters.sql.columns import Bytes, Id, Instant, Words

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of messages."""
    op.create_table(
        "messages",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.Column("user_id", Id),
        sa.Column("to", Words),
        sa.Column("sealed", Bytes),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("state", Words, nullable=False),
        sa.Column("ended_at", Instant),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("fault", Words),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
    )
    op.create_index("ix_messages_user_id", "messages", ["user_id"])
    op.create_index("ix_messages_ended_at", "messages", ["ended_at"])
    op.create_index("ix_messages_due_at", "messages", ["state", "due_at"])
    op.create_index("ix_messages_state", "messages", ["state", "id"])


def downgrade() -> None:
    """Remove it."""
    op.drop_table("messages")
