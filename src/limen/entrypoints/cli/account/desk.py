"""From a typed command to a service, as the person who is signed in: never as the operator."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Concatenate, Final, ParamSpec

import click
import msgspec
from click import Context

from limen.core.actor import Actor
from limen.core.errors import NotSignedIn, TokenExpired
from limen.core.ids import UserId
from limen.core.signin.entering import PartialSignIn, SignInOutcome
from limen.core.signin.rising import SteppedUp
from limen.core.tokens.issuing import IssuedTokens
from limen.core.tokens.model import AccessClaims
from limen.entrypoints.cli.account.asking import Asking
from limen.entrypoints.cli.account.keeping import Kept, SessionFile
from limen.entrypoints.cli.door import Services, house_of, json_option, output_of
from limen.entrypoints.cli.output import Output
from limen.entrypoints.signin_shapes import SteppedUpOut
from limen.wiring.settings import load

P = ParamSpec("P")

_NAME: Final = "account.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDesk:
    """What a command of `limen account` works with."""

    services: Services
    output: Output
    asking: Asking
    file: SessionFile

    async def actor(self) -> Actor:
        """Return who is signed in here; an access token that is over is exchanged first.

        Raises `NotSignedIn`, `SecondFactorNeeded`, and whatever a server would answer.
        """
        return (await self.myself())[1]

    async def actor_if_any(self) -> Actor:
        """Return who is signed in here, or nobody where no sign-in is kept."""
        return Actor.anonymous() if self.file.read().token is None else await self.actor()

    async def myself(self) -> tuple[UserId, Actor]:
        """Return the id of who is signed in here, and the actor they are."""
        claims = await self._claims()
        actor = Actor.anonymous().as_user(
            claims.user_id, claims.session_id, claims.authenticated_at
        )
        return claims.user_id, actor

    def waiting(self) -> str:
        """Return the token of a sign-in that waits for its second factor; raise `NotSignedIn`."""
        partial_token = self.file.read().partial_token
        if partial_token is None:
            raise NotSignedIn
        return partial_token

    async def _claims(self) -> AccessClaims:
        kept = self.file.read()
        if kept.token is None:
            raise NotSignedIn
        try:
            return await self.services.tokens.authenticate(kept.token)
        except TokenExpired:
            tokens = await self.services.tokens.refresh(refresh_token=kept.refresh_token or "")
            self.keep(tokens)
            return await self.services.tokens.authenticate(tokens.access_token)

    def keep(self, outcome: SignInOutcome) -> None:
        """Keep a sign-in in place of any other."""
        if isinstance(outcome, PartialSignIn):
            self.file.write(Kept(partial_token=outcome.partial_token.reveal()))
        else:
            self._keep_tokens(outcome)

    def _keep_tokens(self, tokens: IssuedTokens) -> None:
        kept = Kept(
            access_token=tokens.access_token.reveal(),
            refresh_token=tokens.refresh_token.reveal(),
        )
        self.file.write(kept)

    def keep_risen(self, risen: SteppedUp) -> None:
        """Keep the fresh tokens of the same session."""
        fresh = SteppedUpOut.of(risen)
        kept = msgspec.structs.replace(
            self.file.read(), access_token=fresh.access_token, refresh_token=fresh.refresh_token
        )
        self.file.write(kept)

    def keep_browser(self, token: str) -> None:
        """Keep what belongs to a link that was asked for, beside the sign-in there is."""
        self.file.write(msgspec.structs.replace(self.file.read(), browser_token=token))


def at_own_desk(
    command: Callable[Concatenate[OwnDesk, P], Awaitable[None]],
) -> Callable[P, None]:
    """Turn an async function of an `OwnDesk` into a command that asks for no secret."""
    return _at_desk(command, is_asking=False)


def at_asking_desk(
    command: Callable[Concatenate[OwnDesk, P], Awaitable[None]],
) -> Callable[P, None]:
    """Turn an async function of an `OwnDesk` into a command with `--stdin` for its secrets."""
    return _at_desk(command, is_asking=True)


def _at_desk(
    command: Callable[Concatenate[OwnDesk, P], Awaitable[None]], *, is_asking: bool
) -> Callable[P, None]:
    @json_option
    @click.option(
        "--session",
        "path",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        expose_value=False,
        callback=_remember,
        help=f"Where the sign-in is kept, instead of {_NAME} in the data directory.",
    )
    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        ctx: Context = click.get_current_context()
        house = house_of(ctx)
        asking = Asking(is_piped=bool(ctx.meta.get(_PIPED)))
        file = SessionFile(ctx.meta.get(_FILE) or load().data_dir / _NAME)

        async def at_desk() -> None:
            async with house.open() as opened:
                desk = OwnDesk(
                    services=opened.services, output=output_of(ctx), asking=asking, file=file
                )
                await command(desk, *args, **kwargs)

        house.run(at_desk())

    if not is_asking:
        return run
    return click.option(
        "--stdin",
        "is_piped",
        is_flag=True,
        expose_value=False,
        callback=_remember,
        help="Read what would be asked for from a pipe on standard input, a line each.",
    )(run)


_PIPED: Final = f"{__name__}.is_piped"
_FILE: Final = f"{__name__}.path"


def _remember(ctx: Context, parameter: click.Parameter, value: object) -> None:
    ctx.meta[f"{__name__}.{parameter.name}"] = value
