"""Roles, permissions and grants: who may do what."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from limen.core.errors import BeyondOwnPermissions, PermissionMissing, RoleBuiltIn
from limen.core.ids import UserId
from limen.core.text import has_control_characters, is_too_long_to_normalise, nfc

ADMIN: Final = "admin"
MOST_PERMISSIONS: Final = 200
LONGEST_DESCRIPTION: Final = 400

_ROLE_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}[a-z0-9]")
_PERMISSION_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+")
_LONGEST_PERMISSION: Final = 100


class Permission(StrEnum):
    """The permissions that limen itself asks for."""

    USERS_READ = "users.read"
    USERS_WRITE = "users.write"
    USERS_DELETE = "users.delete"
    USERS_VERIFY = "users.verify"
    USERS_UNLOCK = "users.unlock"
    USERS_IMPORT = "users.import"
    USERS_EXPORT = "users.export"
    PASSWORDS_SET = "passwords.set"
    PASSWORDS_RESET = "passwords.reset"
    FACTORS_READ = "factors.read"
    FACTORS_RESET = "factors.reset"
    PASSKEYS_READ = "passkeys.read"
    PASSKEYS_REMOVE = "passkeys.remove"
    SESSIONS_READ = "sessions.read"
    SESSIONS_REVOKE = "sessions.revoke"
    ROLES_READ = "roles.read"
    ROLES_MANAGE = "roles.manage"
    ROLES_GRANT = "roles.grant"
    KEYS_READ = "keys.read"
    KEYS_ROTATE = "keys.rotate"
    API_KEYS_READ = "api_keys.read"
    API_KEYS_REVOKE = "api_keys.revoke"
    SERVICE_ACCOUNTS_READ = "service_accounts.read"
    SERVICE_ACCOUNTS_MANAGE = "service_accounts.manage"
    MESSAGES_READ = "messages.read"
    MESSAGES_SEND = "messages.send"
    MAINTENANCE_RUN = "maintenance.run"


DESCRIPTIONS: Final[Mapping[Permission, str]] = {
    Permission.USERS_READ: "See users and search among them",
    Permission.USERS_WRITE: "Create, change, suspend and reactivate users",
    Permission.USERS_DELETE: "Delete users",
    Permission.USERS_VERIFY: "Vouch that the address of a user is theirs",
    Permission.USERS_UNLOCK: "Let a locked user try again at once",
    Permission.USERS_IMPORT: "Bring many users in at once, with their password hashes",
    Permission.USERS_EXPORT: "Take all users out, with their password hashes",
    Permission.PASSWORDS_SET: "Set the password of a user",
    Permission.PASSWORDS_RESET: "Have a user choose another password before they come in by one",
    Permission.FACTORS_READ: "See which second factors a user has",
    Permission.FACTORS_RESET: "Take all second factors from a user",
    Permission.PASSKEYS_READ: "See the passkeys of a user",
    Permission.PASSKEYS_REMOVE: "Remove the passkeys of a user",
    Permission.SESSIONS_READ: "See the sessions of a user",
    Permission.SESSIONS_REVOKE: "End the sessions of a user",
    Permission.ROLES_READ: "See roles and who has them",
    Permission.ROLES_MANAGE: "Create, change and delete roles",
    Permission.ROLES_GRANT: "Give roles to users and take them away",
    Permission.KEYS_READ: "See the signing keys",
    Permission.KEYS_ROTATE: "Make a new signing key",
    Permission.API_KEYS_READ: "See the API keys of anybody, never their secrets",
    Permission.API_KEYS_REVOKE: "End the API keys of anybody",
    Permission.SERVICE_ACCOUNTS_READ: "See the service accounts",
    Permission.SERVICE_ACCOUNTS_MANAGE: "Make, change and delete service accounts and their keys",
    Permission.MESSAGES_READ: "See which messages were sent to whom, never what they say",
    Permission.MESSAGES_SEND: "Send messages again",
    Permission.MAINTENANCE_RUN: "Remove what is past its lifetime",
}

OWN: Final = frozenset(permission.value for permission in Permission)

# What every owner may give to a key: to see their own account. No role has it, for nobody lacks it.
ME_READ: Final = "me.read"

# What no key carries, whatever its owner may: credentials are a matter for people who are there.
NEVER_BY_KEY: Final = frozenset(
    {
        Permission.PASSWORDS_SET,
        Permission.PASSWORDS_RESET,
        Permission.USERS_VERIFY,
        Permission.USERS_UNLOCK,
        Permission.FACTORS_RESET,
        Permission.PASSKEYS_REMOVE,
        Permission.USERS_IMPORT,
        Permission.USERS_EXPORT,
        Permission.KEYS_ROTATE,
        Permission.API_KEYS_REVOKE,
        Permission.SERVICE_ACCOUNTS_MANAGE,
    }
)

RESERVED: Final = frozenset(name.partition(".")[0] for name in (*OWN, ME_READ))


def parse_role_name(text: str) -> str:
    """Read a role's name; raise `ValueError` with a sentence for people."""
    if not _ROLE_NAME.fullmatch(text):
        message = (
            "must be 2 to 64 lower-case letters, digits, dashes or underscores, "
            "beginning with a letter"
        )
        raise ValueError(message)
    return text


