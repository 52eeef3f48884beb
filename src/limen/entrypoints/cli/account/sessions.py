"""One's own sessions: seeing and ending them."""

from typing import Final

import click

from limen.core.ids import SessionId
from limen.entrypoints.cli.account.desk import OwnDesk, at_own_desk
from limen.entrypoints.cli.lazy import LazyGroup
from limen.entrypoints.shapes import SessionOut

_COLUMNS: Final = ("id", "label", "is_current", "last_used_at", "expires_at")

sessions = LazyGroup(
    name="sessions",
    help="See where you are signed in, and end that.",
    examples=("limen account sessions list", "limen account sessions end --others"),
)


@sessions.command("list", examples=("limen account sessions list --json",))
@at_own_desk
async def list_(desk: OwnDesk) -> None:
    """List where you are signed in, the last used first."""
    user_id, actor = await desk.myself()
    live = await desk.services.sessions.list(user_id, actor=actor)
    shapes = [SessionOut.of(session, current=actor.session_id) for session in live]
    desk.output.rows(shapes, _COLUMNS)


@sessions.command(
    examples=(
        "limen account sessions end 0197b6c2-8a4e-7c3d-9f51-2b6d1e0a4c77",
        "limen account sessions end --others",
    )
)
@click.argument("session", required=False, type=click.UUID)
@click.option("--others", "is_others", is_flag=True, help="End all but the present one.")
@at_own_desk
async def end(desk: OwnDesk, *, session: SessionId | None, is_others: bool) -> None:
    """End one of your sign-ins, or all the others."""
    if is_others == (session is not None):
        raise click.UsageError("Give either the id of a session or --others.")
    user_id, actor = await desk.myself()
    if session is None:
        count = await desk.services.sessions.revoke_others(actor=actor)
    else:
        await desk.services.sessions.revoke(user_id, session, actor=actor)
        count = 1
    desk.output.done(f"{count} ended.", data={"ended": count})
