"""The services of the core, side by side: what every opened limen is, whoever put it together."""

from dataclasses import dataclass, fields
from typing import Any

from limen.core.idempotency.service import IdempotencyService
from limen.core.imports.service import ImportService
from limen.core.keys.service import KeyService
from limen.core.maintenance.service import MaintenanceService
from limen.core.passwords.service import PasswordService
from limen.core.roles.service import RoleService
from limen.core.sessions.service import SessionService
from limen.core.signin.service import SignInService
from limen.core.tokens.service import TokenService
from limen.core.users.service import UserService


@dataclass(frozen=True, slots=True, kw_only=True)
class Limen:
    """An open limen: one service for each concept."""

    users: UserService
    passwords: PasswordService
    sign_in: SignInService
    sessions: SessionService
    tokens: TokenService
    roles: RoleService
    keys: KeyService
    imports: ImportService
    idempotency: IdempotencyService
    maintenance: MaintenanceService

    @classmethod
    def of(cls, parts: Any) -> "Limen":
        """Take the services from whatever has them by these names: `limen.testing.in_memory()`."""
        return cls(**{field.name: getattr(parts, field.name) for field in fields(cls)})
