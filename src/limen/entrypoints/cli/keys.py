"""`limen keys`: the keys that sign access tokens."""

from typing import Final

import click

from limen.entrypoints.cli.door import Desk, at_the_desk
from limen.entrypoints.cli.lazy import LazyGroup
from limen.entrypoints.shapes import KeyOut

_COLUMNS: Final = ("id", "algorithm", "state", "created_at", "signs_from")

keys = LazyGroup(
    name="keys",
    help="""See and rotate the keys that sign access tokens.

A new key is published first and signs some minutes later, so that everybody knows it in time;
the old one verifies until its last token has expired.""",
    examples=("limen keys list", "limen keys rotate"),
)


@keys.command("list", examples=("limen keys list --json",))
@at_the_desk
async def list_(desk: Desk) -> None:
    """List all keys and what each does now, oldest first."""
    found = await desk.services.keys.list(actor=desk.actor)
    desk.output.rows([KeyOut.of(key) for key in found], _COLUMNS)


@keys.command(examples=("limen keys rotate",))
@click.option(
    "--secret-lost",
    is_flag=True,
    help="The secret key is lost for good: the new key, sealed with that of now, signs at once, "
    "or after one that was announced before.",
)
@at_the_desk
async def rotate(desk: Desk, *, secret_lost: bool) -> None:
    """Make a new key, and forget those that verify no more."""
    made = await desk.services.keys.rotate(actor=desk.actor, secret_is_lost=secret_lost)
    for used in await desk.services.keys.list(actor=desk.actor):
        if used.key.id == made.id:
            desk.output.item(KeyOut.of(used))
