"""`limen roles`: roles, and who has them."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import click

from limen.entrypoints.cli.door import Desk, P, at_the_desk
from limen.entrypoints.cli.lazy import LazyGroup
from limen.entrypoints.cli.options import read_instant
from limen.entrypoints.cli.prompts import confirm
from limen.entrypoints.shapes import GrantOut, RoleOut

_COLUMNS: Final = ("name", "description", "permissions", "is_built_in")
_GRANT_COLUMNS: Final = ("role", "granted_at", "ends_at")

roles = LazyGroup(
    name="roles",
    help="""Make roles, give them to users and take them away.

A role is a named set of permissions; USER is an id, an e-mail address or a username.""",
    examples=(
        "limen roles create auditor --permission users.read --permission invoices.read",
        "limen roles grant ada@example.org auditor --until 2026-12-31T00:00:00Z",
        "limen roles grants ada@example.org",
    ),
)


def _shaping(command: Callable[P, None]) -> Callable[P, None]:
    command = click.option(
        "--permission",
        "permissions",
        multiple=True,
        metavar="NAME",
        help="limen's own (limen roles permissions lists them) or yours, dotted. May be repeated.",
    )(command)
    return click.option("--description", default="", help="What the role is for.")(command)


@roles.command("list", examples=("limen roles list --json",))
@at_the_desk
async def list_(desk: Desk) -> None:
    """List all roles."""
    found = await desk.services.roles.list(actor=desk.actor)
    desk.output.rows([RoleOut.of(role) for role in found], _COLUMNS)


@roles.command(examples=("limen roles show admin",))
@click.argument("role")
@at_the_desk
async def show(desk: Desk, *, role: str) -> None:
    """Show one role."""
    desk.output.item(RoleOut.of(await desk.services.roles.get(role, actor=desk.actor)))


@roles.command(
    examples=("limen roles create auditor --description 'Reads all' --permission users.read",)
)
@click.argument("role")
@_shaping
@at_the_desk
async def create(desk: Desk, *, role: str, description: str, permissions: tuple[str, ...]) -> None:
    """Make a role."""
    made = await desk.services.roles.create(
        actor=desk.actor, name=role, description=description, permissions=permissions
    )
    desk.output.item(RoleOut.of(made))


@roles.command(
    examples=("limen roles replace auditor --permission users.read --permission roles.read",)
)
@click.argument("role")
@_shaping
@click.option("--version", type=int, help="Only if this is still the version.")
@at_the_desk
async def replace(
    desk: Desk,
    *,
    role: str,
    description: str,
    permissions: tuple[str, ...],
    version: int | None,
) -> None:
    """Give a role another description and other permissions; what is not given is gone."""
    replaced = await desk.services.roles.replace(
        role,
        actor=desk.actor,
        description=description,
        permissions=permissions,
        expected_version=version,
    )
    desk.output.item(RoleOut.of(replaced))


@roles.command(examples=("limen roles delete auditor --yes",))
@click.argument("role")
@click.option("--yes", is_flag=True, help="Do not ask.")
@at_the_desk
async def delete(desk: Desk, *, role: str, yes: bool) -> None:
    """Remove a role that nobody has."""
    found = await desk.services.roles.get(role, actor=desk.actor)
    confirm(f"Delete the role {found.name}?", is_sure=yes)
    await desk.services.roles.delete(found.name, actor=desk.actor)
    desk.output.done(f"The role {found.name} is deleted.")


@roles.command(examples=("limen roles grant ada@example.org admin",))
@click.argument("user")
@click.argument("role")
@click.option(
    "--until",
    metavar="INSTANT",
    callback=read_instant,
    help="When the grant ends, such as 2026-12-31T00:00:00Z; without it, never.",
)
@at_the_desk
async def grant(desk: Desk, *, user: str, role: str, until: datetime | None) -> None:
    """Give a user a role, for good or until an instant."""
    found = await desk.find_user(user)
    given = await desk.services.roles.grant(found.id, role, actor=desk.actor, ends_at=until)
    desk.output.item(GrantOut.of(given))


@roles.command(examples=("limen roles withdraw ada@example.org auditor",))
@click.argument("user")
@click.argument("role")
@at_the_desk
async def withdraw(desk: Desk, *, user: str, role: str) -> None:
    """Take a role from a user."""
    found = await desk.find_user(user)
    await desk.services.roles.withdraw(found.id, role, actor=desk.actor)
    desk.output.done(f"{found.email} does not have the role {role} any more.")


@roles.command(examples=("limen roles grants ada@example.org",))
@click.argument("user")
@at_the_desk
async def grants(desk: Desk, *, user: str) -> None:
    """List the roles of a user, ended grants too."""
    found = await desk.find_user(user)
    held = await desk.services.roles.list_grants(found.id, actor=desk.actor)
    desk.output.rows([GrantOut.of(grant) for grant in held], _GRANT_COLUMNS)


@roles.command(examples=("limen roles permissions",))
@at_the_desk
async def permissions(desk: Desk) -> None:
    """List every permission that limen or a role knows."""
    names = await desk.services.roles.list_permissions(actor=desk.actor)
    desk.output.done(*names, data=names)
