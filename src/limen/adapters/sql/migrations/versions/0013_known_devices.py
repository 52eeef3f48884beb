"""The devices that people have signed in from."""

import sqlalchemy as sa
from alembic import op

from limen.adapters.sql.columns import Bytes, Id, Instant

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make their table; none is known."""
    op.create_table(
        "known_devices",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("digest", Bytes, nullable=False),
        sa.Column("first_seen_at", Instant, nullable=False),
        sa.Column("last_seen_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "digest", name="pk_known_devices"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_known_devices_user_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_known_devices_last_seen_at", "known_devices", ["last_seen_at"])


def downgrade() -> None:
    """Remove it."""
    op.drop_table("known_devices")
