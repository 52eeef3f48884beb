"""Users have a language."""

import sqlalchemy as sa
from alembic import op

from limen.adapters.sql.columns import Words

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for the language of each user; nobody has one yet."""
    op.add_column("users", sa.Column("locale", Words))


def downgrade() -> None:
    """Forget the languages."""
    op.drop_column("users", "locale")
