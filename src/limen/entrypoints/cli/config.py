"""`limen config`: the settings in force."""

from typing import Final

import click
from msgspec import Struct

from limen.entrypoints.cli.door import with_output
from limen.entrypoints.cli.lazy import Command
from limen.entrypoints.cli.output import Output
from limen.wiring.report import describe
from limen.wiring.settings import load

_COLUMNS: Final = ("name", "value", "origin")


class SettingOut(Struct, frozen=True, kw_only=True):
    """One setting; secrets are masked."""

    name: str
    value: str | None
    origin: str
    section: str
    sentence: str


@click.command(cls=Command, examples=("limen config", "limen config --json"))
@with_output
async def config(output: Output) -> None:
    """Show every setting with its value and where it comes from; secrets are masked.

    Settings are read from the environment (LIMEN_*, or LIMEN_*_FILE for secrets) and from
    limen.toml, or the file that LIMEN_CONFIG names. All that is wrong is told at once.
    """
    shapes = [
        SettingOut(
            name=line.name,
            value=line.value,
            origin=line.origin,
            section=line.section,
            sentence=line.sentence,
        )
        for line in describe(load())
    ]
    output.rows(shapes, _COLUMNS)
