"""One's own API keys."""

from datetime import datetime
from typing import Final

import click

from limen.core.ids import ApiKeyId
from limen.core.page import DEFAULT_LIMIT, ListQuery
from limen.entrypoints.cli.account.desk import OwnDesk, at_own_desk
from limen.entrypoints.cli.lazy import LazyGroup
from limen.entrypoints.cli.options import read_instant
from limen.entrypoints.machine_shapes import ApiKeyOut, NewApiKeyOut, overlap_of
from limen.entrypoints.shapes import ListMetaOut

_COLUMNS: Final = ("id", "name", "public_part", "scopes", "status", "expires_at", "last_used_at")
_SHOWN_ONCE: Final = "the key is shown this once: keep it"

api_keys = LazyGroup(
    name="api-keys",
    help="Make keys for programs that act for you, and end them.",
    examples=(
        "limen account api-keys create Backup --scope users.read",
        "limen account api-keys list",
    ),
)


@api_keys.command("list", examples=("limen account api-keys list --json",))
@click.option("--cursor", help="Go on behind the page that gave this cursor.")
@click.option("--limit", type=int, default=DEFAULT_LIMIT, show_default=True, help="1 to 200.")
@at_own_desk
async def list_(desk: OwnDesk, *, cursor: str | None, limit: int) -> None:
    """List your keys, the newest first, also those that are over; never their secrets."""
    user_id, actor = await desk.myself()
    query = ListQuery(filters={}, cursor=cursor, limit=limit)
    listing = await desk.services.api_keys.list(user_id, query, actor=actor)
    shapes = [ApiKeyOut.of(key) for key in listing.items]
    desk.output.rows(shapes, _COLUMNS, meta=ListMetaOut.of(listing))
    if listing.next_cursor is not None:
        desk.output.hint(f"there is more: --cursor {listing.next_cursor}")


@api_keys.command(
    examples=(
        "limen account api-keys create Backup --scope users.read --until 2027-01-01T00:00:00Z",
    )
)
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="PERMISSION",
    help="What the key may do: permissions you have, or me.read. May be repeated.",
)
@click.option(
    "--until", metavar="INSTANT", callback=read_instant, help="When it ends, in RFC 3339."
)
@at_own_desk
async def create(
    desk: OwnDesk, *, name: str, scopes: tuple[str, ...], until: datetime | None
) -> None:
    """Make a key; it is shown this once. Needs a fresh sign-in."""
    user_id, actor = await desk.myself()
    made = await desk.services.api_keys.create(
        user_id, name=name, scopes=scopes, expires_at=until, actor=actor
    )
    desk.output.item(NewApiKeyOut.of(made))
    desk.output.hint(_SHOWN_ONCE)


@api_keys.command(examples=("limen account api-keys rotate 019a3c5e-a0c1-7d11-8b6e-2f3a4b5c6d7e",))
@click.argument("key", type=click.UUID)
@click.option(
    "--overlap",
    type=int,
    metavar="SECONDS",
    help="How long the key holds beside its successor: a day unless said, at most seven.",
)
@at_own_desk
async def rotate(desk: OwnDesk, *, key: ApiKeyId, overlap: int | None) -> None:
    """Make the successor of a key, which holds a while longer. Needs a fresh sign-in."""
    user_id, actor = await desk.myself()
    made = await desk.services.api_keys.rotate(
        user_id,
        key,
        overlap=overlap_of(overlap),
        actor=actor,
    )
    desk.output.item(NewApiKeyOut.of(made))
    desk.output.hint(_SHOWN_ONCE)


@api_keys.command(examples=("limen account api-keys revoke 019a3c5e-a0c1-7d11-8b6e-2f3a4b5c6d7e",))
@click.argument("key", type=click.UUID)
@at_own_desk
async def revoke(desk: OwnDesk, *, key: ApiKeyId) -> None:
    """End a key at once."""
    user_id, actor = await desk.myself()
    await desk.services.api_keys.revoke(key, owner_id=user_id, actor=actor)
    desk.output.done("The key has ended.")
