"""`limen completion`: the Tab key."""

import click
from click.shell_completion import get_completion_class

from limen.entrypoints.cli.door import output_of
from limen.entrypoints.cli.lazy import Command


@click.command(
    cls=Command,
    examples=(
        "limen completion bash >> ~/.bashrc",
        "limen completion zsh >> ~/.zshrc",
        "limen completion fish > ~/.config/fish/completions/limen.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script that makes SHELL complete limen's commands and options."""
    complete = get_completion_class(shell)
    assert complete is not None  # noqa: S101 - click knows the three of them
    script = complete(ctx.find_root().command, {}, "limen", "_LIMEN_COMPLETE")
    output_of(ctx).text(script.source() + "\n")
