"""The services of the core, side by side: what every opened limen is, whoever put it together."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from limen.core.api_keys.service import ApiKeyService
from limen.core.cookies.service import CookieService
from limen.core.emails.service import EmailService
from limen.core.factors.service import FactorService
from limen.core.idempotency.service import IdempotencyService
from limen.core.imports.service import ImportService
from limen.core.keys.service import KeyService
from limen.core.maintenance.service import MaintenanceService
from limen.core.messages.service import MessageService
from limen.core.passkeys.service import PasskeyService
from limen.core.passwords.service import PasswordService
from limen.core.recovery.assistance import AssistanceService
from limen.core.recovery.service import RecoveryService
from limen.core.remembered.service import RememberedService
from limen.core.roles.service import RoleService
from limen.core.service_accounts.service import ServiceAccountService
from limen.core.sessions.service import SessionService
from limen.core.signin.finishing import SecondStepService
from limen.core.signin.links import LinkSignInService
from limen.core.signin.passkey_steps import PasskeyStepService
from limen.core.signin.passkeys import PasskeySignInService
from limen.core.signin.requiring import RequiredFactorService
from limen.core.signin.service import SignInService
from limen.core.signin.stepping_up import StepUpService
from limen.core.tokens.service import TokenService
from limen.core.users.service import UserService

if TYPE_CHECKING:
    from limen.testing.assembly import Assembly


@dataclass(frozen=True, slots=True, kw_only=True)
class Limen:
    """An open limen: one service for each concept."""

    users: UserService
    passwords: PasswordService
    sign_in: SignInService
    second_step: SecondStepService
    required_factor: RequiredFactorService
    step_up: StepUpService
    sessions: SessionService
    tokens: TokenService
    cookie_sessions: CookieService
    remembered: RememberedService
    roles: RoleService
    keys: KeyService
    emails: EmailService
    factors: FactorService
    links: LinkSignInService
    passkeys: PasskeyService
    passkey_sign_in: PasskeySignInService
    passkey_steps: PasskeyStepService
    recovery: RecoveryService
    assistance: AssistanceService
    messages: MessageService
    api_keys: ApiKeyService
    service_accounts: ServiceAccountService
    imports: ImportService
    idempotency: IdempotencyService
    maintenance: MaintenanceService

    @classmethod
    def of(cls, assembly: "Assembly") -> "Limen":
        """Take the services of a limen in memory, `limen.testing.in_memory()`."""
        return cls(
            users=assembly.users,
            passwords=assembly.passwords,
            sign_in=assembly.sign_in,
            second_step=assembly.second_step,
            required_factor=assembly.required_factor,
            step_up=assembly.step_up,
            sessions=assembly.sessions,
            tokens=assembly.tokens,
            cookie_sessions=assembly.cookie_sessions,
            remembered=assembly.remembered,
            roles=assembly.roles,
            keys=assembly.keys,
            emails=assembly.emails,
            factors=assembly.factors,
            links=assembly.links,
            passkeys=assembly.passkeys,
            passkey_sign_in=assembly.passkey_sign_in,
            passkey_steps=assembly.passkey_steps,
            recovery=assembly.recovery,
            assistance=assembly.assistance,
            messages=assembly.messages,
            api_keys=assembly.api_keys,
            service_accounts=assembly.service_accounts,
            imports=assembly.imports,
            idempotency=assembly.idempotency,
            maintenance=assembly.maintenance,
        )
