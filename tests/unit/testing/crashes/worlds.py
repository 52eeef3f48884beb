"""A store in memory that dies at a chosen point, sound or broken on purpose."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from limen.adapters.memory.store import MemoryStore, Rows
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.crashes.points import Course, Crashed, CrashingUnits
from limen.testing.crashes.scene import Scene, UseCase, run, set_scene
from limen.testing.fakes import CountingIds

Fault = Callable[[UnitOfWorkFactory], UnitOfWorkFactory]
Picture = dict[str, dict[Any, Any]]


def sound(units: UnitOfWorkFactory) -> UnitOfWorkFactory:
    return units


class World:
    """Three layers over one store: `told` is what callers see, `done` what reaches the store.

    Between them is the adapter on trial.
    """

    def __init__(self, fault: Fault = sound) -> None:
        self.store = MemoryStore()
        self.told, self.done = Course(), Course()
        self.plain = MemoryUnitOfWorkFactory(self.store, CountingIds())
        self.units = CrashingUnits(fault(CrashingUnits(self.plain, self.done)), self.told)

    def picture(self) -> Picture:
        """Everything that is committed, to the last row."""
        rows = self.store.rows
        return {table.name: dict(getattr(rows, table.name)._rows) for table in fields(Rows)}

    async def scene(self) -> Scene:
        scene = await set_scene(self.units)
        self.told.restart()
        self.done.restart()
        return scene

    async def dies(self, use_case: UseCase, scene: Scene) -> bool:
        try:
            await run(use_case, scene)
        except Crashed:
            return True
        return False

    @property
    def is_amid_commit(self) -> bool:
        """Whether the last call was a commit that nobody answered: its outcome is unknown."""
        return any(name.startswith("before commit") for name in self.told.passed[-1:])


async def committed_states(use_case: UseCase) -> tuple[list[Picture], list[str], list[str]]:
    """Run a use case on the sound store; give what was committed, and all points of both layers."""
    world = World()
    scene = await world.scene()
    states = [world.picture()]
    reach = world.told.reach

    def watch(name: str) -> None:
        reach(name)
        if name == "after commit":
            states.append(world.picture())

    world.told.reach = watch  # type: ignore[method-assign]
    await run(use_case, scene)
    return states, world.told.passed, world.done.passed
