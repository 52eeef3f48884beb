"""Workers that stop when they are told to, from their first moment on."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

_STOPS: Final = (signal.SIGTERM, signal.SIGINT)


class _Fork(threading.local):
    """What a thread had blocked before its fork; `None` if that fork makes no worker."""

    mask: set[int] | None = None


_is_serving: Final = threading.Event()
_fork: Final = _Fork()


@contextmanager
def stoppable_workers() -> Iterator[None]:
    """Have whatever this process forks meanwhile be a worker that can be stopped at once.

    The handlers of the parent come along by the fork, and would swallow an early stop.
    """
    _watch_forks()
    _is_serving.set()
    try:
        yield
    finally:
        _is_serving.clear()


def hold_stops() -> None:
    """Keep every stop waiting until `let_held_stops_through`.

    An event loop minds signals only while it runs: one that comes between two runs, while a worker
    starts, would be lost.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)


def let_held_stops_through() -> None:
    """Deliver the stops that came meanwhile; to be called in the event loop."""
    if signal.sigpending() & set(_STOPS):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        hold_stops()


@cache
def _watch_forks() -> None:
    """Be told of forks; only once, for a process never forgets whom it tells."""
    os.register_at_fork(
        before=_hold_stops, after_in_parent=_let_stops_through, after_in_child=_forget_handlers
    )


def _hold_stops() -> None:
    serving = _is_serving.is_set()
    _fork.mask = set(signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)) if serving else None


def _let_stops_through() -> None:
    if _fork.mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, _fork.mask)


def _forget_handlers() -> None:
    if _fork.mask is not None:
        for number in _STOPS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
