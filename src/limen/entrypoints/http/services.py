"""What the HTTP door needs of a limen, whoever assembled it."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from limen.core.api_keys.service import ApiKeyService
from limen.core.cookies.service import CookieService
from limen.core.emails.service import EmailService
from limen.core.factors.service import FactorService
from limen.core.idempotency.service import IdempotencyService
from limen.core.keys.service import KeyService
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
from limen.ports.entropy import Entropy

Check: TypeAlias = Callable[[], Awaitable[None]]
Gauges: TypeAlias = Callable[[], Mapping[str, float]]


class Services(Protocol):
    """One service for each concept."""

    @property
    def users(self) -> UserService:
        """Accounts."""
        ...

    @property
    def passwords(self) -> PasswordService:
        """Setting and changing passwords."""
        ...

    @property
    def sign_in(self) -> SignInService:
        """The way in."""
        ...

    @property
    def second_step(self) -> SecondStepService:
        """The second step of a sign-in."""
        ...

    @property
    def required_factor(self) -> RequiredFactorService:
        """Setting up a factor that one must have."""
        ...

    @property
    def step_up(self) -> StepUpService:
        """Proving oneself again."""
        ...

    @property
    def sessions(self) -> SessionService:
        """Sign-ins and their ends."""
        ...

    @property
    def tokens(self) -> TokenService:
        """Access tokens and refreshing."""
        ...

    @property
    def cookie_sessions(self) -> CookieService:
        """Sessions that browsers carry in a cookie."""
        ...

    @property
    def remembered(self) -> RememberedService:
        """Browsers that are remembered."""
        ...

    @property
    def roles(self) -> RoleService:
        """Roles and who has them."""
        ...

    @property
    def keys(self) -> KeyService:
        """Signing keys."""
        ...

    @property
    def emails(self) -> EmailService:
        """Proving and changing addresses."""
        ...

    @property
    def messages(self) -> MessageService:
        """Messages to people."""
        ...

    @property
    def links(self) -> LinkSignInService:
        """The way in by mail."""
        ...

    @property
    def factors(self) -> FactorService:
        """Second factors."""
        ...

    @property
    def passkeys(self) -> PasskeyService:
        """Enrolling and removing passkeys."""
        ...

    @property
    def passkey_sign_in(self) -> PasskeySignInService:
        """The way in by passkey."""
        ...

    @property
    def passkey_steps(self) -> PasskeyStepService:
        """Finishing a sign-in and proving oneself again by passkey."""
        ...

    @property
    def assistance(self) -> AssistanceService:
        """Help of administrators."""
        ...

    @property
    def recovery(self) -> RecoveryService:
        """Getting back in."""
        ...

    @property
    def api_keys(self) -> ApiKeyService:
        """API keys."""
        ...

    @property
    def service_accounts(self) -> ServiceAccountService:
        """Accounts without people."""
        ...

    @property
    def idempotency(self) -> IdempotencyService:
        """Requests that may be repeated."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An open limen as the door needs it.

    `checks` are the parts without which it cannot work (each raises when it cannot), `gauges`
    tells what is in use at the moment.
    """

    services: Services
    entropy: Entropy
    checks: Mapping[str, Check] = field(default_factory=dict)
    gauges: Gauges = dict


Opening: TypeAlias = Callable[[], AbstractAsyncContextManager[Opened]]


class Reception:
    """Where requests find the open limen: it is there from the start of the server to its end."""

    def __init__(self) -> None:
        self._opened: Opened | None = None

    @contextmanager
    def serving(self, opened: Opened) -> Iterator[None]:
        """Serve with this one while the block runs."""
        self._opened = opened
        try:
            yield
        finally:
            self._opened = None

    @property
    def opened(self) -> Opened:
        """The open limen; a `RuntimeError` says that the application was not started."""
        if self._opened is None:
            raise RuntimeError("limen is not open: the application's lifespan has not run")
        return self._opened

    @property
    def services(self) -> Services:
        """The services of the open limen."""
        return self.opened.services
