"""One's own second factors."""

import click

from limen.core.factors.making import NewTotp
from limen.entrypoints.cli.account.desk import OwnDesk, at_asking_desk, at_own_desk
from limen.entrypoints.cli.lazy import Command, LazyGroup
from limen.entrypoints.factor_shapes import FactorsOut, NewTotpOut, RecoveryCodesOut

SHOWN_ONCE = "Keep these recovery codes; each is good once, and they are shown this once:"


@click.command(cls=Command, examples=("limen account factors",))
@at_own_desk
async def factors(desk: OwnDesk) -> None:
    """List your second factors, and how many recovery codes are left."""
    user_id, actor = await desk.myself()
    held = await desk.services.factors.get(user_id, actor=actor)
    desk.output.item(FactorsOut.of(held))


def show_totp(desk: OwnDesk, made: NewTotp, following: str) -> None:
    """Show the secret of an app, and the command that follows."""
    shape = NewTotpOut.of(made)
    desk.output.done(
        *shape.text.splitlines(),
        f"Or type it in: {shape.secret}",
        f"Then confirm it by a code: {following}",
        data=shape,
    )


totp = LazyGroup(
    name="totp",
    help="Set up an authenticator app, and give it up. All of it needs a fresh sign-in.",
    examples=("limen account totp begin", "limen account totp confirm"),
)


@totp.command(examples=("limen account totp begin",))
@at_own_desk
async def begin(desk: OwnDesk) -> None:
    """Show a new secret, this once, as a QR code and as letters; it waits for 15 minutes."""
    made = await desk.services.factors.begin_totp(actor=await desk.actor())
    show_totp(desk, made, "limen account totp confirm")


@totp.command(examples=("limen account totp confirm",))
@at_asking_desk
async def confirm(desk: OwnDesk) -> None:
    """Let the app count, by a code that it shows, and end all your other sessions.

    Recovery codes come back for who has none.
    """
    actor = await desk.actor()
    codes = await desk.services.factors.confirm_totp(code=desk.asking.code(), actor=actor)
    shape = RecoveryCodesOut.of(codes)
    told = (SHOWN_ONCE, *shape.recovery_codes) if codes else ()
    desk.output.done("The app counts from now on.", *told, data=shape)


@totp.command(examples=("limen account totp remove",))
@at_own_desk
async def remove(desk: OwnDesk) -> None:
    """Give the app up, with the recovery codes if no other factor is left."""
    await desk.services.factors.remove_totp(actor=await desk.actor())
    desk.output.done("The app does not count any more, and your other sessions have ended.")


@click.command("recovery-codes", cls=Command, examples=("limen account recovery-codes",))
@at_own_desk
async def recovery_codes(desk: OwnDesk) -> None:
    """Make ten recovery codes in place of all others. Needs a fresh sign-in."""
    actor = await desk.actor()
    shape = RecoveryCodesOut.of(await desk.services.factors.make_recovery_codes(actor=actor))
    desk.output.done(SHOWN_ONCE, *shape.recovery_codes, data=shape)


@click.command("keep-factors", cls=Command, examples=("limen account keep-factors",))
@at_own_desk
async def keep_factors(desk: OwnDesk) -> None:
    """Take back the reset of your second factors that an administrator asked for."""
    user_id, actor = await desk.myself()
    await desk.services.factors.withdraw_reset(user_id, actor=actor)
    desk.output.done("Your second factors stay.")
