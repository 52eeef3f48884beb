"""The browsers that remember oneself: seeing and forgetting them."""

from typing import Final

import click

from limen.core.ids import RememberedId
from limen.entrypoints.cli.account.desk import OwnDesk, at_own_desk
from limen.entrypoints.cli.lazy import LazyGroup
from limen.entrypoints.cookie_shapes import RememberedOut

_COLUMNS: Final = ("id", "label", "address", "user_agent", "used_at", "expires_at")

remembered = LazyGroup(
    name="remembered",
    help="See which browsers remember you, and have them forget. A shell remembers nobody.",
    examples=("limen account remembered list",),
)


@remembered.command("list", examples=("limen account remembered list --json",))
@at_own_desk
async def list_(desk: OwnDesk) -> None:
    """List the browsers that remember you, the last used first."""
    user_id, actor = await desk.myself()
    known = await desk.services.remembered.list(user_id, actor=actor)
    shapes = [RememberedOut.of(one, current=actor.session_id) for one in known]
    desk.output.rows(shapes, _COLUMNS)


@remembered.command(
    examples=("limen account remembered revoke 0197b6c2-8a4e-7c3d-9f51-2b6d1e0a4c77",)
)
@click.argument("browser", type=click.UUID)
@at_own_desk
async def revoke(desk: OwnDesk, *, browser: RememberedId) -> None:
    """Have a browser forget you; its session goes on."""
    user_id, actor = await desk.myself()
    await desk.services.remembered.revoke(user_id, browser, actor=actor)
    desk.output.done("Forgotten.")
