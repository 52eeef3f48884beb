"""What goes wrong in a database, in the words of the core. The one table of constraints is here."""

import sqlite3
from collections.abc import Mapping
from typing import Final

from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint

from limen.adapters.sql.statements import Compiled
from limen.core.errors import (
    ConcurrentUpdate,
    EmailTaken,
    KeyTaken,
    LimenError,
    PasskeyTaken,
    RoleInUse,
    RoleNotFound,
    RoleTaken,
    SessionNotFound,
    StorageOutdated,
    StorageUnavailable,
    UsernameTaken,
    UserNotFound,
)

# Seconds until it is worth asking a store again that was out.
_RETRY_AFTER: Final = 1.0

# A broken constraint, by name, and what it means to those above.
_BROKEN: Final[Mapping[str, type[LimenError]]] = {
    "uq_users_email_key": EmailTaken,
    "uq_users_username_key": UsernameTaken,
    "pk_passwords": ConcurrentUpdate,
    "fk_passwords_user_id": UserNotFound,
    "fk_sessions_user_id": UserNotFound,
    "fk_refresh_families_session_id": SessionNotFound,
    "pk_signing_keys": KeyTaken,
    "pk_roles": RoleTaken,
    "fk_grants_user_id": UserNotFound,
    "fk_grants_role": RoleNotFound,
    "fk_proofs_user_id": UserNotFound,
    "fk_partial_sessions_user_id": UserNotFound,
    "fk_passkeys_user_id": UserNotFound,
    "uq_passkeys_credential_id": PasskeyTaken,
    "fk_totp_factors_user_id": UserNotFound,
    "fk_recovery_codes_user_id": UserNotFound,
    "fk_api_keys_user_id": UserNotFound,
    "fk_known_devices_user_id": UserNotFound,
    "fk_remembered_browsers_user_id": UserNotFound,
    "fk_factor_resets_user_id": UserNotFound,
}

# What keeps a row of this table from going: others point at it.
_POINTED_AT: Final[Mapping[str, type[LimenError]]] = {"roles": RoleInUse}

# SQLSTATE (PostgreSQL, appendix A). Serialisation, deadlock, lock timeout, outdated plan:
_CONCURRENT: Final = frozenset({"40001", "40P01", "55P03", "0A000"})
# No such table, no such column:
_OUTDATED: Final = frozenset({"42P01", "42703"})
# Connection, read-only server, authorisation, catalogue, resources, state, intervention, system,
# configuration, internal, privilege:
_OUT: Final = ("08", "25", "28", "3D", "53", "55", "57", "58", "F0", "XX", "42501")

_SQLITE_OUT: Final = frozenset(
    {
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
_PRIMARY_CODE: Final = 0xFF


class MissingParent(sqlite3.IntegrityError):
    """A broken foreign key, with the name that SQLite does not tell."""

    def __init__(self, constraint: str | None) -> None:
        """Name the constraint, if it is known."""
        super().__init__("FOREIGN KEY constraint failed")
        self.constraint = constraint


def unavailable() -> StorageUnavailable:
    """Return the error of a store that is out or does not answer in time."""
    return StorageUnavailable(retry_after=_RETRY_AFTER)


def from_sqlstate(
    sqlstate: str, constraint: str | None, compiled: Compiled | None
) -> LimenError | None:
    """Return what an error of PostgreSQL means; `None` for a bug, which no operator can mend."""
    if sqlstate.startswith("23"):
        return _broken(constraint, compiled)
    if sqlstate in _CONCURRENT:
        return ConcurrentUpdate()
    if sqlstate in _OUTDATED:
        return StorageOutdated()
    return unavailable() if sqlstate.startswith(_OUT) else None


def from_sqlite(error: sqlite3.Error, compiled: Compiled | None) -> LimenError | None:
    """Return what an error of SQLite means; `None` for a bug, which no operator can mend."""
    if isinstance(error, MissingParent):
        return _broken(error.constraint, compiled)
    if isinstance(error, sqlite3.IntegrityError):
        return _broken(_taken(str(error), compiled), compiled)
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    if code & _PRIMARY_CODE in _SQLITE_OUT:
        return unavailable()
    if str(error).startswith(("no such table", "no such column")) or "has no column" in str(error):
        return StorageOutdated()
    return None


def _broken(constraint: str | None, compiled: Compiled | None) -> LimenError | None:
    if compiled is not None and compiled.deletes and compiled.table is not None:
        found = _POINTED_AT.get(compiled.table.name)
    else:
        found = _BROKEN.get(constraint or "")
    return None if found is None else found()


def _taken(message: str, compiled: Compiled | None) -> str | None:
    """Find the name of a constraint behind `UNIQUE constraint failed: users.email_key`."""
    if compiled is None or compiled.table is None:
        return None
    named = {part.strip() for part in message.partition(": ")[2].split(",")}
    for constraint in compiled.table.constraints:
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint) and named == {
            str(column) for column in constraint.columns
        }:
            return str(constraint.name)
    return None
