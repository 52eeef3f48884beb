"""`limen doctor`: what is wrong, and how to mend it."""

import sys
from typing import Final

import click
from msgspec import Struct

from limen.entrypoints.cli.door import with_output
from limen.entrypoints.cli.exits import Exit
from limen.entrypoints.cli.lazy import Command
from limen.entrypoints.cli.output import Output, visible
from limen.wiring.examination import Finding, examine

_SIGNS: Final = {True: ("✓", "green"), False: ("✗", "red")}


class FindingOut(Struct, frozen=True, kw_only=True):
    """What one look found; `mend` says how to mend what is not well."""

    name: str
    is_well: bool
    told: str
    mend: str | None


@click.command(cls=Command, examples=("limen doctor", "limen doctor --json"))
@with_output
async def doctor(output: Output) -> None:
    """Check settings, files, store, schema, keys, clock and mail; say how to mend what is wrong.

    Nothing is changed. The exit code is 11 if anything is wrong.
    """
    found: list[Finding] = []

    def tell(finding: Finding) -> None:
        found.append(finding)
        if not output.is_json:
            _show(finding)

    await examine(tell)
    wrong = sum(not finding.is_well for finding in found)
    shapes = tuple(
        FindingOut(name=f.name, is_well=f.is_well, told=f.told, mend=f.mend) for f in found
    )
    output.done("All is well." if not wrong else f"{wrong} of {len(found)} not well.", data=shapes)
    if wrong:
        raise click.exceptions.Exit(Exit.NOT_ALL_WELL)


def _show(finding: Finding) -> None:
    sign, colour = _SIGNS[finding.is_well]
    told = f" {finding.name}: {visible(finding.told)}"
    if sys.stdout.isatty():
        from rich.console import Console  # noqa: PLC0415 - only terminals pay for rich
        from rich.text import Text  # noqa: PLC0415

        # It knows whether this terminal, and whoever sits there, wants colours.
        Console(file=sys.stdout).print(Text.assemble((sign, colour), told), soft_wrap=True)
    else:
        print(f"{sign}{told}")
    if finding.mend:
        print(f"  {visible(finding.mend)}")
    sys.stdout.flush()
