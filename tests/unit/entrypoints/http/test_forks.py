"""What a fork does while a server serves, and at any other time."""

import os
import signal
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from limen.entrypoints.http import forks
from limen.entrypoints.http.forks import stoppable_workers

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
