"""Signing in with a password, the second step, proving oneself again, and signing out."""

from typing import Final

import click

from limen.core.actor import Actor
from limen.core.errors import Kind, LimenError
from limen.core.factors.model import FactorKind
from limen.core.secret import Secret
from limen.core.signin.entering import PartialSignIn, SignInOutcome
from limen.core.signin.rising import SteppedUp
from limen.entrypoints.cli.account.desk import OwnDesk, at_asking_desk, at_own_desk
from limen.entrypoints.cli.lazy import Command
from limen.entrypoints.signin_shapes import SteppedUpOut, sign_in_out

_WAYS: Final = {
    FactorKind.TOTP: "a code of your authenticator app",
    FactorKind.RECOVERY_CODE: "a recovery code",
    FactorKind.PASSKEY: "a passkey",
}


async def enter(desk: OwnDesk, outcome: SignInOutcome) -> None:
    """Keep what a sign-in gave, and go on to the second factor where somebody can be asked."""
    desk.keep(outcome)
    if isinstance(outcome, PartialSignIn) and _has_code(outcome) and desk.asking.is_watched:
        outcome = await _finish(desk, outcome.partial_token, desk.asking.code())
    _tell(desk, outcome)


async def _finish(
    desk: OwnDesk, partial_token: Secret[str] | str, code: Secret[str]
) -> SignInOutcome:
    tokens = await desk.services.second_step.finish(
        partial_token=partial_token, code=code, actor=Actor.anonymous()
    )
    desk.keep(tokens)
    return tokens


def _tell(desk: OwnDesk, outcome: SignInOutcome) -> None:
    shape = sign_in_out(outcome)
    if not isinstance(outcome, PartialSignIn):
        desk.output.done(f"Signed in as {outcome.user.email}.", data=shape)
    else:
        desk.output.done(f"Not signed in yet: {_lack(outcome)}.", _next(outcome), data=shape)


def tell_risen(desk: OwnDesk, risen: SteppedUp) -> None:
    """Keep the fresh access token."""
    desk.keep_risen(risen)
    desk.output.done("Your sign-in is fresh for ten minutes.", data=SteppedUpOut.of(risen))


def _lack(partial: PartialSignIn) -> str:
    if not partial.factors:
        return "this account must have a second factor first"
    return "this needs " + " or ".join(_WAYS[factor] for factor in partial.factors)


def _has_code(partial: PartialSignIn) -> bool:
    return any(factor is not FactorKind.PASSKEY for factor in partial.factors)


def _next(partial: PartialSignIn) -> str:
    if not partial.factors:
        return "Go on with: limen account required-factor begin"
    if _has_code(partial):
        return "Go on with: limen account factor"
    return "Go on with: limen account passkey options --for factor"


@click.command(
    cls=Command,
    examples=(
        "limen account login ada@example.org --label 'My laptop'",
        "pass show ada | limen account login ada --stdin --session ada.json",
    ),
)
@click.argument("identifier")
@click.option("--label", default="", help="What the session is called in lists.")
@at_asking_desk
async def login(desk: OwnDesk, *, identifier: str, label: str) -> None:
    """Sign in by e-mail address or username, and password.

    With --json the tokens are printed, as over HTTP. Where a second factor is awaited its code is
    asked for on a terminal; elsewhere `limen account factor` finishes.
    """
    outcome = await desk.services.sign_in.sign_in(
        identifier=identifier,
        password=desk.asking.password(),
        label=label,
        actor=Actor.anonymous(),
    )
    await enter(desk, outcome)


@click.command(
    cls=Command,
    examples=("limen account factor", "oathtool --totp -b - | limen account factor --stdin"),
)
@at_asking_desk
async def factor(desk: OwnDesk) -> None:
    """Finish a sign-in with a code of the authenticator app, or with a recovery code."""
    partial_token = desk.waiting()
    _tell(desk, await _finish(desk, partial_token, desk.asking.code()))


@click.command(cls=Command, examples=("limen account step-up",))
@at_asking_desk
async def step_up(desk: OwnDesk) -> None:
    """Prove again who you are, for what needs a fresh sign-in: it is one for ten minutes.

    The password is asked for, and the code of your second factor if you have one.
    """
    user_id, actor = await desk.myself()
    password = desk.asking.password()
    code = None
    if desk.asking.is_piped or (await desk.services.factors.get(user_id, actor=actor)).totp:
        code = desk.asking.maybe("Code")
    risen = await desk.services.step_up.step_up(password=password, code=code, actor=actor)
    tell_risen(desk, risen)


@click.command(cls=Command, examples=("limen account logout",))
@at_own_desk
async def logout(desk: OwnDesk) -> None:
    """End the session, or a sign-in that waits for its second factor, and forget it."""
    partial_token = desk.file.read().partial_token
    try:
        if partial_token is not None:
            await desk.services.second_step.stop(partial_token=partial_token)
        else:
            await desk.services.sessions.sign_out(actor=await desk.actor())
    except LimenError as error:
        if error.kind is Kind.UNAUTHENTICATED:
            desk.file.remove()
        raise
    desk.file.remove()
    desk.output.done("You are signed out.")
