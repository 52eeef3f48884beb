"""`limen api-keys`: keys that act for people and service accounts."""

import sys
from datetime import datetime
from typing import Final

import click

from limen.core.api_keys.form import read_key_id
from limen.core.api_keys.service import SeenKey
from limen.core.errors import ApiKeyNotFound
from limen.core.page import DEFAULT_LIMIT, ListQuery
from limen.entrypoints.cli.door import Desk, at_the_desk
from limen.entrypoints.cli.lazy import LazyGroup
from limen.entrypoints.cli.options import read_instant
from limen.entrypoints.cli.prompts import confirm, read_secret_line
from limen.entrypoints.machine_shapes import ApiKeyOut, NewApiKeyOut, overlap_of
from limen.entrypoints.shapes import ListMetaOut

_COLUMNS: Final = ("id", "name", "status", "scopes", "created_at", "expires_at", "last_used_at")

api_keys = LazyGroup(
    name="api-keys",
    help="""See, make, rotate and revoke API keys.

OWNER is the id, e-mail address or username of a user or of a service account, KEY the id of a key
or its public part (limen_ak_ and what follows, up to the next underscore).""",
    examples=(
        "limen api-keys list ada@example.org",
        "limen api-keys create nightly-build 'Build server' --scope users.read",
        "limen api-keys revoke 019a3c5e-b1d2-7e83-9f4a-5b6c7d8e9fa0",
    ),
)


@api_keys.command("list", examples=("limen api-keys list nightly-build",))
@click.argument("owner")
@click.option("--cursor", help="Go on behind the page that gave this cursor.")
@click.option("--limit", type=int, default=DEFAULT_LIMIT, show_default=True, help="1 to 200.")
@at_the_desk
async def list_(desk: Desk, *, owner: str, cursor: str | None, limit: int) -> None:
    """List keys, the newest first, also those that are over; their secrets are not known."""
    found = await desk.find_user(owner)
    query = ListQuery(filters={}, cursor=cursor, limit=limit)
    listing = await desk.services.api_keys.list(found.id, query, actor=desk.actor)
    shapes = [ApiKeyOut.of(seen) for seen in listing.items]
    desk.output.rows(shapes, _COLUMNS, meta=ListMetaOut.of(listing))
    if listing.next_cursor is not None:
        desk.output.hint(f"there is more: --cursor {listing.next_cursor}")


@api_keys.command(
    examples=(
        "limen api-keys create nightly-build 'Build server' --scope users.read",
        "limen api-keys create ada@example.org Laptop --scope me.read --until 2027-01-31T00:00:00Z",
    )
)
@click.argument("owner")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, help="A permission of the owner, or me.read.")
@click.option(
    "--until",
    metavar="INSTANT",
    callback=read_instant,
    help="When it expires, such as 2027-01-31T00:00:00Z.",
)
@at_the_desk
async def create(
    desk: Desk, *, owner: str, name: str, scopes: tuple[str, ...], until: datetime | None
) -> None:
    """Make a key. It is printed this once: limen keeps a digest of it."""
    found = await desk.find_user(owner)
    made = await desk.services.api_keys.create(
        found.id, name=name, scopes=scopes, expires_at=until, actor=desk.actor
    )
    desk.output.item(NewApiKeyOut.of(made))


@api_keys.command(examples=("limen api-keys show limen_ak_031TeYmMoF1HbhGoiAxU5g",))
@click.argument("key")
@at_the_desk
async def show(desk: Desk, *, key: str) -> None:
    """Show whose a key is, and what it may do."""
    desk.output.item(ApiKeyOut.of(await _find(desk, key)))


@api_keys.command(
    examples=("limen api-keys rotate 019a3c5e-b1d2-7e83-9f4a-5b6c7d8e9fa0 --overlap 3600",)
)
@click.argument("key")
@click.option(
    "--overlap",
    type=int,
    metavar="SECONDS",
    help="How long the old key holds beside the new one: a day unless said, at most seven.",
)
@at_the_desk
async def rotate(desk: Desk, *, key: str, overlap: int | None) -> None:
    """Make the successor of a key. It is printed this once."""
    seen = await _find(desk, key)
    made = await desk.services.api_keys.rotate(
        seen.key.owner_id,
        seen.key.id,
        overlap=overlap_of(overlap),
        actor=desk.actor,
    )
    desk.output.item(NewApiKeyOut.of(made))


@api_keys.command(examples=("limen api-keys revoke limen_ak_031TeYmMoF1HbhGoiAxU5g --yes",))
@click.argument("key")
@click.option("--yes", is_flag=True, help="Do not ask.")
@at_the_desk
async def revoke(desk: Desk, *, key: str, yes: bool) -> None:
    """End a key at once."""
    seen = await _find(desk, key)
    confirm(f"Revoke the key {seen.key.name}?", is_sure=yes)
    await desk.services.api_keys.revoke(seen.key.id, actor=desk.actor)
    desk.output.done(f"The key {seen.key.name} lets nobody in any more.")


@api_keys.command(examples=("limen api-keys report < found.txt",))
@at_the_desk
async def report(desk: Desk) -> None:
    """End a key that was found where it should not be; its owner is told by mail.

    The whole key is read from standard input: on a command line others could read it.
    """
    if sys.stdin.isatty():
        desk.output.hint("Give the whole key, and end with Enter:")
    await desk.services.api_keys.report(read_secret_line("key"), actor=desk.actor)
    desk.output.done("The key lets nobody in any more.")


async def _find(desk: Desk, text: str) -> SeenKey:
    key_id = read_key_id(text)
    if key_id is None:
        raise ApiKeyNotFound
    return await desk.services.api_keys.get(key_id, actor=desk.actor)
