"""`limen serve`: everything ready, then the server."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from limen.core.errors import StorageOutdated
from limen.core.users.model import Email
from limen.entrypoints.cli.lazy import Command
from limen.wiring.bootstrap import FirstAdministrator, first_administrator, prepare
from limen.wiring.lifecycle import open_container
from limen.wiring.settings import Settings, Store, load

_TERMINAL: Final = Path("/dev/tty")
_MOST_WORKERS: Final = 256


@click.command(
    cls=Command,
    examples=(
        "limen serve",
        "limen serve --port 9000 --workers 4",
        "LIMEN_DATABASE_URL=postgresql://limen@db/limen limen serve --migrate",
    ),
)
@click.option("--host", help="The address to listen on. [LIMEN_HTTP_HOST: 127.0.0.1]")
@click.option("--port", type=int, help="The port to listen on. [LIMEN_HTTP_PORT: 8000]")
@click.option(
    "--workers",
    type=click.IntRange(1, _MOST_WORKERS),
    default=1,
    show_default=True,
    help="How many processes answer requests.",
)
@click.option("--migrate", is_flag=True, help="Migrate a PostgreSQL store first, too.")
def serve(host: str | None, port: int | None, workers: int, migrate: bool) -> None:  # noqa: FBT001 - a flag
    """Run the server until Ctrl-C or SIGTERM.

    An SQLite store is made and migrated by itself; on PostgreSQL that needs --migrate, or
    limen migrate before. Where there is no administrator yet one is made: the one of
    LIMEN_BOOTSTRAP_ADMIN_EMAIL, in development admin@limen.localhost. Without a password by file
    one is generated and shown once, on the terminal.
    """
    given = {"http_host": host, "http_port": port}
    settings = load(options={name: value for name, value in given.items() if value is not None})
    made = asyncio.run(_prepare(settings, is_migrated=migrate))
    # Late: Litestar takes most of the time until the server is ready.
    from limen.entrypoints.http.server import serve as serve_http  # noqa: PLC0415

    if settings.log.format.value == "text":
        _welcome(settings)
    if made is not None:
        _introduce(made)
    serve_http(_with(settings, made), workers=workers)


async def _prepare(settings: Settings, *, is_migrated: bool) -> FirstAdministrator | None:
    """Make what is missing before anybody can come in; return the administrator just made.

    Of a store in memory nothing stays but who was made: the worker makes them again.
    """
    is_wanted = is_migrated or settings.database.store is Store.SQLITE
    async with open_container(settings, migrate=is_wanted) as container:
        try:
            await prepare(container)
        except StorageOutdated as error:
            raise StorageOutdated(f"{error.message} Or say: limen serve --migrate.") from None
        return await first_administrator(container)


def _with(settings: Settings, made: FirstAdministrator | None) -> Settings:
    """Return the settings by which a store in memory gets the administrator who was announced."""
    if made is None or made.generated_password is None:
        return settings
    email, password = Email.parse(made.email), made.generated_password
    bootstrap = replace(settings.bootstrap, admin_email=email, admin_password=password)
    return replace(settings, bootstrap=bootstrap)


def _welcome(settings: Settings) -> None:
    """Say where everything is, with a call that works."""
    base = settings.http.public_url
    lines = [
        f"limen is starting for {settings.environment.value}; stop it with Ctrl-C.",
        f"  API            {base}/api/v1",
        f"  documentation  {base}/schema",
        f"  health         {base}/health/ready",
        "Try it:",
        f"  {_call(settings)}",
    ]
    print("\n".join(lines), file=sys.stderr, flush=True)


def _call(settings: Settings) -> str:
    base = settings.http.public_url
    if not settings.account.policy.is_registration_open:
        return f"curl {base}/health/ready"
    return (
        f"curl {base}/api/v1/auth/register -H 'Content-Type: application/json' "
        """-d '{"email": "ada@example.org", "password": "an engine of many wheels"}'"""
    )


def _introduce(made: FirstAdministrator) -> None:
    """Tell who the first administrator is; a generated password goes to the terminal only."""
    if made.generated_password is None:
        print(f"The first administrator is {made.email}.", file=sys.stderr, flush=True)
        return
    told = (
        f"\nThe first administrator, shown this once:\n"
        f"  e-mail    {made.email}\n  password  {made.generated_password.reveal()}\n"
    )
    for stream in (sys.stderr, sys.stdout):
        if stream.isatty():
            print(told, file=stream, flush=True)
            return
    if not _tell_terminal(told):
        warning = (
            "There is no terminal, so whatever collects this output has the password now: "
            f"change it by limen users set-password {made.email}.\n"
        )
        print(told + warning, file=sys.stderr, flush=True)


def _tell_terminal(told: str) -> bool:
    """Write to the terminal of this session, past every pipe; tell whether there is one."""
    try:
        _TERMINAL.write_text(f"{told}\n")
    except OSError:
        return False
    return True
