"""What the contracts of a store try on every call and on every table leaves none of them out."""

import inspect
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import get_type_hints

import pytest

from limen.adapters.memory.store import TABLES, Desk, MemoryStore, Rows
from limen.adapters.memory.unit_of_work import MemoryUnitOfWork, MemoryUnitOfWorkFactory
from limen.core.errors import LimenError
from limen.ports.unit_of_work import UnitOfWork, View
from limen.testing.contracts.calls import READS, WRITES
from limen.testing.contracts.store import TransactionalStoreContract
from limen.testing.contracts.unit_of_work import UnitOfWorkContract
from limen.testing.fakes import CountingIds

# Only units of work may ask for these, or fill them: nobody else could see them too early.
UNSEEN = {"throttles", "attempts", "ceremonies", "events"}


def test_every_call_of_every_repository_is_tried() -> None:
    repositories = {
        name: get_type_hints(found.fget)["return"]
        for name, found in vars(View).items()
        if isinstance(found, property)
    }
    methods = {
        f"{name}.{method}"
        for name, port in repositories.items()
        for method, found in vars(port).items()
        if inspect.iscoroutinefunction(found)
    }
    assert set(READS) | set(WRITES) == methods


def test_a_contract_of_what_one_caller_sees_lets_nobody_come_at_once() -> None:
    parts = TransactionalStoreContract.__contract__.values()
    modules = {base.__module__ for part in parts for base in part.__mro__}
    assert {name for name in modules if hasattr(sys.modules[name], "at_once")} == set()


class LeakingUnits(MemoryUnitOfWorkFactory):
    """Units of work without a rollback in one table."""

    def __init__(self, table: str) -> None:
        """Leak in `table`."""
        self._leaking_store = MemoryStore()
        self._table = table
        super().__init__(self._leaking_store, CountingIds())

    @asynccontextmanager
    async def _unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        rows = self._rows()
        async with self._leaking_store.lock:
            desk = Desk(rows, is_writable=True)
            try:
                yield MemoryUnitOfWork(rows, desk, CountingIds())
            finally:
                desk.close()
                getattr(rows, self._table).apply()

    def _rows(self) -> Rows:
        return self._leaking_store.rows.draft()


class OpenUnits(LeakingUnits):
    """Units of work whose changes of one table everybody sees at once."""

    def _rows(self) -> Rows:
        committed = self._leaking_store.rows
        tables = {name: getattr(committed, name).draft() for name in TABLES}
        return Rows(**tables | {self._table: getattr(committed, self._table)})


@pytest.mark.parametrize("table", TABLES)
async def test_a_table_that_is_not_undone_is_noticed(table: str) -> None:
    with pytest.raises((AssertionError, KeyError, LimenError)):
        await UnitOfWorkContract().test_leaving_without_commit_undoes_all_of_it(LeakingUnits(table))


@pytest.mark.parametrize("table", sorted(set(TABLES) - UNSEEN))
async def test_a_table_that_others_see_before_the_commit_is_noticed(table: str) -> None:
    with pytest.raises((AssertionError, KeyError, LimenError)):
        await UnitOfWorkContract().test_nobody_else_sees_a_write_before_its_commit(OpenUnits(table))
