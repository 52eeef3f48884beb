"""How the command line gets at limen. Nothing here costs anything before a command runs."""

from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any


def _run(command: Coroutine[Any, Any, None]) -> None:
    import asyncio  # noqa: PLC0415 - help runs nothing

    asyncio.run(command)


def _open() -> AbstractAsyncContextManager[Any]:
    from limen.entrypoints.cli.services import open_services  # noqa: PLC0415 - likewise

    return open_services()


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """How to open limen and how to run a command in it; tests put their own in its place."""

    open: Callable[[], AbstractAsyncContextManager[Any]] = _open
    run: Callable[[Coroutine[Any, Any, None]], None] = _run
