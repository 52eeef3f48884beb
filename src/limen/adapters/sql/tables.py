"""The tables: normalised, every constraint named, an index for every question the ports ask."""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    func,
    literal_column,
)
from sqlalchemy.sql.elements import ColumnElement

from limen.adapters.sql.columns import BeforeAll, Bytes, Id, Instant, Json, Words

# What `migrations/versions` leads to; a test compares.
REVISION: Final = "0017"
VERSION_TABLE: Final = "limen_version"

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


def _of_user(*, is_key: bool = False) -> "Column[Any]":
    there = ForeignKey("users.id", ondelete="CASCADE")
    return Column("user_id", Id, there, primary_key=is_key, nullable=False)


# `…_key` columns hold the folded form by which texts are compared, sorted and unique.
users: Final = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("email", Words, nullable=False),
    Column("email_key", Words, nullable=False),
    Column("username", Words),
    Column("username_key", Words),
    Column("name", Words, nullable=False),
    Column("name_key", Words, nullable=False),
    Column("locale", Words),
    Column("status", Words, nullable=False),
    Column("attributes", Json, nullable=False),
    Column("search_text", Words, nullable=False),
    Column("email_verified_at", Instant),
    Column("first_verified_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("last_sign_in_at", Instant),
    Column("kind", Words, nullable=False, server_default="person"),
    Column("version", Integer, nullable=False),
    UniqueConstraint("email_key"),
    UniqueConstraint("username_key"),
)


