"""`limen users`: accounts, one at a time or as a list."""

import json
from collections.abc import Mapping
from typing import Any, Final

import click
from click import Context, Parameter

from limen.core.page import DEFAULT_LIMIT, Count, ListQuery, Operator
from limen.core.reading import UNSET
from limen.core.secret import Secret
from limen.core.users.model import Status
from limen.entrypoints.cli.door import Desk, at_the_desk
from limen.entrypoints.cli.lazy import Entry, LazyGroup
from limen.entrypoints.cli.options import read_filters
from limen.entrypoints.cli.prompts import confirm, password_option
from limen.entrypoints.shapes import ListMetaOut, UserOut, read_fields

_COLUMNS: Final = ("id", "email", "username", "name", "status", "created_at")
_IMPORTS: Final = "limen.entrypoints.cli.imports"

users = LazyGroup(
    name="users",
    entries=(
        Entry("import", f"{_IMPORTS}:import_", "Bring many users in from a file."),
        Entry("export", f"{_IMPORTS}:export", "Write all users to a file."),
    ),
    help="""Create, find, change and move users.

USER is an id, an e-mail address or a username.""",
    examples=(
        "limen users create ada@example.org --name 'Ada Lovelace'",
        "limen users list --filter status=active --sort -created_at",
        "limen users suspend ada@example.org",
        "limen users import people.csv --dry-run",
    ),
)


def _read_json_object(
    _ctx: Context, _parameter: Parameter, text: str | None
) -> Mapping[str, Any] | None:
    if text is None:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise click.BadParameter('must be a JSON object such as {"team": "blue"}')
    return value


@users.command(
    examples=(
        "limen users create ada@example.org --role admin",
        "pass show ada | limen users create ada@example.org --password-stdin",
    )
)
@click.argument("email")
@click.option("--username", help="A second name to sign in with.")
@click.option("--name", default="", help="What people are called.")
@click.option("--locale", metavar="TAG", help="The language of mails to them, such as de-AT.")
@click.option(
    "--attributes", metavar="JSON", callback=_read_json_object, help="Your own data, an object."
)
@click.option("--status", type=click.Choice([s.value for s in Status]), default="active")
@click.option("--verified", is_flag=True, help="The e-mail address is known to be theirs.")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="Grant this role, too.")
@password_option(is_optional=True)
@at_the_desk
async def create(
    desk: Desk,
    *,
    email: str,
    username: str | None,
    name: str,
    locale: str | None,
    attributes: Mapping[str, Any] | None,
    status: str,
    verified: bool,
    roles: tuple[str, ...],
    password: Secret[str] | None,
) -> None:
    """Make an account. The password is asked for on the terminal, twice."""
    services, actor = desk.services, desk.actor
    for role in roles:
        await services.roles.get(role, actor=actor)
    user = await services.users.create(
        actor=actor,
        email=email,
        username=username,
        name=name,
        locale=locale,
        attributes=attributes,
        status=Status(status),
        is_email_verified=verified,
        password=password,
    )
    for role in roles:
        await services.roles.grant(user.id, role, actor=actor)
    desk.output.item(UserOut.of(user))


@users.command(examples=("limen users show ada@example.org",))
@click.argument("user")
@at_the_desk
async def show(desk: Desk, *, user: str) -> None:
    """Show one user."""
    desk.output.item(UserOut.of(await desk.find_user(user)))


@users.command(
    "list",
    examples=(
        "limen users list --filter status=active --filter created_at.gte=2026-01-01T00:00:00Z",
        "limen users list --filter role.in=admin,editor --sort email --count exact",
        "limen users list --search lovelace --fields id,email --json",
    ),
)
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="FIELD[.OPERATOR]=VALUE",
    callback=read_filters,
    help="Only users with this; may be repeated. Operators: " + ", ".join(Operator) + ".",
)
@click.option("--search", metavar="TEXT", help="Find in e-mail, name and username.")
@click.option("--sort", metavar="FIELDS", help="Such as -created_at,email; - is downwards.")
@click.option("--page", type=int, help="Which page; gives a total, reaches 10 000 rows deep.")
@click.option("--cursor", help="Go on behind the page that gave this cursor.")
@click.option("--limit", type=int, default=DEFAULT_LIMIT, show_default=True, help="1 to 200.")
@click.option("--count", type=click.Choice([c.value for c in Count]), help="Give a total.")
@click.option("--fields", metavar="FIELDS", help="Show only these, such as id,email.")
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
    fields: str | None,
) -> None:
    """List users: the query contract of the HTTP API, field by field."""
    columns = read_fields(fields, UserOut)
    query = ListQuery(
        filters=filters,
        search=search,
        sort=sort,
        page=page,
        cursor=cursor,
        limit=limit,
        count=count,
    )
    listing = await desk.services.users.list(query, actor=desk.actor)
    desk.output.rows(
        [UserOut.of(user) for user in listing.items],
        columns or _COLUMNS,
        meta=ListMetaOut.of(listing),
        is_sparse=columns is not None,
    )
    if listing.total is not None:
        desk.output.hint(f"{listing.total} in all")
    if listing.next_cursor is not None:
        desk.output.hint(f"there is more: --cursor {listing.next_cursor}")


