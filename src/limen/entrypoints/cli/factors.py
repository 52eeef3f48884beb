"""`limen factors`: second factors, for whoever helps people who lost theirs."""

import click

from limen.entrypoints.cli.door import Desk, at_the_desk
from limen.entrypoints.cli.lazy import LazyGroup
from limen.entrypoints.cli.prompts import confirm
from limen.entrypoints.factor_shapes import FactorResetOut, FactorsOut

factors = LazyGroup(
    name="factors",
    help="""See second factors and take them away.

USER is an id, an e-mail address or a username.""",
    examples=("limen factors show ada@example.org", "limen factors reset ada@example.org"),
)


@factors.command(examples=("limen factors show ada@example.org",))
@click.argument("user")
@at_the_desk
async def show(desk: Desk, *, user: str) -> None:
    """Show which second factors a user has, and how many recovery codes are left."""
    found = await desk.find_user(user)
    held = await desk.services.factors.get(found.id, actor=desk.actor)
    desk.output.item(FactorsOut.of(held))


@factors.command(examples=("limen factors reset ada@example.org --yes",))
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
@at_the_desk
async def reset(desk: Desk, *, user: str, yes: bool) -> None:
    """Take all second factors from a user who lost them, passkeys too, and end their sessions.

    Make sure that it is they who ask: after this the password alone lets one in. At this shell it
    is done at once, also where an administrator needs the approval of another one
    (LIMEN_FACTOR_RESET_APPROVAL): whoever may use this could do anything.
    """
    found = await desk.find_user(user)
    confirm(f"Remove all second factors of {found.email}?", is_sure=yes)
    reset = await desk.services.factors.reset(found.id, actor=desk.actor)
    desk.output.item(FactorResetOut.of(reset))


@factors.command(examples=("limen factors approve ada@example.org --yes",))
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
@at_the_desk
async def approve(desk: Desk, *, user: str, yes: bool) -> None:
    """Approve the reset of a user's factors that an administrator asked for, and do it."""
    found = await desk.find_user(user)
    confirm(f"Remove all second factors of {found.email}?", is_sure=yes)
    reset = await desk.services.factors.approve_reset(found.id, actor=desk.actor)
    desk.output.item(FactorResetOut.of(reset))


@factors.command(examples=("limen factors withdraw ada@example.org",))
@click.argument("user")
@at_the_desk
async def withdraw(desk: Desk, *, user: str) -> None:
    """Withdraw the reset of a user's factors that waits to be approved."""
    found = await desk.find_user(user)
    await desk.services.factors.withdraw_reset(found.id, actor=desk.actor)
    desk.output.done(f"The factors of {found.email} stay.")
