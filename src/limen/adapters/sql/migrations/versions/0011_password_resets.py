"""Passwords know since when they must be reset."""

import sqlalchemy as sa
from alembic import op

from limen.adapters.sql.columns import Instant

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for it; none must be."""
    op.add_column("passwords", sa.Column("reset_required_at", Instant))


def downgrade() -> None:
    """Take away the passwords that let nobody in: without the mark they would."""
    op.execute("DELETE FROM passwords WHERE reset_required_at IS NOT NULL")
    op.drop_column("passwords", "reset_required_at")
