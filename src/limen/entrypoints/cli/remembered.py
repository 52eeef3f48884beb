"""`limen remembered`: which browsers remember whom."""

from typing import Final

import click

from limen.core.ids import RememberedId
from limen.entrypoints.cli.door import Desk, at_the_desk
from limen.entrypoints.cli.lazy import LazyGroup
from limen.entrypoints.cookie_shapes import RememberedOut

_COLUMNS: Final = ("id", "label", "address", "user_agent", "used_at", "expires_at")

remembered = LazyGroup(
    name="remembered",
    help="""See and forget the browsers that remember people.

USER is an id, an e-mail address or a username. A shell is no browser: it remembers nobody.""",
    examples=("limen remembered list ada@example.org",),
)


@remembered.command("list", examples=("limen remembered list ada@example.org",))
@click.argument("user")
@at_the_desk
async def list_(desk: Desk, *, user: str) -> None:
    """List the browsers that remember a user, the last used first."""
    found = await desk.find_user(user)
    known = await desk.services.remembered.list(found.id, actor=desk.actor)
    desk.output.rows([RememberedOut.of(one) for one in known], _COLUMNS)


@remembered.command(
    examples=("limen remembered revoke ada@example.org 0197b6c2-8a4e-7c3d-9f51-2b6d1e0a4c77",)
)
@click.argument("user")
@click.argument("browser", type=click.UUID)
@at_the_desk
async def revoke(desk: Desk, *, user: str, browser: RememberedId) -> None:
    """Forget a browser; its session goes on."""
    found = await desk.find_user(user)
    await desk.services.remembered.revoke(found.id, browser, actor=desk.actor)
    desk.output.done("Forgotten.")
