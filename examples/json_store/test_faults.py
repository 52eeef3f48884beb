"""What the author of this store could have got wrong, and which contract would have told them."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from examples.json_store import codec
from examples.json_store.directory import Directory, Rows
from examples.json_store.store import JsonUnitOfWorkFactory, open_store
from examples.json_store.tables import Desk, Table, Tables
from limen.testing.builders import a_full_user
from limen.testing.contracts.concurrency import ConcurrencyContract
from limen.testing.contracts.unit_of_work import UnitOfWorkContract
from limen.testing.contracts.users import UsersContract
from limen.testing.fakes import CountingIds

Break = Callable[[pytest.MonkeyPatch], None]
Test = Callable[[JsonUnitOfWorkFactory], Awaitable[None]]


def forget_the_lock(patch: pytest.MonkeyPatch) -> None:
    async def go_on(_directory: Directory, _lock: int) -> None: ...

    patch.setattr(Directory, "_wait_for", go_on)


def change_what_others_see(patch: pytest.MonkeyPatch) -> None:
    def shared(table: Table[Any]) -> Rows:
        table.is_changed = True
        return table.rows

    patch.setattr(Table, "_own", shared)


def keep_seconds_only(patch: pytest.MonkeyPatch) -> None:
    writers = [
        (kind, lambda value: value.isoformat(timespec="seconds")) if kind is datetime else (kind, w)
        for kind, w in codec._WRITERS
    ]
    patch.setattr(codec, "_WRITERS", tuple(writers))


def hand_out_what_is_stored(patch: pytest.MonkeyPatch) -> None:
    codec._reader.cache_clear()
    patch.setattr(codec, "deepcopy", lambda data: data)


def take_no_lock_to_read(patch: pytest.MonkeyPatch) -> None:
    async def read(desk: Desk) -> Tables:
        return Tables.of(desk._directory.load())

    patch.setattr(Desk, "read", read)


CAUGHT: dict[Break, Test] = {
    forget_the_lock: ConcurrencyContract().test_of_many_saves_of_one_version_one_is_kept,
    change_what_others_see: UnitOfWorkContract().test_leaving_without_commit_undoes_all_of_it,
    keep_seconds_only: lambda store: UsersContract().test_get_returns_the_user_as_it_was_added(
        store, a_full_user()
    ),
    hand_out_what_is_stored: (
        UsersContract().test_what_happens_to_a_value_outside_does_not_reach_the_store
    ),
    take_no_lock_to_read: UnitOfWorkContract().test_a_unit_of_work_sees_its_own_writes,
}


@pytest.mark.parametrize("fault", CAUGHT, ids=lambda fault: fault.__name__)
async def test_a_contract_tells_of_it(
    fault: Break, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)
    store = open_store(tmp_path / "store", CountingIds(), is_durable=False)
    with pytest.raises(Exception) as told:  # noqa: PT011 - whatever pytest would call a failure
        await CAUGHT[fault](store)
    assert not isinstance(told.value, TypeError | AttributeError)
    codec._reader.cache_clear()
    monkeypatch.undo()
    await CAUGHT[fault](open_store(tmp_path / "mended", CountingIds(), is_durable=False))
