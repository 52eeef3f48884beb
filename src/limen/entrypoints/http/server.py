"""The server: Granian with as many workers as asked for, stopped gracefully, dead ones replaced."""

import asyncio
import multiprocessing
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.common import AbstractServer
from litestar.types import ASGIApp

from limen.core.errors import Fault, SettingsInvalid
from limen.entrypoints.http.app import create_app
from limen.entrypoints.http.forks import (
    hold_stops,
    let_held_stops_through,
    stoppable_workers,
)
from limen.entrypoints.http.interrupt import Interrupt
from limen.entrypoints.http.logs import configure, dict_config
from limen.entrypoints.http.opening import open_for_http
from limen.entrypoints.http.services import Opened
from limen.wiring.settings import Settings, Store

# Together with what a worker needs to notice, less than the ten seconds that a stop may take.
KILL_AFTER_SECONDS: Final = 8
_HEADER_MILLISECONDS: Final = 10_000
_BUFFER_BYTES: Final = 64 * 1024
_WATCH_SECONDS: Final = 0.1


def serve(settings: Settings, *, workers: int = 1) -> None:
    """Serve until SIGTERM or SIGINT; what was accepted is answered first, within eight seconds.

    The store is up to date and has a signing key already (`limen.wiring.bootstrap.prepare`). A
    worker that dies is replaced; one that dies again within seconds stops the server, with exit
    status 1. Raises `SettingsInvalid` for several workers on a store in memory, and for an address
    that cannot be listened on.
    """
    if workers > 1 and settings.database.store is Store.MEMORY:
        message = "cannot be memory:// with several workers: each would have a store of its own"
        raise _refusal("LIMEN_DATABASE_URL", message)
    _check_address(settings.http.host, settings.http.port)
    configure(settings.log)
    with _shared_metrics(workers) as directory, stoppable_workers():
        load = partial(_application, settings, directory, os.getpid())
        _server(settings, workers).serve(target_loader=load, wrap_loader=False)


def _check_address(host: str, port: int) -> None:
    """Refuse an address that is taken: workers share theirs, and would with anybody."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        message = f"cannot be listened on at {host}: {error.strerror or error}"
        raise _refusal("LIMEN_HTTP_PORT", message) from None


def _refusal(name: str, message: str) -> SettingsInvalid:
    return SettingsInvalid(f"{name} {message}.", details=(Fault(name, "invalid", message),))


def _server(settings: Settings, workers: int) -> AbstractServer[Any]:
    # Workers get the settings by the fork: what is secret is never pickled for another process.
    multiprocessing.set_start_method("fork", force=True)
    server: AbstractServer[Any] = Granian(
        "limen",
        address=settings.http.host,
        port=settings.http.port,
        interface=Interfaces.ASGI,
        workers=workers,
        http=HTTPModes.auto,
        websockets=False,
        http1_settings=HTTP1Settings(
            header_read_timeout=_HEADER_MILLISECONDS, max_buffer_size=_BUFFER_BYTES
        ),
        log_dictconfig=dict_config(settings.log),
        log_level=LogLevels(settings.log.level.value),
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_AFTER_SECONDS,
    )
    server.main_loop_interrupt = Interrupt()
    return server


def _application(settings: Settings, directory: Path | None, parent: int) -> ASGIApp:
    """Make the application, in a worker that has not begun to listen to signals."""
    configure(settings.log)
    # A store in memory begins in this worker: nobody could make an administrator before.
    is_kept = settings.database.store is not Store.MEMORY

    @asynccontextmanager
    async def opening() -> AsyncIterator[Opened]:
        async with (
            _listening_to(parent),
            open_for_http(settings, has_administrator=is_kept) as opened,
        ):
            yield opened

    application = create_app(opening, settings.http, metrics_directory=directory)
    # Until here a stop ends the worker at once; from here on it waits for the event loop.
    hold_stops()
    return application


@asynccontextmanager
async def _listening_to(parent: int) -> AsyncIterator[None]:
    """Stop this worker when its parent says so, or is gone: then nobody else would."""

    async def watch() -> None:
        while os.getppid() == parent:
            let_held_stops_through()
            await asyncio.sleep(_WATCH_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        let_held_stops_through()

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@contextmanager
def _shared_metrics(workers: int) -> Iterator[Path | None]:
    """Make the directory in which several workers add up what they count."""
    if workers == 1:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="limen-metrics-") as directory:
        yield Path(directory)
