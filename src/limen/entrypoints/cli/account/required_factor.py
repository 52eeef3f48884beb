"""Setting up the second factor without which a sign-in does not end."""

from limen.entrypoints.cli.account.desk import OwnDesk, at_asking_desk, at_own_desk
from limen.entrypoints.cli.account.factors import SHOWN_ONCE, show_totp
from limen.entrypoints.cli.lazy import LazyGroup
from limen.entrypoints.signin_shapes import FirstFactorOut

required_factor = LazyGroup(
    name="required-factor",
    help="Set up the second factor that your account must have, to end a sign-in that waits.",
    examples=("limen account required-factor begin", "limen account required-factor confirm"),
)


@required_factor.command(examples=("limen account required-factor begin",))
@at_own_desk
async def begin(desk: OwnDesk) -> None:
    """Show the secret of an authenticator app, this once; it waits for 15 minutes."""
    made = await desk.services.required_factor.begin(partial_token=desk.waiting())
    show_totp(desk, made, "limen account required-factor confirm")


@required_factor.command(examples=("limen account required-factor confirm",))
@at_asking_desk
async def confirm(desk: OwnDesk) -> None:
    """Let the app count by a code that it shows, which signs you in; recovery codes come back."""
    first = await desk.services.required_factor.confirm(
        partial_token=desk.waiting(), code=desk.asking.code()
    )
    desk.keep(first.tokens)
    shape = FirstFactorOut.of(first)
    desk.output.done(
        f"Signed in as {first.tokens.user.email}; the app counts from now on.",
        SHOWN_ONCE,
        *shape.recovery_codes,
        data=shape,
    )
