"""The long profile on limen's own stores: what `./dev prove` runs."""

import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from limen.adapters.sql.migrations.runner import upgrade
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.machines.proving import run
from limen.testing.postgres import ThrowawayPostgres
from limen.testing.store import OpenStore
from tests.integration.stores import Reusable, copies_of, open_memory, put_back_of

# Nothing here is about the disk.
_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - mkdtemp is safe there.


class Stores(ExitStack):
    """Makes a file and a server when they are first asked for; removes them at the end."""

    def __init__(self) -> None:
        """Make nothing yet."""
        super().__init__()
        self._sqlite: OpenStore | None = None
        self._postgresql: OpenStore | None = None

    @asynccontextmanager
    async def open_sqlite(self) -> AsyncIterator[UnitOfWorkFactory]:
        """Open a copy of a migrated file."""
        if self._sqlite is None:
            place = _IN_MEMORY if _IN_MEMORY.is_dir() else None
            made = tempfile.TemporaryDirectory(prefix="limen-prove-", dir=place)
            folder = Path(self.enter_context(made))
            template = folder / "template.sqlite"
            await upgrade(f"sqlite:///{template}")
            self._sqlite = copies_of(template, folder)
        async with self._sqlite() as unit_of_work:
            yield unit_of_work

    @asynccontextmanager
    async def open_postgresql(self) -> AsyncIterator[UnitOfWorkFactory]:
        """Open a migrated database on a server of its own."""
        if self._postgresql is None:
            url = self.enter_context(ThrowawayPostgres()).create_database("prove")
            await upgrade(url)
            self._postgresql = put_back_of(self.enter_context(Reusable.kept(url)))
        async with self._postgresql() as unit_of_work:
            yield unit_of_work


def main(arguments: list[str]) -> int:
    """Prove all three stores, or those that are asked for."""
    with Stores() as stores:
        opened = {
            "memory": open_memory,
            "sqlite": stores.open_sqlite,
            "postgresql": stores.open_postgresql,
        }
        return run(opened, arguments, "./dev prove")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
