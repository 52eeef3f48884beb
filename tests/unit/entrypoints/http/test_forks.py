"""What a fork does while a server serves, and at any other time."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from limen.entrypoints.http import forks
from limen.entrypoints.http.forks import (
    hold_stops,
    let_held_stops_through,
    stoppable_workers,
)

STOPS = {signal.SIGTERM, signal.SIGINT}
SIDES = ["after_in_parent", "after_in_child"]


class Forks:
    """Is told what to do at a fork, and does it without one."""

    def __init__(self) -> None:
        self.told: list[dict[str, Callable[[], None]]] = []

    def __call__(self, side: str) -> None:
        for name in ("before", side):
            for hooks in self.told:
                hooks[name]()


@pytest.fixture
def fork(monkeypatch: pytest.MonkeyPatch) -> Forks:
    found = Forks()
    monkeypatch.setattr(os, "register_at_fork", lambda **hooks: found.told.append(hooks))
    monkeypatch.setattr(forks, "_watch_forks", cache(forks._watch_forks.__wrapped__))
    return found


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> dict[int, Any]:
    found: dict[int, Any] = {}
    monkeypatch.setattr(signal, "signal", found.__setitem__)
    return found


@pytest.fixture(autouse=True)
def mask() -> Iterator[None]:
    """Give this thread back what it had blocked."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def held() -> set[signal.Signals]:
    return STOPS & signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_stop_waits_until_a_new_worker_has_forgotten_the_handlers(
    fork: Forks, handlers: dict[int, Any]
) -> None:
    with stoppable_workers():
        (hooks,) = fork.told
        for side in SIDES:
            assert handlers == {}
            hooks["before"]()
            assert held() == STOPS
            hooks[side]()
            assert not held()
    assert handlers == dict.fromkeys(STOPS, signal.SIG_DFL)


@pytest.mark.usefixtures("handlers")
def test_what_a_parent_had_blocked_stays_so_and_a_worker_can_be_stopped(fork: Forks) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    with stoppable_workers():
        fork("after_in_parent")
        assert held() == {signal.SIGTERM}
        fork("after_in_child")
        assert not held()


def test_a_process_that_serves_again_and_again_is_told_of_a_fork_once(fork: Forks) -> None:
    for _ in range(3):
        with stoppable_workers():
            pass
    assert len(fork.told) == 1


@pytest.mark.parametrize("side", SIDES)
def test_a_process_that_serves_no_more_forks_as_it_likes(
    fork: Forks, handlers: dict[int, Any], side: str
) -> None:
    with stoppable_workers():
        pass
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    fork(side)
    assert (held(), handlers) == ({signal.SIGTERM}, {})


# Like a worker: an event loop that runs twice, and a stop that comes between.
WORKER = """
import asyncio, os, signal, sys
import uvloop
from limen.entrypoints.http.forks import hold_stops, let_held_stops_through

holds = sys.argv[1] == "holds"
if holds:
    hold_stops()
loop = uvloop.new_event_loop()
told = asyncio.Event()
loop.add_signal_handler(signal.SIGTERM, told.set)
loop.run_until_complete(asyncio.sleep(0))
os.kill(os.getpid(), signal.SIGTERM)

async def serve():
    if holds:
        let_held_stops_through()
    for _ in range(1000):
        await asyncio.sleep(0)
    print("told" if told.is_set() else "not told")

loop.run_until_complete(serve())
"""


@pytest.mark.parametrize(("how", "said"), [("holds", "told\n"), ("does not", "not told\n")])
def test_a_stop_that_comes_between_two_runs_of_the_loop_is_told_if_it_was_held(
    how: str, said: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORKER, how], capture_output=True, text=True, check=True
    )
    assert done.stdout == said


def test_nothing_is_let_through_where_nothing_waits() -> None:
    hold_stops()
    let_held_stops_through()
    assert held() == STOPS
