"""One-time links and codes."""

import sqlalchemy as sa
from alembic import op

from limen.adapters.sql.columns import Bytes, Id, Instant, Words

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of proofs."""
    op.create_table(
        "proofs",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("purpose", Words, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("email", Words, nullable=False),
        sa.Column("new_email", Words),
        sa.Column("link_digest", Bytes, nullable=False),
        sa.Column("code_digest", Bytes, nullable=False),
        sa.Column("browser_digest", Bytes),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("spent_at", Instant),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_proofs_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "purpose", name="pk_proofs"),
        sa.UniqueConstraint("id", name="uq_proofs_id"),
    )
    op.create_index("ix_proofs_expires_at", "proofs", ["expires_at"])


def downgrade() -> None:
    """Remove it."""
    op.drop_table("proofs")
