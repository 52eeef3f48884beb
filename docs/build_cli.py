"""Blocks of the reference about the command line."""

from collections.abc import Iterator
from inspect import cleandoc

import click

from docs.markdown import code, paragraphs, table
from limen.entrypoints.cli.exits import MEANINGS
from limen.entrypoints.cli.lazy import Command, LazyGroup
from limen.entrypoints.cli.main import root


def exits() -> str:
    """Return the table of exit codes."""
    return table(
        ["exit code", "meaning"], [[str(number.value), text] for number, text in MEANINGS.items()]
    )


def usage() -> str:
    """Return every command with its arguments, options and examples."""
    return "\n\n".join(_described(name, command) for name, command in commands())


def commands(
    group: click.Group = root, prefix: str = "limen"
) -> Iterator[tuple[str, click.Command]]:
    """Yield every group and command with the words it is called by."""
    for name, stub in group.commands.items():
        is_lazy = isinstance(group, LazyGroup) and name in group.entries
        command = group.load(name) if isinstance(group, LazyGroup) and is_lazy else stub
        yield f"{prefix} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")


def _described(name: str, command: click.Command) -> str:
    level = "##" if name.count(" ") == 1 else "###"
    about = cleandoc(click.unstyle((command.help or "").replace("\b", "")))
    if isinstance(command, click.Group):
        return paragraphs(f"{level} `{name}`", about)
    call = " ".join([name, *command.collect_usage_pieces(click.Context(command))])
    examples = "\n".join(command.examples) if isinstance(command, Command) else ""
    return paragraphs(
        f"{level} `{name}`",
        f"```text\n{call}\n```",
        about,
        _options(command),
        f"```sh\n{examples}\n```" if examples else "",
    )


def _options(command: click.Command) -> str:
    options = [
        parameter
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden
    ]
    rows = [[_names(option), option.help or ""] for option in options]
    return table(["option", "what it does"], rows) if rows else ""


def _names(option: click.Option) -> str:
    names = ", ".join(code(name) for name in [*option.opts, *option.secondary_opts])
    if option.is_flag:
        return names
    if isinstance(option.type, click.Choice):
        return f"{names} {' or '.join(code(choice) for choice in option.type.choices)}"
    return f"{names} {code(option.metavar or option.type.name.upper())}"
