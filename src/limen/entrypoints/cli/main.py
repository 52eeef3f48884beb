"""`limen`: the list of its commands, and how every command ends."""

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Final

import click
from click.exceptions import Abort, ClickException, NoArgsIsHelpError, UsageError

from limen.core.errors import LimenError
from limen.entrypoints.cli.exits import ADVICE, MEANINGS, OF_KIND, Exit
from limen.entrypoints.cli.house import House
from limen.entrypoints.cli.lazy import Entry, LazyGroup

_HERE: Final = "limen.entrypoints.cli"
_SERVER: Final = "The server"
_PEOPLE: Final = "People and what they may do"
_KEEPING: Final = "Keeping it well"

COMMANDS: Final = (
    Entry("serve", f"{_HERE}.serve:serve", "Run the server.", _SERVER),
    Entry("migrate", f"{_HERE}.migrate:migrate", "Bring the store to this version.", _SERVER),
    Entry("config", f"{_HERE}.config:config", "Show the settings and their origins.", _SERVER),
    Entry("doctor", f"{_HERE}.doctor:doctor", "Check that all is well, or say how to.", _SERVER),
    Entry("openapi", f"{_HERE}.openapi:openapi", "Print the OpenAPI document.", _SERVER),
    Entry("users", f"{_HERE}.users:users", "Create, find, change, move users.", _PEOPLE),
    Entry("roles", f"{_HERE}.roles:roles", "Make roles, give and withdraw them.", _PEOPLE),
    Entry("sessions", f"{_HERE}.sessions:sessions", "See and end sign-ins.", _PEOPLE),
    Entry(
        "remembered",
        f"{_HERE}.remembered:remembered",
        "See and forget the browsers that remember people.",
        _PEOPLE,
    ),
    Entry("factors", f"{_HERE}.factors:factors", "See and reset second factors.", _PEOPLE),
    Entry("passkeys", f"{_HERE}.passkeys:passkeys", "See and remove passkeys.", _PEOPLE),
    Entry("api-keys", f"{_HERE}.api_keys:api_keys", "Make, rotate, revoke API keys.", _PEOPLE),
    Entry(
        "service-accounts",
        f"{_HERE}.service_accounts:service_accounts",
        "Make accounts without people.",
        _PEOPLE,
    ),
    Entry("account", f"{_HERE}.account.group:account", "Act as oneself, signed in.", _PEOPLE),
    Entry("mail", f"{_HERE}.mail:mail", "See mail, send it again.", _KEEPING),
    Entry("keys", f"{_HERE}.keys:keys", "See and rotate the signing keys.", _KEEPING),
    Entry("purge", f"{_HERE}.purge:purge", "Remove what is past its lifetime.", _KEEPING),
    Entry("simulate", f"{_HERE}.simulate:simulate", "Look for a broken promise.", _KEEPING),
    Entry("completion", f"{_HERE}.completion:completion", "Complete by Tab in a shell.", _KEEPING),
)

_HELP: Final = """limen, the identity server: users, sign-in, sessions, tokens and roles.

Whoever may run these commands on this machine may do everything; each change is recorded
with the name of who ran it.

Settings come from the environment (LIMEN_*) and limen.toml; `limen config` shows them.
With --json a command prints one JSON document in the shape of the HTTP API.
"""


class PipeClosed(Exception):
    """Nobody reads what is printed any more."""


class Root(LazyGroup):
    """The outermost group."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; tell a closed pipe apart before click ends the process for it."""
        try:
            ended = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as error:
            raise PipeClosed from error
        return ended


root = Root(
    name="limen",
    entries=COMMANDS,
    help=_HELP,
    examples=(
        "limen serve",
        "limen users create ada@example.org --role admin",
        "limen users list --filter status=active --json",
        "limen doctor",
    ),
    notes=("Exit codes", [f"{code:>3}  {meaning}" for code, meaning in MEANINGS.items()]),
)
click.version_option(package_name="limen", message="limen %(version)s")(root)


def main() -> None:
    """Run the command line of this process."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    code = run(sys.argv[1:])
    if code == Exit.PIPE_CLOSED:
        _hang_up()
    sys.exit(code)


def run(arguments: Sequence[str], house: House | None = None) -> int:
    """Run one command to its end and return the number it ends with."""
    try:
        # Not rich-click's own: that one prints errors and exits by itself.
        ended = click.Command.main(
            root,
            list(arguments),
            prog_name="limen",
            standalone_mode=False,
            obj=house or House(),
        )
    except BaseException as error:  # noqa: BLE001 - every end of a command has its number
        return _end(error, is_json="--json" in arguments)
    return ended if isinstance(ended, int) else Exit.DONE


def _end(error: BaseException, *, is_json: bool) -> Exit:
    from limen.entrypoints.cli.output import Output  # noqa: PLC0415 - help ends without it

    output = Output(is_json=is_json)
    match error:
        case PipeClosed():
            return Exit.PIPE_CLOSED
        case Abort() | KeyboardInterrupt():
            output.hint("interrupted")
            return Exit.INTERRUPTED
        case NoArgsIsHelpError():
            print(error.message, file=sys.stderr)
            return Exit.INVALID
        case ClickException():
            output.failure("cli.usage", error.format_message())
            if isinstance(error, UsageError) and error.ctx is not None:
                output.hint(f"Try '{error.ctx.command_path} --help'.")
            return Exit.INVALID
        case LimenError():
            output.refusal(error)
            if error.code in ADVICE:
                output.hint(ADVICE[error.code])
            return OF_KIND[error.kind]
        case Exception():
            traceback.print_exception(error)
            output.failure(LimenError.code, LimenError.sentence)
            return Exit.BROKEN
    raise error


def _hang_up() -> None:
    """Leave quietly: nobody reads any more, and Python must not try to flush at its exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
