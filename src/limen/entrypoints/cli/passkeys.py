"""`limen passkeys`: which passkeys a user has."""

from typing import Final

import click

from limen.core.ids import PasskeyId
from limen.entrypoints.cli.door import Desk, at_the_desk
from limen.entrypoints.cli.lazy import LazyGroup
from limen.entrypoints.passkey_shapes import PasskeyOut

_COLUMNS: Final = ("id", "name", "is_backup_eligible", "is_backed_up", "created_at", "last_used_at")

passkeys = LazyGroup(
    name="passkeys",
    help="""See and remove passkeys.

USER is an id, an e-mail address or a username. Its owner enrols a passkey in a browser.""",
    examples=("limen passkeys list ada@example.org",),
)


@passkeys.command("list", examples=("limen passkeys list ada@example.org",))
@click.argument("user")
@at_the_desk
async def list_(desk: Desk, *, user: str) -> None:
    """List the passkeys of a user, the oldest first."""
    found = await desk.find_user(user)
    held = await desk.services.passkeys.list(found.id, actor=desk.actor)
    desk.output.rows([PasskeyOut.of(passkey) for passkey in held], _COLUMNS)


@passkeys.command(
    examples=("limen passkeys remove ada@example.org 019a3c5e-b1d2-7e13-9a4c-3d5e7f90a1b2",)
)
@click.argument("user")
@click.argument("passkey", type=click.UUID)
@at_the_desk
async def remove(desk: Desk, *, user: str, passkey: PasskeyId) -> None:
    """Remove a passkey of a user for good; they are told by mail."""
    found = await desk.find_user(user)
    await desk.services.passkeys.remove(found.id, passkey, actor=desk.actor)
    desk.output.done("The passkey is removed.", data={"removed": str(passkey)})
