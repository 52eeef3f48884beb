from pathlib import Path

import pytest

from limen.adapters.system import SystemIds
from limen.core.errors import HashingBusy, StorageOutdated, StorageUnavailable
from limen.core.secret import Secret
from limen.wiring import lifecycle
from limen.wiring.bootstrap import prepare
from limen.wiring.lifecycle import open_container
from limen.wiring.settings import from_code
from limen.wiring.storage import MemoryStorage


class Steps(MemoryStorage):
    """A store that keeps what was asked of it."""

    def __init__(self, *, is_up_to_date: bool = True, is_out: bool = False) -> None:
        super().__init__(SystemIds())
        self.steps: list[str] = []
        self.is_up_to_date = is_up_to_date
        self.is_out = is_out

    async def migrate(self) -> None:
        self.steps.append("migrate")
        self.is_up_to_date = True

    async def open(self) -> None:
        self.steps.append("open")
        if self.is_out:
            raise StorageUnavailable

    async def is_current(self) -> bool:
        return self.is_up_to_date

    async def close(self) -> None:
        self.steps.append("close")


KEY = "pUeKcXW3xG0nLb7YyQ2VtZ5sR8mD1aHf4jNwOiTkEuA"
SQLITE, POSTGRESQL = "sqlite:///limen.db", "postgresql://localhost/limen"


async def walk(
    monkeypatch: pytest.MonkeyPatch, storage: Steps, url: str, *, migrate: bool | None = None
) -> list[str]:
    """Open a container over `storage` and close it; return what was asked of the store."""
    settings = from_code({"database_url": url, "secret_key": KEY})
    container = lifecycle.make_container(settings)
    container.storage.override(storage)
    monkeypatch.setattr(lifecycle, "make_container", lambda _: container)
    async with open_container(settings, migrate=migrate):
        pass
    return storage.steps


@pytest.mark.parametrize(
    ("url", "migrate", "steps"),
    [
        (SQLITE, None, ["open", "migrate", "close"]),
        (SQLITE, False, ["open", "close"]),
        (POSTGRESQL, None, ["open", "close"]),
        (POSTGRESQL, True, ["open", "migrate", "close"]),
    ],
)
async def test_an_outdated_schema_is_brought_up_to_date_where_that_is_wanted(
    monkeypatch: pytest.MonkeyPatch, url: str, migrate: bool | None, steps: list[str]
) -> None:
    storage = Steps(is_up_to_date=False)
    assert await walk(monkeypatch, storage, url, migrate=migrate) == steps


async def test_a_current_schema_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await walk(monkeypatch, Steps(), SQLITE, migrate=True) == ["open", "close"]


async def test_what_was_opened_is_closed_when_opening_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    storage = Steps(is_out=True)
    with pytest.raises(StorageUnavailable):
        await walk(monkeypatch, storage, SQLITE)
    assert storage.steps == ["open", "close"]


async def test_hashing_ends_with_the_container() -> None:
    async with open_container(from_code({"database_url": "memory://"})) as container:
        hasher = container.hasher()
        assert container.storage().pool_use() is None
        await container.storage().ping()
    with pytest.raises(HashingBusy):
        await hasher.hash(Secret("correct horse"))


async def test_an_outdated_schema_is_told(tmp_path: Path) -> None:
    settings = from_code({"database_url": f"sqlite:///{tmp_path}/limen.db", "secret_key": KEY})
    async with open_container(settings, migrate=False) as container:
        with pytest.raises(StorageOutdated):
            await prepare(container)


async def test_a_database_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "limen.db"
    settings = from_code({"database_url": f"sqlite:///{path}", "secret_key": KEY})
    async with open_container(settings) as container:
        await prepare(container)
        assert await container.storage().is_current()
        use = container.storage().pool_use()
        assert use is not None
        assert use.limit >= use.size >= use.busy
    assert path.exists()
