"""Authenticator apps and recovery codes."""

import sqlalchemy as sa
from alembic import op

from limen.adapters.sql.columns import Bytes, Id, Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of second factors."""
    op.create_table(
        "totp_factors",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("is_confirmed", sa.Boolean, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("sealed", Bytes, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant),
        sa.Column("confirmed_at", Instant),
        sa.Column("last_step", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_totp_factors_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "is_confirmed", name="pk_totp_factors"),
        sa.UniqueConstraint("id", name="uq_totp_factors_id"),
    )
    op.create_index("ix_totp_factors_expires_at", "totp_factors", ["expires_at"])
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("digest", Bytes, nullable=False),
        sa.Column("made_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_recovery_codes_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "digest", name="pk_recovery_codes"),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("recovery_codes")
    op.drop_table("totp_factors")
