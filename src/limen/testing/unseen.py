"""Tasks that failed and that nobody asked: left alone they complain when collected, if ever."""

import asyncio
from collections.abc import Iterable
from typing import Any


def unseen(ended: Iterable[asyncio.Task[Any]]) -> list[str]:
    """Return a sentence for each of these tasks, all done, whose failure nobody has seen."""
    # By this a task knows in the end whether to complain; it can be asked in no other way.
    silent = [task for task in ended if task._log_traceback]  # noqa: SLF001
    return [f"nobody asked how {_name(task)} ended: {task.exception()!r}" for task in silent]


def _name(task: asyncio.Task[Any]) -> str:
    return str(getattr(task.get_coro(), "__qualname__", "a task"))
