"""Partial sessions count the codes that were shown."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for it; those that wait have none yet."""
    tries = sa.Column("tries", sa.Integer, nullable=False, server_default="0")
    op.add_column("partial_sessions", tries)


def downgrade() -> None:
    """Forget how many there were."""
    op.drop_column("partial_sessions", "tries")
