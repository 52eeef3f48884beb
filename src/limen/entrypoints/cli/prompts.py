"""Asking the person at the terminal, and reading secrets that must never stand in argv."""

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar, overload

import click
from click import Context, Parameter

from limen.core.secret import Secret

F = TypeVar("F", bound=Callable[..., Any])

_LONGEST_LINE: Final = 4096


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C end a blocking read at once, also while an event loop runs.

    The loop's own handler only cancels a task, which a blocked read would never notice; a press
    that came just before is noticed here.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        if _is_cancelled():
            raise KeyboardInterrupt
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _is_cancelled() -> bool:
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return False
    return task is not None and task.cancelling() > 0


def confirm(question: str, *, is_sure: bool) -> None:
    """Ask before something that cannot be undone; without a terminal `--yes` must be given."""
    if is_sure:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("There is no terminal to ask on: say --yes if you are sure.")
    with interruptible():
        click.confirm(question, abort=True, err=True)


def password_option(*, is_optional: bool = False) -> Callable[[F], F]:
    """Add `--password-stdin` (and `--no-password`); the command gets `password`.

    Without either the password is asked for on the terminal, twice.
    """

    def decorate(command: F) -> F:
        if is_optional:
            command = click.option(
                "--no-password",
                is_flag=True,
                expose_value=False,
                is_eager=True,
                callback=_remember,
                help="Make the account without a password: nobody can sign in with one yet.",
            )(command)
        return click.option(
            "--password-stdin",
            "password",
            is_flag=True,
            callback=_read_password,
            help="Read the password from a pipe on standard input instead of asking for it.",
        )(command)

    return decorate


def _remember(ctx: Context, _parameter: Parameter, value: bool) -> None:  # noqa: FBT001 - click's form
    ctx.meta[__name__] = value


def _read_password(ctx: Context, _parameter: Parameter, is_piped: bool) -> Secret[str] | None:  # noqa: FBT001 - click's form
    if ctx.resilient_parsing:
        return None
    if ctx.meta.get(__name__):
        if is_piped:
            raise click.UsageError("Give either --password-stdin or --no-password.")
        return None
    if is_piped and sys.stdin.isatty():
        raise click.UsageError(
            "A terminal would show the password: pipe it in, or leave out --password-stdin to be "
            "asked for it."
        )
    if is_piped:
        return read_secret_line()
    if not sys.stdin.isatty():
        raise click.UsageError(
            "There is no terminal to ask for the password on: pipe it in with --password-stdin."
        )
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return Secret(typed)


@overload
def read_secret_line(what: str = ...) -> Secret[str]: ...
@overload
def read_secret_line(what: str = ..., *, is_optional: bool) -> Secret[str] | None: ...
def read_secret_line(what: str = "password", *, is_optional: bool = False) -> Secret[str] | None:
    """Read one line from standard input; the line end does not belong to the secret."""
    line = sys.stdin.buffer.readline(_LONGEST_LINE + 1)
    if len(line) > _LONGEST_LINE:
        raise click.UsageError(f"The line on standard input is over {_LONGEST_LINE} bytes.")
    try:
        text = line.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise click.UsageError("What stands on standard input is not UTF-8 text.") from None
    if not text and is_optional:
        return None
    if not text:
        raise click.UsageError(f"There is no {what} on standard input.")
    return Secret(text)
