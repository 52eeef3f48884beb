"""Resets of second factors that wait for a second administrator."""

import sqlalchemy as sa
from alembic import op

from limen.adapters.sql.columns import Id, Instant

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make their table; none waits."""
    op.create_table(
        "factor_resets",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("requested_by", Id, nullable=False),
        sa.Column("requested_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_factor_resets"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_factor_resets_user_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_factor_resets_expires_at", "factor_resets", ["expires_at"])


def downgrade() -> None:
    """Remove it."""
    op.drop_table("factor_resets")
