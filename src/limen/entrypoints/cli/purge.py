"""`limen purge`: removing what is over."""

from dataclasses import asdict

import click

from limen.entrypoints.cli.door import Desk, at_the_desk
from limen.entrypoints.cli.lazy import Command


@click.command(cls=Command, examples=("limen purge --json",))
@at_the_desk
async def purge(desk: Desk) -> None:
    """Remove what is past its lifetime: ended sessions and grants, old attempts, told events.

    `limen serve` does so by itself every hour.
    """
    purged = asdict(await desk.services.maintenance.purge(actor=desk.actor))
    told = ", ".join(f"{count} {name}" for name, count in purged.items())
    desk.output.done(f"Removed: {told}.", data=purged)