@users.command(
    examples=(
        "limen users update ada@example.org --name 'Ada King'",
        'limen users update ada --attributes \'{"team": "blue", "desk": null}\'',
    )
)
@click.argument("user")
@click.option("--email", help="A new address; it counts as unverified.")
@click.option("--username", help="A second name to sign in with.")
@click.option("--no-username", is_flag=True, help="Take the username away.")
@click.option("--name", help="What people are called.")
@click.option("--locale", metavar="TAG", help="The language of mails to them, such as de-AT.")
@click.option("--no-locale", is_flag=True, help="Take the language away.")
@click.option(
    "--attributes",
    metavar="JSON",
    callback=_read_json_object,
    help="A merge patch (RFC 7396): null removes a key.",
)
@click.option("--version", type=int, help="Only if this is still the version.")
@at_the_desk
async def update(
    desk: Desk,
    *,
    user: str,
    email: str | None,
    username: str | None,
    no_username: bool,
    name: str | None,
    locale: str | None,
    no_locale: bool,
    attributes: Mapping[str, Any] | None,
    version: int | None,
) -> None:
    """Change what is given and leave the rest."""
    if no_username and username is not None:
        raise click.UsageError("Give either --username or --no-username.")
    if no_locale and locale is not None:
        raise click.UsageError("Give either --locale or --no-locale.")
    found = await desk.find_user(user)
    changed = await desk.services.users.update(
        found.id,
        actor=desk.actor,
        email=UNSET if email is None else email,
        username=UNSET if username is None and not no_username else username,
        name=UNSET if name is None else name,
        locale=UNSET if locale is None and not no_locale else locale,
        attributes=UNSET if attributes is None else attributes,
        expected_version=version,
    )
    desk.output.item(UserOut.of(changed))


@users.command(examples=("limen users suspend ada@example.org",))
@click.argument("user")
@at_the_desk
async def suspend(desk: Desk, *, user: str) -> None:
    """Shut a user out and end all their sessions."""
    found = await desk.find_user(user)
    suspended = await desk.services.users.suspend(found.id, actor=desk.actor)
    desk.output.item(UserOut.of(suspended))


@users.command(examples=("limen users reactivate ada@example.org",))
@click.argument("user")
@at_the_desk
async def reactivate(desk: Desk, *, user: str) -> None:
    """Let a suspended or pending user sign in."""
    found = await desk.find_user(user)
    active = await desk.services.users.reactivate(found.id, actor=desk.actor)
    desk.output.item(UserOut.of(active))


@users.command(examples=("limen users delete ada@example.org --yes",))
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
@at_the_desk
async def delete(desk: Desk, *, user: str, yes: bool) -> None:
    """Remove a user and all that is theirs, for good."""
    found = await desk.find_user(user)
    confirm(f"Delete {found.email} and all that is theirs?", is_sure=yes)
    await desk.services.users.delete(found.id, actor=desk.actor)
    desk.output.done(f"{found.email} is deleted.")


@users.command(
    "set-password",
    examples=(
        "limen users set-password ada@example.org",
        "pass show ada | limen users set-password ada@example.org --password-stdin",
    ),
)
@click.argument("user")
@password_option()
@at_the_desk
async def set_password(desk: Desk, *, user: str, password: Secret[str]) -> None:
    """Give a user a new password and end all their sessions."""
    found = await desk.find_user(user)
    await desk.services.passwords.set(found.id, new=password, actor=desk.actor)
    desk.output.done(f"{found.email} has a new password and no session any more.")


@users.command("require-reset", examples=("limen users require-reset ada@example.org",))
@click.argument("user")
@at_the_desk
async def require_reset(desk: Desk, *, user: str) -> None:
    """Let nobody in by a user's password until there is another.

    All their sessions end, and a link to set a new password is sent to them.
    """
    found = await desk.find_user(user)
    await desk.services.assistance.require_reset(found.id, actor=desk.actor)
    desk.output.done(f"{found.email} sets a new password before the next sign-in by one.")


@users.command("verify-email", examples=("limen users verify-email ada@example.org",))
@click.argument("user")
@at_the_desk
async def verify_email(desk: Desk, *, user: str) -> None:
    """Vouch that a user's address is theirs, and the account as it is."""
    found = await desk.find_user(user)
    verified = await desk.services.assistance.verify_email(found.id, actor=desk.actor)
    desk.output.item(UserOut.of(verified))


@users.command(examples=("limen users unlock ada@example.org",))
@click.argument("user")
@at_the_desk
async def unlock(desk: Desk, *, user: str) -> None:
    """Forget the attempts against a user and each of their factors: they may try at once."""
    found = await desk.find_user(user)
    await desk.services.assistance.unlock(found.id, actor=desk.actor)
    desk.output.done(f"{found.email} may try again at once.")
