"""Sessions know when their user last proved who they are."""

import sqlalchemy as sa
from alembic import op

from limen.adapters.sql.columns import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for it; where there is none, it was when the session began."""
    op.add_column("sessions", sa.Column("authenticated_at", Instant))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("sessions", "authenticated_at")
