"""From rows as files hold them to accounts, with every fault of every row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from limen.core.errors import Fault, PasswordHashUnknown
from limen.core.ids import UserId
from limen.core.imports.model import AccountRow, RowFault
from limen.core.query import parse_instant
from limen.core.reading import Reader
from limen.core.roles.model import Grant, Role
from limen.core.secret import Secret
from limen.core.users.model import Profile, Status, User
from limen.core.users.profile import read_profile
from limen.ports.accounts import Account
from limen.ports.password_hasher import PasswordHasher


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRow:
    """A row without a fault; `roles` maps the name of each role to the end of its grant."""

    row: AccountRow
    profile: Profile
    status: Status
    roles: Mapping[str, datetime | None]
    digest: Secret[str] | None


def read_row(
    row: AccountRow, roles: Mapping[str, Role], hasher: PasswordHasher
) -> tuple[ReadRow | None, tuple[RowFault, ...]]:
    """Read one row; return it, or `None` and what is wrong with it."""
    reader = Reader()
    profile = read_profile(
        reader,
        email=row.email,
        username=row.username,
        name=row.name,
        locale=row.locale,
        attributes=row.attributes,
    )
    status = reader.read("status", _parse_status, row.status)
    given = dict(_read_grant(reader, text, roles) for text in row.roles)
    digest = _read_digest(reader, row, hasher)
    if profile is None or status is None or reader.faults:
        return None, row_faults(row, reader.faults)
    return ReadRow(row=row, profile=profile, status=status, roles=given, digest=digest), ()


def row_faults(row: AccountRow, faults: Sequence[Fault]) -> tuple[RowFault, ...]:
    """Return faults as they are reported: by line."""
    return tuple(
        RowFault(line=row.line, field=fault.field, code=fault.code, message=fault.message)
        for fault in faults
    )


def new_user(read: ReadRow, user_id: UserId, now: datetime) -> User:
    """Return the user that a row asks for."""
    is_verified, has_owner = read.row.email_verified, read.row.has_owner
    return User(
        id=user_id,
        email=read.profile.email,
        username=read.profile.username,
        name=read.profile.name,
        locale=read.profile.locale,
        attributes=read.profile.attributes,
        status=read.status,
        email_verified_at=now if is_verified else None,
        first_verified_at=now if is_verified or has_owner else None,
        created_at=now,
        updated_at=now,
    )


def grants_of(read: ReadRow, user_id: UserId, now: datetime) -> tuple[Grant, ...]:
    """Return the grants that a row asks for, without those that have ended meanwhile."""
    if not read.roles:
        return ()
    return tuple(
        Grant(user_id=user_id, role=name, granted_at=now, ends_at=ends_at)
        for name, ends_at in sorted(read.roles.items())
        if ends_at is None or now < ends_at
    )


def write_row(account: Account, line: int, now: datetime) -> AccountRow:
    """Return an account as a file holds it, so that importing it gives the same account."""
    user = account.user
    return AccountRow(
        line=line,
        email=user.email.address,
        username=user.username.name if user.username else None,
        name=user.name,
        locale=user.locale,
        status=user.status.value,
        roles=tuple(_write_grant(grant) for grant in account.grants if grant.is_live(now)),
        email_verified=user.email_verified_at is not None,
        has_owner=user.has_owner and user.email_verified_at is None,
        attributes=user.attributes or None,
        password_hash=_write_digest(account),
    )


def _read_grant(
    reader: Reader, text: str, roles: Mapping[str, Role]
) -> tuple[str, datetime | None]:
    name, at, end = text.partition("@")
    if name not in roles:
        reader.fault("roles", "unknown", f"there is no role {name!r}")
    return name, reader.read("roles", parse_instant, end) if at else None


def _write_grant(grant: Grant) -> str:
    if grant.ends_at is None:
        return grant.role
    return f"{grant.role}@{grant.ends_at.isoformat().replace('+00:00', 'Z')}"


def _write_digest(account: Account) -> str | None:
    """Return the hash; one that lets nobody in stays behind, for it would elsewhere."""
    if account.credential is None or account.credential.must_be_reset:
        return None
    return account.credential.digest.reveal()


def _parse_status(text: str) -> Status:
    try:
        return Status(text)
    except ValueError:
        names = ", ".join(status.value for status in Status)
        raise ValueError(f"must be one of {names}") from None


def _read_digest(reader: Reader, row: AccountRow, hasher: PasswordHasher) -> Secret[str] | None:
    if row.password is not None and row.password_hash is not None:
        reader.fault("password", "exclusive", "give either a password or its hash")
    if row.password_hash is None:
        return None
    digest = Secret(row.password_hash)
    try:
        hasher.check_known(digest)
    except PasswordHashUnknown as error:
        reader.fault("password_hash", "unknown", error.message)
    return digest
