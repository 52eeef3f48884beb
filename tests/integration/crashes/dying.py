"""A use case in a process of its own that is killed at the n-th point of it, for every n."""

import asyncio
import multiprocessing
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Flag, auto
from multiprocessing.connection import Connection
from typing import Final

from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory, View
from limen.testing.crashes.points import COMMITTED, Course, CrashingUnits, kill_this_process
from limen.testing.crashes.scene import run, set_scene
from limen.testing.crashes.use_cases import USE_CASES
from limen.testing.fakes import NOON, CountingIds
from tests.integration.crashes.statements import watch_drivers
from tests.integration.crashes.stores import Fault, Picture, Places, SqlStore

_MOST_POINTS: Final = 500


class Level(Flag):
    """Where the points lie: around calls of the unit of work, around statements."""

    CALLS = auto()
    STATEMENTS = auto()


@dataclass(frozen=True)
class Death:
    """One kill: behind how many commits that were answered, and what it left behind."""

    point: int
    commits: int
    picture: Picture


class Told(Course):
    """A course that says when a commit was answered, before it goes on."""

    def __init__(self, say: Callable[[], object], die: Callable[[], object]) -> None:
        super().__init__(die)
        self._say = say

    def reach(self, name: str) -> None:
        if name == COMMITTED:
            self._say()
        super().reach(name)


def _counting_behind_the_scene() -> CountingIds:
    return CountingIds(NOON + timedelta(days=30))


def set_stage(places: Places) -> None:
    """Put the scene into a store, and have all stores that come begin with it."""
    store = SqlStore(places.fresh(), make_ids=CountingIds)

    async def go() -> None:
        async with store() as units:
            await set_scene(units)

    asyncio.run(go())
    places.stage()


def store_at(url: str, fault: Fault | None = None) -> SqlStore:
    """Return a store whose events are numbered alike in every run."""
    return SqlStore(url, fault, _counting_behind_the_scene)


def committed_states(store: SqlStore, name: str) -> list[Picture]:
    """Run a use case to its end; return what was committed before it and behind each commit."""
    states: list[Picture] = []

    async def go() -> int:
        async with store() as units:
            told = Told(lambda: states.append(store.picture()), lambda: None)
            await _play(units, told, name, lambda: states.append(store.picture()))
        course = Course()
        await _play(None, course, name, lambda: None)
        return course.commits

    commits = asyncio.run(go())
    # On another stage than it believes in, it would be refused before it wrote anything.
    assert len(states) == commits + 1, f"{name} commits otherwise than in memory"
    return states


def deaths(places: Places, name: str, level: Level, fault: Fault | None = None) -> Iterator[Death]:
    """Kill a use case at each of its points, each time on a fresh store."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["limen.testing.crashes.storm", __name__])
    for point in range(1, _MOST_POINTS):
        store = store_at(places.fresh(), fault)
        hears, speaks = context.Pipe(duplex=False)
        child = context.Process(target=_be_killed, args=(store, name, point, level, speaks))
        child.start()
        speaks.close()
        child.join()
        yield Death(point, _count(hears), replace(store, fault=None).picture())
        hears.close()
        if child.exitcode == 0:
            return
        assert child.exitcode == -signal.SIGKILL, child.exitcode
    raise AssertionError(f"{name} has no end")


def looks(
    places: Places, name: str, level: Level, fault: Fault | None = None
) -> Iterator[str | None]:
    """Give, for each death on the stage, a sentence if it left what it must not, else `None`.

    What was answered is there, what was not begun is not, a commit amid which the process died is
    done or not, and nothing is ever half done.
    """
    states = committed_states(store_at(places.fresh()), name)
    for death in deaths(places, name, level, fault):
        if death.picture in states[death.commits : death.commits + 2]:
            yield None
        else:
            yield f"{name}, point {death.point}: not what {death.commits} commits leave"


def _count(hears: Connection) -> int:
    count = 0
    while True:
        try:
            hears.recv_bytes()
        except EOFError:
            return count
        count += 1


def _be_killed(store: SqlStore, name: str, point: int, level: Level, speaks: Connection) -> None:
    statements = Course(kill_this_process) if Level.STATEMENTS in level else Course()
    if Level.STATEMENTS in level:
        watch_drivers(statements)
    calls = Told(lambda: speaks.send_bytes(b"."), kill_this_process)

    def arm() -> None:
        for course, its in ((calls, Level.CALLS), (statements, Level.STATEMENTS)):
            if its in level:
                course.end_after(point)

    async def go() -> None:
        async with store() as units:
            await _play(units, calls, name, arm)

    asyncio.run(go())


async def _play(
    units: UnitOfWorkFactory | None, course: Course, name: str, begin: Callable[[], object]
) -> None:
    """Run the use case in a limen that believes to have set the scene itself.

    Without `units`, in memory, it did.
    """
    memory = MemoryUnitOfWorkFactory(MemoryStore(), CountingIds())
    switch = _Switch(memory)
    scene = await set_scene(switch)
    switch.inner = CrashingUnits(units or memory, course)
    begin()
    await run(USE_CASES[name], scene)


class _Switch:
    """A unit-of-work factory in place of which another can be put while it is in use.

    Nothing in a scene depends on its store: the same is on every stage.
    """

    def __init__(self, inner: UnitOfWorkFactory) -> None:
        self.inner = inner

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self.inner()

    def view(self) -> AbstractAsyncContextManager[View]:
        return self.inner.view()
