"""Commands that are imported when they run, not when they are listed; and examples in help."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click
from click import Context, HelpFormatter
from rich_click import RichCommand, RichGroup


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a group's help: the command's name, where it is, what it does."""

    name: str
    place: str
    about: str
    panel: str | None = None


class Command(RichCommand):
    """A command whose help ends with `examples`."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the examples."""
        super().format_epilog(ctx, formatter)  # type: ignore[arg-type]
        write_box("Examples", self.examples, formatter)


class LazyGroup(RichGroup):
    """A group that knows its commands by name and imports the one that is run.

    Help and completion list names and sentences only, so that they stay fast. `notes` are the
    lines of one more box, under their title.
    """

    command_class = Command

    def __init__(
        self,
        *,
        name: str,
        help: str,  # noqa: A002 - click's word
        entries: Sequence[Entry] = (),
        examples: Sequence[str] = (),
        notes: tuple[str, Sequence[str]] = ("", ()),
    ) -> None:
        super().__init__(name=name, help=help, no_args_is_help=True)
        self.entries = {entry.name: entry for entry in entries}
        self.examples = tuple(examples)
        self.notes = notes
        for entry in entries:
            stub = RichCommand(
                name=entry.name,
                short_help=entry.about,
                panel=entry.panel,
                add_help_option=False,
            )
            self.add_command(stub)

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - click's form
        """Name the commands in the order of their importance."""
        return list(self.commands)

    def load(self, name: str) -> click.Command:
        """Import a command."""
        module, _, attribute = self.entries[name].place.partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101 - the table of entries names commands
        return command

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command to run; only now it is imported."""
        name, stub, rest = super().resolve_command(ctx, args)
        return name, self.load(name) if name in self.entries else stub, rest

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the examples and the notes."""
        super().format_epilog(ctx, formatter)  # type: ignore[arg-type]
        write_box("Examples", self.examples, formatter)
        write_box(*self.notes, formatter)


def write_box(title: str, lines: Sequence[str], formatter: HelpFormatter) -> None:
    """Write lines as they are, in a box like those of the options."""
    if not lines:
        return
    from rich.panel import Panel  # noqa: PLC0415 - rich-click, too, imports rich for help alone
    from rich.text import Text  # noqa: PLC0415

    text = Text("\n".join(lines))
    formatter.write(Panel(text, title=title, title_align="left", border_style="dim"))  # type: ignore[arg-type]
