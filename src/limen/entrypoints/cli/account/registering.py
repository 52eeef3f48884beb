"""Getting an account, proving its address, and getting back in."""

import click

from limen.core.actor import Actor
from limen.entrypoints.accepted import REGISTERED, RESET_SENT, VERIFICATION_SENT
from limen.entrypoints.cli.account.desk import OwnDesk, at_asking_desk, at_own_desk
from limen.entrypoints.cli.lazy import Command
from limen.entrypoints.shapes import AcceptedOut, UserOut, VerifiedEmailOut


@click.command(
    cls=Command,
    examples=(
        "limen account register ada@example.org",
        "pass show ada | limen account register ada@example.org --stdin",
    ),
)
@click.argument("email")
@click.option("--username", help="A second name to sign in with.")
@click.option("--name", default="", help="What people are called.")
@click.option("--locale", metavar="TAG", help="The language of mails to you, such as de-AT.")
@at_asking_desk
async def register(
    desk: OwnDesk, *, email: str, username: str | None, name: str, locale: str | None
) -> None:
    """Make an account with a password, which is asked for twice."""
    user = await desk.services.users.register(
        email=email,
        password=desk.asking.password(is_new=True),
        username=username,
        name=name,
        locale=locale,
        actor=Actor.anonymous(),
    )
    if user is None:
        desk.output.done(REGISTERED, data=AcceptedOut(message=REGISTERED))
    else:
        desk.output.item(UserOut.of(user))


@click.command(
    cls=Command,
    examples=("limen account verify", "limen account verify ada@example.org"),
)
@click.argument("identifier", required=False)
@at_asking_desk
async def verify(desk: OwnDesk, *, identifier: str | None) -> None:
    """Prove an address by the link or the code of a mail, or agree to its change.

    A code needs the IDENTIFIER it was asked for with, unless you are signed in. Else your password
    is asked for, too: it shows that the account is of your making. Without it, whoever made the
    account loses it: their password and sessions go.
    """
    actor = await desk.actor_if_any()
    shown = desk.asking.shown()
    is_known = actor.user_id is not None
    verified = await desk.services.emails.verify(
        token=shown.token,
        identifier=identifier if shown.token is None else None,
        code=shown.code,
        password=None if is_known else desk.asking.maybe("Password", is_hidden=True),
        actor=actor,
    )
    desk.output.item(VerifiedEmailOut.of(verified))
    if verified.is_waiting:
        desk.output.hint("the change waits for the mail to the other address")
    if verified.reset_token is not None:
        desk.output.hint("set a password with this reset_token: limen account reset")


@click.command(cls=Command, examples=("limen account resend ada@example.org",))
@click.argument("identifier")
@at_own_desk
async def resend(desk: OwnDesk, *, identifier: str) -> None:
    """Have another link and code sent to an address that is not proved yet."""
    await desk.services.emails.send_verification(identifier=identifier, actor=Actor.anonymous())
    desk.output.done(VERIFICATION_SENT, data=AcceptedOut(message=VERIFICATION_SENT))


@click.command(cls=Command, examples=("limen account forgot ada@example.org",))
@click.argument("identifier")
@at_own_desk
async def forgot(desk: OwnDesk, *, identifier: str) -> None:
    """Have a link and a code sent to set a new password with."""
    await desk.services.recovery.forgot(identifier=identifier, actor=Actor.anonymous())
    desk.output.done(RESET_SENT, data=AcceptedOut(message=RESET_SENT))


@click.command(cls=Command, examples=("limen account reset", "limen account reset ada@example.org"))
@click.argument("identifier", required=False)
@at_asking_desk
async def reset(desk: OwnDesk, *, identifier: str | None) -> None:
    """Set a new password by the link or the code of a mail, and end all your sessions.

    A code needs the IDENTIFIER it was asked for with.
    """
    shown = desk.asking.shown()
    await desk.services.recovery.reset(
        new=desk.asking.password("New password", is_new=True),
        token=shown.token,
        identifier=identifier if shown.token is None else None,
        code=shown.code,
        actor=Actor.anonymous(),
    )
    desk.output.done("The new password is set. Sign in with it: limen account login")
