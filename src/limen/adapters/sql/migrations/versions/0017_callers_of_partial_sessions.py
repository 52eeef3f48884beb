"""Partial sessions do not say from where and by what they began.

The session that follows has the caller who finishes it.
"""

import sqlalchemy as sa
from alembic import op

from limen.adapters.sql.columns import Words

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forget it: nobody read it."""
    op.drop_column("partial_sessions", "user_agent")
    op.drop_column("partial_sessions", "address")


def downgrade() -> None:
    """Make room for it again; of those that wait nothing is known."""
    op.add_column("partial_sessions", sa.Column("address", Words))
    op.add_column("partial_sessions", sa.Column("user_agent", Words))
