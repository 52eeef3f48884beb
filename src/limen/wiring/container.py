"""What is made of what. Constructor injection only; nothing here waits or connects."""

from dependency_injector.providers import Callable, Singleton

from limen.core.api_keys.service import ApiKeyService, KeyParts
from limen.core.cookies.service import CookieService
from limen.core.emails.service import EmailService
from limen.core.factors.service import FactorService
from limen.core.idempotency.service import IdempotencyService
from limen.core.imports.service import ImportService
from limen.core.keys.service import KeyService
from limen.core.maintenance.service import MaintenanceService, RetentionPolicy
from limen.core.messages.service import MessageService
from limen.core.passkeys.service import EnrolmentParts, PasskeyService
from limen.core.passwords.service import PasswordService
from limen.core.recovery.assistance import AssistanceService
from limen.core.recovery.service import RecoveryService
from limen.core.remembered.service import RememberedService
from limen.core.roles.service import RoleService
from limen.core.service_accounts.service import ServiceAccountService
from limen.core.sessions.service import SessionService
from limen.core.signin.finishing import SecondStepService
from limen.core.signin.links import LinkSignInService, MailParts
from limen.core.signin.passkey_steps import PasskeyStepService
from limen.core.signin.passkeys import PasskeyParts, PasskeySignInService
from limen.core.signin.requiring import RequiredFactorService
from limen.core.signin.service import SignInService
from limen.core.signin.stepping_up import Provers, StepUpService
from limen.core.tokens.service import TokenService
from limen.core.users.making import AccountParts
from limen.core.users.service import UserService
from limen.wiring.foundation import Foundation


class Container(Foundation):
    """Every part of one limen, each made once, when it is first asked for.

    Open it with `limen.wiring.lifecycle.open_container`. Calling a provider gives its part:
    `container.users()` is the `UserService`. In tests a part can be replaced before anything
    that uses it was asked for: `container.clock.override(FrozenClock())`.
    """

    users = Singleton[UserService](
        UserService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        lists=Foundation.lists,
        parts=Callable(
            AccountParts, preparation=Foundation.preparation, postbox=Foundation.postbox
        ),
        policy=Foundation.settings.provided.account.policy,
    )
    passwords = Singleton[PasswordService](
        PasswordService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        prover=Foundation.prover,
        preparation=Foundation.preparation,
    )
    second_step = Singleton[SecondStepService](
        SecondStepService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        prover=Foundation.factor_prover,
        entrance=Foundation.entrance,
    )
    required_factor = Singleton[RequiredFactorService](
        RequiredFactorService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        maker=Foundation.totp_maker,
        entrance=Foundation.entrance,
        policy=Foundation.settings.provided.sign_in_policy,
    )
    step_up = Singleton[StepUpService](
        StepUpService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        provers=Callable(Provers, passwords=Foundation.prover, factors=Foundation.factor_prover),
        rise=Foundation.rise,
        policy=Foundation.settings.provided.factors.policy,
    )
    links = Singleton[LinkSignInService](
        LinkSignInService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        mail=Callable(MailParts, postbox=Foundation.postbox, checker=Foundation.proof_checker),
        entrance=Foundation.entrance,
    )
    passkey_sign_in = Singleton[PasskeySignInService](
        PasskeySignInService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        parts=Callable(PasskeyParts, desk=Foundation.ceremonies, prover=Foundation.passkey_prover),
        entrance=Foundation.entrance,
    )
    passkey_steps = Singleton[PasskeyStepService](
        PasskeyStepService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        parts=Callable(PasskeyParts, desk=Foundation.ceremonies, prover=Foundation.passkey_prover),
        entrance=Foundation.entrance,
        rise=Foundation.rise,
    )
    passkeys = Singleton[PasskeyService](
        PasskeyService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        parts=Callable(
            EnrolmentParts,
            desk=Foundation.ceremonies,
            webauthn=Foundation.webauthn,
            postbox=Foundation.postbox,
        ),
        factors=Foundation.settings.provided.factors.policy,
    )
    sign_in = Singleton[SignInService](
        SignInService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        hasher=Foundation.verifying,
        entrance=Foundation.entrance,
        policy=Foundation.settings.provided.sign_in_policy,
    )
    sessions = Singleton[SessionService](
        SessionService, unit_of_work=Foundation.unit_of_work, ambient=Foundation.ambient
    )
    tokens = Singleton[TokenService](
        TokenService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        issuer=Foundation.issuer,
        verifier=Foundation.verifier,
        policy=Foundation.settings.provided.sign_in_policy,
    )
    cookie_sessions = Singleton[CookieService](
        CookieService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        issuer=Foundation.issuer,
        browsers=Foundation.browsers,
        policy=Foundation.settings.provided.sign_in_policy,
    )
    remembered = Singleton[RememberedService](
        RememberedService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        entrance=Foundation.entrance,
    )
    roles = Singleton[RoleService](
        RoleService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        factors=Foundation.settings.provided.factors.policy,
    )
    keys = Singleton[KeyService](
        KeyService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        maker=Foundation.key_maker,
        ring=Foundation.key_ring,
    )
    emails = Singleton[EmailService](
        EmailService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        postbox=Foundation.postbox,
        checker=Foundation.proof_checker,
        prover=Foundation.prover,
    )
    factors = Singleton[FactorService](
        FactorService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        maker=Foundation.totp_maker,
        policy=Foundation.settings.provided.factors.policy,
        throttle=Foundation.settings.provided.throttle.policy,
    )
    recovery = Singleton[RecoveryService](
        RecoveryService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        postbox=Foundation.postbox,
        checker=Foundation.proof_checker,
        preparation=Foundation.preparation,
    )
    assistance = Singleton[AssistanceService](
        AssistanceService, unit_of_work=Foundation.unit_of_work, ambient=Foundation.ambient
    )
    messages = Singleton[MessageService](
        MessageService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        lists=Foundation.lists,
    )
    api_keys = Singleton[ApiKeyService](
        ApiKeyService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        parts=Callable(
            KeyParts,
            checker=Foundation.key_checker,
            postbox=Foundation.postbox,
            lists=Foundation.lists,
        ),
        policy=Foundation.settings.provided.api_key.policy,
    )
    service_accounts = Singleton[ServiceAccountService](
        ServiceAccountService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        lists=Foundation.lists,
    )
    imports = Singleton[ImportService](
        ImportService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        hasher=Foundation.verifying,
        preparation=Foundation.preparation,
    )
    idempotency = Singleton[IdempotencyService](
        IdempotencyService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        cipher=Foundation.cipher,
    )
    maintenance = Singleton[MaintenanceService](
        MaintenanceService,
        unit_of_work=Foundation.unit_of_work,
        ambient=Foundation.ambient,
        policy=Callable(RetentionPolicy),
    )
