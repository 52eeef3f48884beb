"""`limen migrate`: the schema of the store."""

import click
from msgspec import Struct

from limen.entrypoints.cli.door import with_output
from limen.entrypoints.cli.lazy import Command
from limen.entrypoints.cli.output import Output
from limen.entrypoints.cli.prompts import confirm
from limen.wiring.migrations import Migrations, Progress, Step
from limen.wiring.settings import load


class StepOut(Struct, frozen=True, kw_only=True):
    """A migration that was applied or taken back."""

    revision: str
    title: str
    is_up: bool


class SchemaOut(Struct, frozen=True, kw_only=True):
    """Where the schema stands, and what was done to get there."""

    current: str | None
    newest: str
    is_current: bool
    steps: tuple[StepOut, ...]


@click.command(
    cls=Command,
    examples=(
        "limen migrate",
        "limen migrate --status",
        "limen migrate --to 0001",
        "limen migrate --down base --yes",
    ),
)
@click.option("--status", "is_status", is_flag=True, help="Only tell where the schema stands.")
@click.option("--to", "target", metavar="REVISION", help="Stop at this revision.")
@click.option("--down", metavar="REVISION", help="Go back to this revision; base is nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before going back.")
@with_output
async def migrate(
    output: Output, *, is_status: bool, target: str | None, down: str | None, yes: bool
) -> None:
    """Bring the store to this version of limen, or back to an older one.

    Safe to run twice at once: the second waits and finds the work done. `limen serve` does it by
    itself on SQLite. Going back loses what only the newer schema holds.
    """
    if sum((is_status, target is not None, down is not None)) > 1:
        raise click.UsageError("Give one of --status, --to and --down.")
    schema = Migrations(load().database)
    steps: list[StepOut] = []
    tell = _teller(output, steps)
    if down is not None:
        confirm(f"Take the schema back to {down}, and lose what it cannot hold?", is_sure=yes)
        await schema.down(down, tell)
    elif not is_status:
        await schema.up(target, tell)
    state = await schema.state()
    told = f"The schema is {state.current or 'not there yet'}; newest is {state.newest}."
    shape = SchemaOut(
        current=state.current,
        newest=state.newest,
        is_current=state.is_current,
        steps=tuple(steps),
    )
    output.done(told, data=shape)


def _teller(output: Output, steps: list[StepOut]) -> Progress:
    def tell(step: Step) -> None:
        shape = StepOut(revision=step.revision, title=step.title, is_up=step.is_up)
        steps.append(shape)
        output.hint(f"{'up to' if shape.is_up else 'back before'} {shape.revision}: {shape.title}")

    return tell
