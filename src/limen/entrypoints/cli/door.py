"""From a typed command to a service: opening limen, running, knowing who asks."""

import getpass
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Concatenate, Final, ParamSpec, Protocol
from uuid import UUID

import click
from click import Context, Parameter

from limen.core.actor import Actor
from limen.core.api_keys.service import ApiKeyService
from limen.core.emails.service import EmailService
from limen.core.errors import UserNotFound
from limen.core.factors.service import FactorService
from limen.core.ids import UserId
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
from limen.core.users.model import User
from limen.core.users.service import UserService
from limen.entrypoints.cli.house import House
from limen.entrypoints.cli.output import Output

P = ParamSpec("P")

_JSON: Final = "limen.json"


class Services(Protocol):
    """The part of limen that the command line uses."""

    @property
    def users(self) -> UserService:
        """Accounts."""
        ...

    @property
    def passwords(self) -> PasswordService:
        """Passwords."""
        ...

    @property
    def sessions(self) -> SessionService:
        """Sign-ins."""
        ...

    @property
    def remembered(self) -> RememberedService:
        """Browsers that are remembered."""
        ...

    @property
    def factors(self) -> FactorService:
        """Second factors."""
        ...

    @property
    def passkeys(self) -> PasskeyService:
        """Passkeys."""
        ...

    @property
    def sign_in(self) -> SignInService:
        """Signing in with a password."""
        ...

    @property
    def second_step(self) -> SecondStepService:
        """Sign-ins that wait for a second factor."""
        ...

    @property
    def required_factor(self) -> RequiredFactorService:
        """Second factors that are set up within a sign-in."""
        ...

    @property
    def step_up(self) -> StepUpService:
        """Proving oneself again."""
        ...

    @property
    def links(self) -> LinkSignInService:
        """Signing in by mail."""
        ...

    @property
    def passkey_sign_in(self) -> PasskeySignInService:
        """Signing in by a passkey."""
        ...

    @property
    def passkey_steps(self) -> PasskeyStepService:
        """The second step, and proving oneself again, by a passkey."""
        ...

    @property
    def tokens(self) -> TokenService:
        """Refreshing and believing tokens."""
        ...

    @property
    def emails(self) -> EmailService:
        """Proving and changing addresses."""
        ...

    @property
    def assistance(self) -> AssistanceService:
        """Help of administrators."""
        ...

    @property
    def recovery(self) -> RecoveryService:
        """Setting a lost password."""
        ...

    @property
    def api_keys(self) -> ApiKeyService:
        """API keys."""
        ...

    @property
    def roles(self) -> RoleService:
        """Roles and grants."""
        ...

    @property
    def keys(self) -> KeyService:
        """Signing keys."""
        ...

    @property
    def messages(self) -> MessageService:
        """Messages to people."""
        ...

    @property
    def service_accounts(self) -> ServiceAccountService:
        """Accounts without people."""
        ...

    @property
    def imports(self) -> ImportService:
        """Many accounts at once."""
        ...

    @property
    def maintenance(self) -> MaintenanceService:
        """Removing what is over."""
        ...


def operator() -> Actor:
    """Return the actor of somebody with a shell on this machine: they may do everything."""
    return Actor.system(f"cli:{getpass.getuser()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An open limen, and how many changes its store works on at once."""

    services: Services
    writers: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a command works with: the services, the output, and who sits here."""

    services: Services
    output: Output
    writers: int = 1
    actor: Actor = field(default_factory=operator)

    async def find_user(self, who: str) -> User:
        """Return the user with this id, e-mail address or username; raise `UserNotFound`."""
        try:
            return await self.services.users.get(UserId(UUID(who)), actor=self.actor)
        except (ValueError, UserNotFound):
            # A name may look like an id.
            return await self.services.users.find(who, actor=self.actor)


def json_option(command: Callable[P, None]) -> Callable[P, None]:
    """Add `--json`; `output_of(ctx)` obeys it."""
    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_remember_json,
        help="Print one JSON document in the shape of the HTTP API.",
    )(command)


def _remember_json(ctx: Context, _parameter: Parameter, value: bool) -> None:  # noqa: FBT001 - click's form
    ctx.meta[_JSON] = value


def output_of(ctx: Context) -> Output:
    """Return the output in the form that was asked for."""
    return Output(is_json=bool(ctx.meta.get(_JSON)))


def at_the_desk(command: Callable[Concatenate[Desk, P], Awaitable[None]]) -> Callable[P, None]:
    """Turn an async function of a `Desk` into a command: limen is opened for it, and closed."""

    @json_option
    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        ctx: Context = click.get_current_context()
        house = house_of(ctx)

        async def at_desk() -> None:
            async with house.open() as opened:
                desk = Desk(services=opened.services, writers=opened.writers, output=output_of(ctx))
                await command(desk, *args, **kwargs)

        house.run(at_desk())

    return run


def with_output(command: Callable[Concatenate[Output, P], Awaitable[None]]) -> Callable[P, None]:
    """Turn an async function of an `Output` into a command; it opens what it needs itself."""

    @json_option
    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        ctx: Context = click.get_current_context()

        async def with_it() -> None:
            await command(output_of(ctx), *args, **kwargs)

        house_of(ctx).run(with_it())

    return run


def house_of(ctx: Context) -> House:
    """Return how to open limen and run a command in it."""
    house = ctx.find_object(House)
    assert house is not None  # noqa: S101 - `main` puts it there
    return house
