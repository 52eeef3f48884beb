"""The store keeps every promise of its ports: the whole of what its author had to prove."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest

from examples.json_store.codec import encode
from examples.json_store.listing import select
from examples.json_store.store import JsonUnitOfWorkFactory, open_store
from examples.json_store.tables import Tables
from limen.core.page import Condition, Operator, Selection
from limen.testing.builders import a_user
from limen.testing.contracts.outage import OutageContract
from limen.testing.contracts.store import StoreContract
from limen.testing.fakes import NOON, CountingIds
from limen.testing.machines.machine import Machine, prove
from limen.testing.machines.proving import MACHINES
from limen.testing.store import OpenStore


class TestJsonStore(StoreContract):
    @pytest.fixture
    def unit_of_work(self, tmp_path: Path) -> JsonUnitOfWorkFactory:
        return open_store(tmp_path / "store", CountingIds(), is_durable=False)


class TestJsonStoreWhoseDirectoryIsGone(OutageContract):
    @pytest.fixture
    def unit_of_work(self, tmp_path: Path) -> JsonUnitOfWorkFactory:
        store = open_store(tmp_path / "store", CountingIds(), is_durable=False)
        (tmp_path / "store").rename(tmp_path / "elsewhere")
        return store


class TestJsonStoreThatSomebodyOverwrote(OutageContract):
    @pytest.fixture
    def unit_of_work(self, tmp_path: Path) -> JsonUnitOfWorkFactory:
        store = open_store(tmp_path / "store", CountingIds(), is_durable=False)
        for file in (tmp_path / "store").glob("*.json"):
            file.write_text("overwritten by somebody")
        return store


@pytest.fixture
def open_json_store(tmp_path: Path) -> OpenStore:
    numbers = count()

    @asynccontextmanager
    async def open_empty() -> AsyncIterator[JsonUnitOfWorkFactory]:
        yield open_store(tmp_path / f"{next(numbers)}", CountingIds(), is_durable=False)

    return open_empty


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_the_machines_find_nothing(machine: Machine, open_json_store: OpenStore) -> None:
    prove(machine, open_json_store, store="json")


@pytest.mark.parametrize("has_one", [True, False])
def test_who_was_stored_before_there_were_languages_has_none(*, has_one: bool) -> None:
    user = a_user()
    row = encode(user)
    del row["locale"]
    tables = Tables.of({"users": {str(user.id): row}})
    asked = Selection(conditions=(Condition("locale", Operator.EXISTS, has_one),))
    assert select(tables, asked, NOON).items == (() if has_one else (user,))
