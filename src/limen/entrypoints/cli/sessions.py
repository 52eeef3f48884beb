"""`limen sessions`: who is signed in where."""

from typing import Final

import click

from limen.core.ids import SessionId
from limen.entrypoints.cli.door import Desk, at_the_desk
from limen.entrypoints.cli.lazy import LazyGroup
from limen.entrypoints.shapes import SessionOut

_COLUMNS: Final = ("id", "label", "address", "user_agent", "last_used_at", "expires_at")

sessions = LazyGroup(
    name="sessions",
    help="""See and end sign-ins.

USER is an id, an e-mail address or a username.""",
    examples=("limen sessions list ada@example.org", "limen sessions revoke ada@example.org --all"),
)


@sessions.command("list", examples=("limen sessions list ada@example.org",))
@click.argument("user")
@at_the_desk
async def list_(desk: Desk, *, user: str) -> None:
    """List where a user is signed in, the last used first."""
    found = await desk.find_user(user)
    live = await desk.services.sessions.list(found.id, actor=desk.actor)
    desk.output.rows([SessionOut.of(session) for session in live], _COLUMNS)


@sessions.command(
    examples=(
        "limen sessions revoke ada@example.org 0197b6c2-8a4e-7c3d-9f51-2b6d1e0a4c77",
        "limen sessions revoke ada@example.org --all",
    )
)
@click.argument("user")
@click.argument("session", required=False, type=click.UUID)
@click.option("--all", "is_all", is_flag=True, help="End all sessions of the user.")
@at_the_desk
async def revoke(desk: Desk, *, user: str, session: SessionId | None, is_all: bool) -> None:
    """End one sign-in of a user, or all of them.

    Their access tokens are refused within five seconds, everywhere.
    """
    if is_all == (session is not None):
        raise click.UsageError("Give either the id of a session or --all.")
    found = await desk.find_user(user)
    if session is None:
        count = await desk.services.sessions.revoke_all(found.id, actor=desk.actor)
    else:
        await desk.services.sessions.revoke(found.id, session, actor=desk.actor)
        count = 1
    desk.output.done(f"{count} ended.", data={"ended": count})