def with_lowest(column: "Column[Any]", lowest: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return what a nullable column is sorted by: nothing comes before everything."""
    return func.coalesce(column, lowest)


NO_TEXT: Final[ColumnElement[Any]] = literal_column("''", Words)
NO_INSTANT: Final[ColumnElement[Any]] = BeforeAll()

# What lists are sorted by. The id behind it makes every order total, so that keysets work.
SORT_KEYS: Final[dict[str, ColumnElement[Any]]] = {
    "id": users.c.id,
    "email": users.c.email_key,
    "username": with_lowest(users.c.username_key, NO_TEXT),
    "name": users.c.name_key,
    "status": users.c.status,
    "created_at": users.c.created_at,
    "updated_at": users.c.updated_at,
    "last_sign_in_at": with_lowest(users.c.last_sign_in_at, NO_INSTANT),
    "email_verified_at": with_lowest(users.c.email_verified_at, NO_INSTANT),
}

for _name in ("username", "name", "created_at", "updated_at", "last_sign_in_at"):
    Index(f"ix_users_{_name}", SORT_KEYS[_name], users.c.id)
Index("ix_users_email_verified_at", SORT_KEYS["email_verified_at"], users.c.id)
Index("ix_users_kind", users.c.kind, users.c.id)
Index("ix_users_status", users.c.status, users.c.created_at, users.c.id)

passwords: Final = Table(
    "passwords",
    metadata,
    _of_user(is_key=True),
    Column("digest", Words, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("reset_required_at", Instant),
    Column("version", Integer, nullable=False),
)

# `runs_out_at` is the earlier of both ends: one index answers who is over. Sessions of versions
# that knew no `authenticated_at` proved their user when they began.
sessions: Final = Table(
    "sessions",
    metadata,
    Column("id", Id, primary_key=True),
    _of_user(),
    Column("label", Words, nullable=False),
    Column("address", Words),
    Column("user_agent", Words),
    Column("methods", Json, nullable=False),
    Column("authenticated_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant, nullable=False),
    Column("idle_expires_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("runs_out_at", Instant, nullable=False, index=True),
    Column("ended_at", Instant),
    Column("end_reason", Words),
)
Index("ix_sessions_user_id", sessions.c.user_id, sessions.c.ended_at)
Index(
    "ix_sessions_ended_at",
    sessions.c.ended_at,
    postgresql_where=sessions.c.ended_at.is_not(None),
    sqlite_where=sessions.c.ended_at.is_not(None),
)

refresh_families: Final = Table(
    "refresh_families",
    metadata,
    Column("session_id", Id, ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("seed", Bytes, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("digest", Bytes, nullable=False),
    Column("previous_digest", Bytes),
    Column("rotated_at", Instant, nullable=False),
    Column("ended_at", Instant),
)

# Endings outlive their sessions and users, for as long as access tokens may: no foreign key.
session_endings: Final = Table(
    "session_endings",
    metadata,
    Column("session_id", Id, primary_key=True),
    Column("ended_at", Instant, nullable=False, index=True),
)

signing_keys: Final = Table(
    "signing_keys",
    metadata,
    Column("id", Words, primary_key=True),
    Column("algorithm", Words, nullable=False),
    Column("public", Json, nullable=False),
    Column("sealed", Bytes, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("signs_from", Instant, nullable=False),
)

roles: Final = Table(
    "roles",
    metadata,
    Column("name", Words, primary_key=True),
    Column("description", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("version", Integer, nullable=False),
)

role_permissions: Final = Table(
    "role_permissions",
    metadata,
    Column("role", Words, ForeignKey("roles.name", ondelete="CASCADE")),
    Column("permission", Words),
    PrimaryKeyConstraint("role", "permission"),
)

grants: Final = Table(
    "grants",
    metadata,
    _of_user(),
    Column("role", Words, ForeignKey("roles.name"), nullable=False),
    Column("granted_at", Instant, nullable=False),
    Column("ends_at", Instant),
    PrimaryKeyConstraint("user_id", "role"),
    Index("ix_grants_role", "role", "user_id"),
    Index("ix_grants_ends_at", "ends_at"),
)

throttles: Final = Table(
    "throttles",
    metadata,
    Column("key", Words, primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("since", Instant, nullable=False),
    Column("last_at", Instant, nullable=False, index=True),
    Column("blocked_until", Instant),
)

# Events outlive the users they tell of: no foreign key.
outbox: Final = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Words, nullable=False),
    Column("at", Instant, nullable=False, index=True),
    Column("actor", Json, nullable=False),
    Column("user_id", Id),
    Column("payload", Json, nullable=False),
    Index("ix_outbox_user_id", "user_id", "id"),
)

attempts: Final = Table(
    "attempts",
    metadata,
    Column("scope", Bytes, primary_key=True),
    Column("fingerprint", Bytes, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("sealed", Bytes),
)

# Messages outlive the users they went to: no foreign key.
messages: Final = Table(
    "messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Words, nullable=False),
    Column("user_id", Id, index=True),
    Column("to", Words),
    Column("sealed", Bytes),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("state", Words, nullable=False),
    Column("ended_at", Instant, index=True),
    Column("tries", Integer, nullable=False),
    Column("fault", Words),
    Column("version", Integer, nullable=False),
    Index("ix_messages_due_at", "state", "due_at"),
    Index("ix_messages_state", "state", "id"),
)

proofs: Final = Table(
    "proofs",
    metadata,
    _of_user(),
    Column("purpose", Words, nullable=False),
    Column("id", Id, nullable=False),
    Column("email", Words, nullable=False),
    Column("new_email", Words),
    Column("link_digest", Bytes, nullable=False),
    Column("code_digest", Bytes, nullable=False),
    Column("browser_digest", Bytes, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("tries", Integer, nullable=False),
    Column("spent_at", Instant),
    PrimaryKeyConstraint("user_id", "purpose", "browser_digest"),
    UniqueConstraint("id"),
)

partial_sessions: Final = Table(
    "partial_sessions",
    metadata,
    Column("id", Id, primary_key=True),
    _of_user(),
    Column("digest", Bytes, nullable=False),
    Column("methods", Json, nullable=False),
    Column("label", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("tries", Integer, nullable=False, server_default="0"),
    Index("ix_partial_sessions_user_id", "user_id"),
)

passkeys: Final = Table(
    "passkeys",
    metadata,
    Column("id", Id, primary_key=True),
    _of_user(),
    Column("name", Words, nullable=False),
    Column("credential_id", Bytes, nullable=False),
    Column("public_key", Bytes, nullable=False),
    # Authenticators count in 32 bits, without a sign.
    Column("sign_count", BigInteger, nullable=False),
    Column("transports", Json, nullable=False),
    Column("is_backup_eligible", Boolean, nullable=False),
    Column("is_backed_up", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("version", Integer, nullable=False),
    UniqueConstraint("credential_id"),
    Index("ix_passkeys_user_id", "user_id", "id"),
)

# The user of a ceremony may be nobody, for whoever asks with an unknown name: no foreign key.
ceremonies: Final = Table(
    "ceremonies",
    metadata,
    Column("digest", Bytes, primary_key=True),
    Column("purpose", Words, nullable=False),
    Column("challenge", Bytes, nullable=False),
    Column("user_id", Id),
    Column("session_id", Id),
    Column("expires_at", Instant, nullable=False, index=True),
)

# `is_confirmed` tells a secret that counts from one that waits for its first code.
totp_factors: Final = Table(
    "totp_factors",
    metadata,
    _of_user(),
    Column("is_confirmed", Boolean, nullable=False),
    Column("id", Id, nullable=False),
    Column("sealed", Bytes, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, index=True),
    Column("confirmed_at", Instant),
    Column("last_step", Integer, nullable=False),
    PrimaryKeyConstraint("user_id", "is_confirmed"),
    UniqueConstraint("id"),
)

recovery_codes: Final = Table(
    "recovery_codes",
    metadata,
    _of_user(),
    Column("digest", Bytes, nullable=False),
    Column("made_at", Instant, nullable=False),
    PrimaryKeyConstraint("user_id", "digest"),
)

# `over_at` is the earlier of both ends: one index answers which are over.
api_keys: Final = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    _of_user(),
    Column("made_by", Id),
    Column("name", Words, nullable=False),
    Column("digest", Bytes, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("last_used_at", Instant),
    Column("ended_at", Instant),
    Column("end_reason", Words),
    Column("over_at", Instant, index=True),
    Column("successor_id", Id),
    Column("version", Integer, nullable=False),
    Index("ix_api_keys_user_id", "user_id", "id"),
)

factor_resets: Final = Table(
    "factor_resets",
    metadata,
    _of_user(is_key=True),
    Column("requested_by", Id, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

known_devices: Final = Table(
    "known_devices",
    metadata,
    _of_user(),
    Column("digest", Bytes, nullable=False),
    Column("first_seen_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False, index=True),
    PrimaryKeyConstraint("user_id", "digest"),
)

# The session may be gone before its browser is forgotten: no foreign key.
remembered_browsers: Final = Table(
    "remembered_browsers",
    metadata,
    Column("id", Id, primary_key=True),
    _of_user(),
    Column("session_id", Id, nullable=False),
    Column("series_digest", Bytes, nullable=False),
    Column("digest", Bytes, nullable=False),
    Column("previous_digest", Bytes),
    Column("label", Words, nullable=False),
    Column("address", Words),
    Column("user_agent", Words),
    Column("authenticated_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Index("ix_remembered_browsers_user_id", "user_id", "used_at"),
)
