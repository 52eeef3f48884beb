"""The account of whoever is signed in: seeing, changing, deleting it."""

import click

from limen.core.reading import UNSET
from limen.entrypoints.accepted import CHANGE_SENT
from limen.entrypoints.cli.account.desk import OwnDesk, at_asking_desk, at_own_desk
from limen.entrypoints.cli.lazy import Command
from limen.entrypoints.cli.prompts import confirm
from limen.entrypoints.shapes import AcceptedOut, UserOut


@click.command(cls=Command, examples=("limen account show --json",))
@at_own_desk
async def show(desk: OwnDesk) -> None:
    """Show who is signed in."""
    user_id, actor = await desk.myself()
    desk.output.item(UserOut.of(await desk.services.users.get(user_id, actor=actor)))


@click.command(
    cls=Command,
    examples=(
        "limen account update --name 'Ada King'",
        "limen account update --username ada --locale en-GB",
    ),
)
@click.option("--username", help="A second name to sign in with.")
@click.option("--no-username", is_flag=True, help="Take the username away.")
@click.option("--name", help="What people are called.")
@click.option("--locale", metavar="TAG", help="The language of mails to you, such as de-AT.")
@click.option("--no-locale", is_flag=True, help="Take the language away.")
@click.option("--version", type=int, help="Only if this is still the version.")
@at_own_desk
async def update(
    desk: OwnDesk,
    *,
    username: str | None,
    no_username: bool,
    name: str | None,
    locale: str | None,
    no_locale: bool,
    version: int | None,
) -> None:
    """Change what is given and leave the rest."""
    if no_username and username is not None:
        raise click.UsageError("Give either --username or --no-username.")
    if no_locale and locale is not None:
        raise click.UsageError("Give either --locale or --no-locale.")
    user_id, actor = await desk.myself()
    changed = await desk.services.users.update(
        user_id,
        actor=actor,
        username=UNSET if username is None and not no_username else username,
        name=UNSET if name is None else name,
        locale=UNSET if locale is None and not no_locale else locale,
        expected_version=version,
    )
    desk.output.item(UserOut.of(changed))


@click.command(
    "change-email", cls=Command, examples=("limen account change-email ada@example.com",)
)
@click.argument("email")
@at_own_desk
async def change_email(desk: OwnDesk, *, email: str) -> None:
    """Ask for another address: mail goes there, and to the present one if that is proved.

    It changes when both were used with `limen account verify`. Needs a fresh sign-in.
    """
    await desk.services.emails.request_change(new_email=email, actor=await desk.actor())
    desk.output.done(CHANGE_SENT, data=AcceptedOut(message=CHANGE_SENT))


@click.command("change-password", cls=Command, examples=("limen account change-password",))
@at_asking_desk
async def change_password(desk: OwnDesk) -> None:
    """Change your password and end all your other sessions. Needs a fresh sign-in.

    The present password is asked for, then the new one twice.
    """
    actor = await desk.actor()
    await desk.services.passwords.change(
        current=desk.asking.password("Present password"),
        new=desk.asking.password("New password", is_new=True),
        actor=actor,
    )
    desk.output.done("The password is changed, and your other sessions have ended.")


@click.command(cls=Command, examples=("limen account delete --yes",))
@click.option("--yes", is_flag=True, help="Do not ask.")
@at_own_desk
async def delete(desk: OwnDesk, *, yes: bool) -> None:
    """Remove your account and all that is in it, for good. Needs a fresh sign-in."""
    user_id, actor = await desk.myself()
    confirm("Delete your account and all that is in it?", is_sure=yes)
    await desk.services.users.delete(user_id, actor=actor)
    desk.file.remove()
    desk.output.done("Your account is deleted.")
