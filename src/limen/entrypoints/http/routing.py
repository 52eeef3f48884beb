"""All routes of limen, and what each finds when it is asked."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from litestar import Router
from litestar.di import Provide
from litestar.types import ASGIApp, ControllerRouterHandler

from limen.entrypoints.http.api_keys import (
    ApiKeyController,
    ApiKeyReportController,
    OwnApiKeyController,
    UserApiKeyController,
)
from limen.entrypoints.http.assistance import AssistanceController
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.cookies import (
    CookieController,
    CsrfController,
    RememberedSignInController,
)
from limen.entrypoints.http.emails import EmailController, OwnEmailController
from limen.entrypoints.http.errors import handle
from limen.entrypoints.http.factors import FactorController, OwnFactorController
from limen.entrypoints.http.figures import Figures, MetricsController
from limen.entrypoints.http.gate import Gate
from limen.entrypoints.http.health import HealthController, Readiness
from limen.entrypoints.http.keys import KeyController
from limen.entrypoints.http.links import LinkController
from limen.entrypoints.http.me import MeController
from limen.entrypoints.http.messages import MessageController
from limen.entrypoints.http.passkey_steps import (
    PasskeySecondStepController,
    PasskeyStepUpController,
)
from limen.entrypoints.http.passkeys import (
    OwnPasskeyController,
    PasskeyController,
    PasskeySignInController,
)
from limen.entrypoints.http.passwords import OwnPasswordController, PasswordController
from limen.entrypoints.http.recovery import RecoveryController
from limen.entrypoints.http.remembered import OwnRememberedController, RememberedController
from limen.entrypoints.http.roles import GrantController, PermissionController, RoleController
from limen.entrypoints.http.second_step import (
    RequiredFactorController,
    SecondStepController,
    StepUpController,
)
from limen.entrypoints.http.service_accounts import (
    ServiceAccountController,
    ServiceAccountKeyController,
)
from limen.entrypoints.http.services import Reception
from limen.entrypoints.http.sessions import (
    OwnSessionController,
    SessionController,
    SignOutController,
)
from limen.entrypoints.http.signin import RegistrationController, SignInController
from limen.entrypoints.http.tokens import CheckController, TokenController
from limen.entrypoints.http.users import UserController

BASE: Final = "/api/v1"

_API: Final[Sequence[ControllerRouterHandler]] = (
    RegistrationController,
    SignInController,
    TokenController,
    CheckController,
    SignOutController,
    LinkController,
    PasskeySignInController,
    PasskeySecondStepController,
    PasskeyStepUpController,
    SecondStepController,
    RequiredFactorController,
    StepUpController,
    CookieController,
    RememberedSignInController,
    CsrfController,
    EmailController,
    RecoveryController,
    MeController,
    OwnEmailController,
    OwnPasswordController,
    OwnSessionController,
    OwnRememberedController,
    OwnFactorController,
    OwnPasskeyController,
    UserController,
    PasswordController,
    AssistanceController,
    SessionController,
    RememberedController,
    FactorController,
    PasskeyController,
    GrantController,
    RoleController,
    PermissionController,
    MessageController,
    OwnApiKeyController,
    UserApiKeyController,
    ApiKeyController,
    ApiKeyReportController,
    ServiceAccountController,
    ServiceAccountKeyController,
)
OPERATION: Final[Sequence[ControllerRouterHandler]] = (HealthController, MetricsController)


def routes(
    reception: Reception,
    figures: Figures,
    *,
    base: str = BASE,
    around: Sequence[Callable[[ASGIApp], ASGIApp]] = (),
    beside: Sequence[ControllerRouterHandler] = OPERATION,
) -> list[Router]:
    """Return the API under `base`, the key set, and what else is wanted `beside` them.

    They find the open limen at `reception`; `around` is what else stands before each.
    """

    def gate(app: ASGIApp) -> ASGIApp:
        # A function, because Litestar copies objects deeply, and a copy would never be opened.
        return Gate(app, reception)

    shared: dict[str, Any] = {
        "dependencies": _dependencies(reception, figures),
        "middleware": [*around, gate],
        "exception_handlers": {Exception: handle},
        "request_class": CallRequest,
    }
    return [
        Router(base, route_handlers=_API, **shared),
        Router("/", route_handlers=[KeyController, *beside], **shared),
    ]


def _dependencies(reception: Reception, figures: Figures) -> Mapping[str, Provide]:
    """Return one provider a name: a handler asks for exactly one of them."""
    readiness = Readiness(lambda: reception.opened.checks)
    return {
        "users": Provide(lambda: reception.services.users, sync_to_thread=False),
        "passwords": Provide(lambda: reception.services.passwords, sync_to_thread=False),
        "sign_in": Provide(lambda: reception.services.sign_in, sync_to_thread=False),
        "second_step": Provide(lambda: reception.services.second_step, sync_to_thread=False),
        "required": Provide(lambda: reception.services.required_factor, sync_to_thread=False),
        "step_up": Provide(lambda: reception.services.step_up, sync_to_thread=False),
        "sessions": Provide(lambda: reception.services.sessions, sync_to_thread=False),
        "tokens": Provide(lambda: reception.services.tokens, sync_to_thread=False),
        "cookie_sessions": Provide(
            lambda: reception.services.cookie_sessions, sync_to_thread=False
        ),
        "remembered": Provide(lambda: reception.services.remembered, sync_to_thread=False),
        "roles": Provide(lambda: reception.services.roles, sync_to_thread=False),
        "emails": Provide(lambda: reception.services.emails, sync_to_thread=False),
        "messages": Provide(lambda: reception.services.messages, sync_to_thread=False),
        "links": Provide(lambda: reception.services.links, sync_to_thread=False),
        "factors": Provide(lambda: reception.services.factors, sync_to_thread=False),
        "passkeys": Provide(lambda: reception.services.passkeys, sync_to_thread=False),
        "passkey_sign_in": Provide(
            lambda: reception.services.passkey_sign_in, sync_to_thread=False
        ),
        "passkey_steps": Provide(lambda: reception.services.passkey_steps, sync_to_thread=False),
        "assistance": Provide(lambda: reception.services.assistance, sync_to_thread=False),
        "recovery": Provide(lambda: reception.services.recovery, sync_to_thread=False),
        "api_keys": Provide(lambda: reception.services.api_keys, sync_to_thread=False),
        "service_accounts": Provide(
            lambda: reception.services.service_accounts, sync_to_thread=False
        ),
        "keys": Provide(lambda: reception.services.keys, sync_to_thread=False),
        "figures": Provide(lambda: figures, sync_to_thread=False),
        "readiness": Provide(lambda: readiness, sync_to_thread=False),
    }
