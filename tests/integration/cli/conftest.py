"""limen as a person runs it: a process of its own, on a store that outlives it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.integration.cli.programs import Place

DURABLE: Final = ("sqlite", "postgresql")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that takes `durable` on each store that outlives a process."""
    if "durable" in metafunc.fixturenames:
        wanted = metafunc.config.getoption("--storage") or DURABLE
        metafunc.parametrize("durable", [name for name in DURABLE if name in wanted])


@pytest.fixture
def durable_url(durable: str, request: pytest.FixtureRequest) -> str:
    """The URL of an empty, migrated store that outlives a process."""
    name = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[durable]
    return str(request.getfixturevalue(name))


@pytest.fixture
def place(durable_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A place with an empty, migrated store."""
    made = Place(folder=tmp_path, url=durable_url, patch=monkeypatch)
    yield made
    made.leave()


@pytest.fixture
def new_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A place where limen never was, with SQLite as it comes."""
    made = Place(folder=tmp_path, url=None, patch=monkeypatch)
    yield made
    made.leave()
