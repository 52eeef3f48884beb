"""What the author of the example's store could have got wrong, one small lie at a time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from examples.json_store import codec
from examples.json_store.directory import Directory, Rows
from examples.json_store.store import open_store
from examples.json_store.tables import Desk, Table, Tables
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.fakes import CountingIds
from tests.integration.faults.fault import faults_of

fault = faults_of("json")


@asynccontextmanager
async def open_json() -> AsyncIterator[UnitOfWorkFactory]:
    """Open an empty store in a directory of its own."""
    with TemporaryDirectory(prefix="limen-json-") as folder:
        yield open_store(Path(folder), CountingIds(), is_durable=False)


@fault("TestConcurrency::test_of_many_saves_of_one_version_one_is_kept")
def nobody_waits_for_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Directory, "_pauses", lambda _directory, _lock: ())


@fault("TestUnitOfWork::test_a_unit_of_work_sees_its_own_writes")
def each_question_loads_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    async def read(desk: Desk) -> Tables:
        return Tables.of(desk._directory.load())

    monkeypatch.setattr(Desk, "read", read)


@fault("TestUnitOfWork::test_leaving_without_commit_undoes_all_of_it")
def a_change_is_made_in_what_everybody_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    def shared(table: Table[Any]) -> Rows:
        table.is_changed = True
        return table.rows

    monkeypatch.setattr(Table, "_own", shared)


@fault("TestUsers::test_get_returns_the_user_as_it_was_added")
def instants_are_kept_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    writers = [
        (kind, lambda value: value.isoformat(timespec="seconds")) if kind is datetime else (kind, w)
        for kind, w in codec._WRITERS
    ]
    monkeypatch.setattr(codec, "_WRITERS", tuple(writers))


@fault("TestUsers::test_what_happens_to_a_value_outside_does_not_reach_the_store")
def what_is_stored_is_handed_out_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    # Readers are kept; those of this lie are kept apart, and forgotten with it.
    monkeypatch.setattr(codec, "_reader", cache(codec._reader.__wrapped__))
    monkeypatch.setattr(codec, "deepcopy", lambda data: data)