def role_name_or_none(text: str) -> str | None:
    """Return `text` if a role could be called that."""
    return text if _ROLE_NAME.fullmatch(text) else None


def parse_permissions(names: Iterable[str]) -> frozenset[str]:
    """Read permission names; raise `ValueError` naming those that are not possible.

    Names are dotted (`invoices.read`). Those under limen's own first words must be limen's.
    """
    given = frozenset(names)
    wrong = sorted(name for name in given if not _is_possible(name))
    if wrong:
        message = (
            f"not possible: {', '.join(wrong)}; a permission is a dotted name such as "
            f"invoices.read, and {', '.join(sorted(RESERVED))} belong to limen"
        )
        raise ValueError(message)
    if len(given) > MOST_PERMISSIONS:
        message = f"at most {MOST_PERMISSIONS} permissions"
        raise ValueError(message)
    return given


def parse_scopes(names: Iterable[str]) -> frozenset[str]:
    """Read the scopes of an API key; raise `ValueError` naming those that no key can have."""
    given = frozenset(names)
    never = sorted(given & NEVER_BY_KEY)
    if never:
        raise ValueError(f"not possible for a key: {', '.join(never)}")
    return parse_permissions(given - {ME_READ}) | (given & {ME_READ})


def allowed_to_keys(scopes: frozenset[str], held: frozenset[str]) -> frozenset[str]:
    """Return what a key with `scopes` may do for an owner who may do what is `held`."""
    return scopes & (held | {ME_READ}) - NEVER_BY_KEY


def _is_possible(name: str) -> bool:
    if name in OWN:
        return True
    is_dotted = len(name) <= _LONGEST_PERMISSION and _PERMISSION_NAME.fullmatch(name) is not None
    return is_dotted and name.partition(".")[0] not in RESERVED


def parse_description(text: str) -> str:
    """Read a description; raise `ValueError` with a sentence for people."""
    is_endless = is_too_long_to_normalise(text, LONGEST_DESCRIPTION)
    written = "" if is_endless else nfc(text)
    if is_endless or len(written) > LONGEST_DESCRIPTION or has_control_characters(written):
        message = f"must be at most {LONGEST_DESCRIPTION} characters, none of them invisible"
        raise ValueError(message)
    return written


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A named set of permissions. The built-in `admin` always has all of limen's own."""

    name: str
    description: str = ""
    permissions: frozenset[str] = frozenset()
    created_at: datetime
    updated_at: datetime
    version: int = 1

    @property
    def is_built_in(self) -> bool:
        """Whether limen itself owns this role."""
        return self.name == ADMIN

    def replaced(self, description: str, permissions: frozenset[str], now: datetime) -> "Role":
        """Give the role another description and other permissions; refuse for built-in ones."""
        self.refuse_built_in()
        return replace(
            self,
            description=description,
            permissions=permissions,
            updated_at=now,
            version=self.version + 1,
        )

    def refuse_built_in(self) -> None:
        """Raise `RoleBuiltIn` for a role that limen owns."""
        if self.is_built_in:
            raise RoleBuiltIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role given to a user, for good or until `ends_at`."""

    user_id: UserId
    role: str
    granted_at: datetime
    ends_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Tell whether the grant still counts."""
        return self.ends_at is None or now < self.ends_at


def permissions_of(roles: Iterable[Role]) -> frozenset[str]:
    """Return everything that these roles allow together."""
    held = frozenset[str]().union(*(role.permissions | _always(role) for role in roles))
    return frozenset(held)


def _always(role: Role) -> frozenset[str]:
    return OWN if role.is_built_in else frozenset()


def require(permission: Permission, held: frozenset[str]) -> None:
    """Raise `PermissionMissing` unless `permission` is held."""
    if permission not in held:
        message = f"You may not do this: it needs the permission {permission}."
        raise PermissionMissing(message)


def refuse_more_by_key(held: frozenset[str], given: frozenset[str]) -> None:
    """Raise `BeyondOwnPermissions` if a key that holds `held` would give more, whosoever it is.

    What people may do in an application is not limen's to compare; what a key may is written on it.
    """
    if not given <= held:
        raise BeyondOwnPermissions


def refuse_beyond(held: frozenset[str], concerned: frozenset[str]) -> None:
    """Raise `BeyondOwnPermissions` if limen's own permissions in `concerned` exceed `held`."""
    if not (concerned & OWN) <= held:
        raise BeyondOwnPermissions
