"""Users know since when they are somebody's."""

import sqlalchemy as sa
from alembic import op

from limen.adapters.sql.columns import Instant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Mark those whose address is proved now; of earlier addresses nothing is known."""
    op.add_column("users", sa.Column("first_verified_at", Instant))
    op.execute("UPDATE users SET first_verified_at = email_verified_at")


def downgrade() -> None:
    """Forget the mark."""
    op.drop_column("users", "first_verified_at")
