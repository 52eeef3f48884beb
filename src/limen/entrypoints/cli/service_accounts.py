"""`limen service-accounts`: accounts without people."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import click

from limen.core.errors import ServiceAccountNotFound
from limen.core.ids import UserId
from limen.core.page import DEFAULT_LIMIT, Count, ListQuery
from limen.core.reading import UNSET
from limen.core.users.model import User
from limen.entrypoints.cli.door import Desk, at_the_desk
from limen.entrypoints.cli.lazy import LazyGroup
from limen.entrypoints.cli.options import read_filters
from limen.entrypoints.cli.prompts import confirm
from limen.entrypoints.machine_shapes import ServiceAccountOut
from limen.entrypoints.shapes import ListMetaOut

_COLUMNS: Final = ("id", "username", "name", "status", "created_at")

service_accounts = LazyGroup(
    name="service-accounts",
    help="""Make, find and change accounts without people.

They act by API keys alone (`limen api-keys`) and get roles as people do (`limen roles grant`).
ACCOUNT is an id or a username.""",
    examples=(
        "limen service-accounts create nightly-build --name 'Builds every night'",
        "limen roles grant nightly-build auditor",
        "limen api-keys create nightly-build 'Build server' --scope users.read",
    ),
)


@service_accounts.command(examples=("limen service-accounts create nightly-build",))
@click.argument("username")
@click.option("--name", default="", help="What it is for.")
@at_the_desk
async def create(desk: Desk, *, username: str, name: str) -> None:
    """Make an account, which may do nothing yet."""
    made = await desk.services.service_accounts.create(
        username=username, name=name, actor=desk.actor
    )
    desk.output.item(ServiceAccountOut.of(made))


@service_accounts.command(examples=("limen service-accounts show nightly-build",))
@click.argument("account")
@at_the_desk
async def show(desk: Desk, *, account: str) -> None:
    """Show one account."""
    desk.output.item(ServiceAccountOut.of(await _find(desk, account)))


@service_accounts.command(
    "list", examples=("limen service-accounts list --filter status=active --sort username",)
)
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="FIELD[.OPERATOR]=VALUE",
    callback=read_filters,
    help="Only accounts with this; may be repeated.",
)
@click.option("--search", metavar="TEXT", help="Find in username and name.")
@click.option("--sort", metavar="FIELDS", help="Such as -created_at,username; - is downwards.")
@click.option("--page", type=int, help="Which page; gives a total, reaches 10 000 rows deep.")
@click.option("--cursor", help="Go on behind the page that gave this cursor.")
@click.option("--limit", type=int, default=DEFAULT_LIMIT, show_default=True, help="1 to 200.")
@click.option("--count", type=click.Choice([c.value for c in Count]), help="Give a total.")
@at_the_desk
async def list_(
    desk: Desk,
    *,
    filters: Mapping[tuple[str, str], str],
    search: str | None,
    sort: str | None,
    page: int | None,
    cursor: str | None,
    limit: int,
    count: str | None,
) -> None:
    """List accounts."""
    query = ListQuery(
        filters=filters,
        search=search,
        sort=sort,
        page=page,
        cursor=cursor,
        limit=limit,
        count=count,
    )
    listing = await desk.services.service_accounts.list(query, actor=desk.actor)
    shapes = [ServiceAccountOut.of(account) for account in listing.items]
    desk.output.rows(shapes, _COLUMNS, meta=ListMetaOut.of(listing))
    if listing.next_cursor is not None:
        desk.output.hint(f"there is more: --cursor {listing.next_cursor}")


@service_accounts.command(
    examples=("limen service-accounts update nightly-build --name 'Builds every hour'",)
)
@click.argument("account")
@click.option("--username", help="Another name.")
@click.option("--name", help="What it is for.")
@click.option("--version", type=int, help="Only if this is its version.")
@at_the_desk
async def update(
    desk: Desk, *, account: str, username: str | None, name: str | None, version: int | None
) -> None:
    """Change what is given and leave the rest."""
    found = await _find(desk, account)
    changed = await desk.services.service_accounts.update(
        found.id,
        username=UNSET if username is None else username,
        name=UNSET if name is None else name,
        expected_version=version,
        actor=desk.actor,
    )
    desk.output.item(ServiceAccountOut.of(changed))


@service_accounts.command(examples=("limen service-accounts suspend nightly-build",))
@click.argument("account")
@at_the_desk
async def suspend(desk: Desk, *, account: str) -> None:
    """Refuse the keys of an account from now on."""
    found = await _find(desk, account)
    changed = await desk.services.service_accounts.suspend(found.id, actor=desk.actor)
    desk.output.item(ServiceAccountOut.of(changed))


@service_accounts.command(examples=("limen service-accounts reactivate nightly-build",))
@click.argument("account")
@at_the_desk
async def reactivate(desk: Desk, *, account: str) -> None:
    """Take the keys of an account again."""
    found = await _find(desk, account)
    changed = await desk.services.service_accounts.reactivate(found.id, actor=desk.actor)
    desk.output.item(ServiceAccountOut.of(changed))


@service_accounts.command(examples=("limen service-accounts delete nightly-build --yes",))
@click.argument("account")
@click.option("--yes", is_flag=True, help="Do not ask.")
@at_the_desk
async def delete(desk: Desk, *, account: str, yes: bool) -> None:
    """Remove an account with its grants and keys."""
    found = await _find(desk, account)
    confirm(f"Delete the service account {found.username}?", is_sure=yes)
    await desk.services.service_accounts.delete(found.id, actor=desk.actor)
    desk.output.done(f"The service account {found.username} is deleted.")


async def _find(desk: Desk, who: str) -> User:
    """Return the account with this id or username; a name may look like an id."""
    accounts = desk.services.service_accounts
    try:
        return await accounts.get(UserId(UUID(who)), actor=desk.actor)
    except (ValueError, ServiceAccountNotFound):
        return await accounts.find(who, actor=desk.actor)
