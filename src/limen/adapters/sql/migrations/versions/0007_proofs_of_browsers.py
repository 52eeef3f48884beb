"""One proof for each browser that asked for it."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from limen.adapters.sql.columns import Bytes, Id, Instant, Words

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NO_BROWSER: Final = b""
_rows: Final = sa.table(
    "proofs",
    sa.column("user_id"),
    sa.column("purpose"),
    sa.column("id"),
    sa.column("browser_digest", sa.LargeBinary()),
)


def upgrade() -> None:
    """Let the browser be part of the key; those that are bound to none are of one and the same."""
    is_bound_to_none = _rows.c.browser_digest.is_(None)
    op.execute(sa.update(_rows).where(is_bound_to_none).values(browser_digest=_NO_BROWSER))
    before = _table("user_id", "purpose", is_optional=True)
    with op.batch_alter_table("proofs", copy_from=before) as batch:
        batch.drop_constraint("pk_proofs", type_="primary")
        batch.alter_column("browser_digest", existing_type=Bytes(), nullable=False)
        batch.create_primary_key("pk_proofs", ["user_id", "purpose", "browser_digest"])


def downgrade() -> None:
    """Keep the newest proof of each user and purpose."""
    later = _rows.alias()
    is_later = sa.and_(
        later.c.user_id == _rows.c.user_id,
        later.c.purpose == _rows.c.purpose,
        later.c.id > _rows.c.id,
    )
    op.execute(sa.delete(_rows).where(sa.exists().where(is_later)))
    before = _table("user_id", "purpose", "browser_digest", is_optional=False)
    with op.batch_alter_table("proofs", copy_from=before) as batch:
        batch.drop_constraint("pk_proofs", type_="primary")
        batch.create_primary_key("pk_proofs", ["user_id", "purpose"])
        batch.alter_column("browser_digest", existing_type=Bytes(), nullable=True)
    is_bound_to_none = _rows.c.browser_digest == _NO_BROWSER
    op.execute(sa.update(_rows).where(is_bound_to_none).values(browser_digest=sa.null()))


def _table(*key: str, is_optional: bool) -> sa.Table:
    """Return the table as it is, with this key; SQLite makes another one of it."""
    return sa.Table(
        "proofs",
        sa.MetaData(),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("purpose", Words, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("email", Words, nullable=False),
        sa.Column("new_email", Words),
        sa.Column("link_digest", Bytes, nullable=False),
        sa.Column("code_digest", Bytes, nullable=False),
        sa.Column("browser_digest", Bytes, nullable=is_optional),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("spent_at", Instant),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_proofs_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(*key, name="pk_proofs"),
        sa.UniqueConstraint("id", name="uq_proofs_id"),
        sa.Index("ix_proofs_expires_at", "expires_at"),
    )
