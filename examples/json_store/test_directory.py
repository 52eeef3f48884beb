"""Whose directory it is: nothing of somebody else's is taken for a store, or ever touched."""

import json
import os
import stat
from pathlib import Path

import pytest

from examples.json_store.store import JsonUnitOfWorkFactory, open_store
from limen.core.errors import SettingsInvalid, StorageUnavailable
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_user
from limen.testing.contracts.steps import keep, look
from limen.testing.fakes import CountingIds

# Names that somebody might well have given; a sweep must not even think of them.
SOMEBODYS = (
    "notes.txt",
    "users.json",
    "users.backup.json",
    f"users.{'0' * 31}.json",
    f"users.{'G' * 32}.json",
    f"users.{'0' * 32}.json.old",
    f"invoices.{'0' * 32}.json",
    f"people.users.{'0' * 32}.json",
    "current.json.old",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store"


def opened(path: Path) -> JsonUnitOfWorkFactory:
    return open_store(path, CountingIds(), is_durable=False)


def put(folder: Path, *names: str) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    for name in names:
        (folder / name).write_text(f"{name}, a dear memory")


def held(folder: Path) -> dict[str, bytes]:
    """Return every file in a folder, to the last byte."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def is_usable(store: UnitOfWorkFactory) -> bool:
    await keep(store, user := a_user())
    return await look(store, lambda view: view.users.find(user.email)) == user


@pytest.mark.parametrize("names", [SOMEBODYS, ("lock", "notes.txt"), ("current.json.old",)])
def test_a_directory_full_of_somebodys_files_is_refused_and_left_alone(
    path: Path, names: tuple[str, ...]
) -> None:
    put(path, *names)
    before = held(path)
    with pytest.raises(SettingsInvalid, match=r"store is not empty .* name an empty directory"):
        opened(path)
    assert held(path) == before


async def test_a_store_that_lost_its_current_file_is_refused_and_can_be_put_back(
    path: Path,
) -> None:
    await keep(opened(path), user := a_user())
    lost = (path / "current.json").rename(path.parent / "current.json")
    before = held(path)
    with pytest.raises(SettingsInvalid, match=r"put current\.json back from a backup"):
        opened(path)
    assert held(path) == before
    lost.rename(path / "current.json")
    assert await look(opened(path), lambda view: view.users.find(user.email)) == user


async def test_what_a_beginning_that_died_left_behind_is_no_obstacle(path: Path) -> None:
    opened(path)
    (path / "current.json").rename(path / "current.json.draft")
    (roles,) = path.glob("roles.*.json")
    roles.rename(path / f"{roles.name}.draft")
    assert await is_usable(opened(path))


async def test_a_sweep_takes_former_files_of_tables_and_nothing_else(path: Path) -> None:
    store = opened(path)
    await keep(store, a_user())
    put(path, *SOMEBODYS)
    left_over = (f"users.{'0' * 32}.json", f"users.{'f' * 32}.json.draft")
    put(path, *left_over)
    before = held(path)
    assert await is_usable(store)
    assert not set(left_over) & set(held(path))
    assert {name: held(path)[name] for name in SOMEBODYS} == {n: before[n] for n in SOMEBODYS}
    tables = json.loads((path / "current.json").read_text()).values()
    assert set(held(path)) == {*SOMEBODYS, *tables, "current.json", "lock"}


@pytest.mark.parametrize(
    "content", ["[]", "{}", "7", '{"current": 7}', '{"users": "../users.json"}', "no JSON"]
)
async def test_somebodys_current_file_is_no_store(path: Path, content: str) -> None:
    put(path)
    (path / "current.json").write_text(content)
    store = opened(path)
    with pytest.raises(StorageUnavailable):
        await keep(store, a_user())
    assert (path / "current.json").read_text() == content


@pytest.mark.parametrize("content", ["{}", "no JSON", None])
async def test_a_store_that_is_spoilt_amid_a_change_refuses_the_commit_and_gives_the_lock_back(
    path: Path, content: str | None
) -> None:
    store = opened(path)
    async with store() as uow:
        await uow.users.add(a_user())
        (path / "current.json").rename(path / "good.json")
        if content is not None:
            (path / "current.json").write_text(content)
        with pytest.raises(StorageUnavailable):
            await uow.commit()
    (path / "good.json").rename(path / "current.json")
    assert await is_usable(store)


async def test_what_is_stored_is_for_this_user_alone(path: Path) -> None:
    await keep(opened(path), a_user())
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.iterdir()} == {0o600}


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
async def test_a_directory_that_others_may_write_to_is_refused(path: Path, mode: int) -> None:
    opened(path)
    path.chmod(mode)
    with pytest.raises(SettingsInvalid, match=r"others may write to .* mode 700"):
        opened(path)
    path.chmod(0o755)
    assert await is_usable(opened(path))


def test_a_store_that_is_durable_has_told_the_disk_of_its_directory_too(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: set[int] = set()
    monkeypatch.setattr(os, "fsync", lambda file: told.add(os.fstat(file).st_ino))
    open_store(path, CountingIds())
    names = [path.parent, path, path / "current.json", *path.glob("roles.*")]
    assert {name.stat().st_ino for name in names} == told


async def test_nothing_is_written_through_a_link(path: Path) -> None:
    store = opened(path)
    victim = path.parent / "victim"
    victim.write_text("a dear memory")
    (path / "current.json.draft").symlink_to(victim)
    assert await is_usable(store)
    assert victim.read_text() == "a dear memory"
    assert not (path / "current.json").is_symlink()


async def test_a_lock_that_is_a_link_is_not_followed(path: Path) -> None:
    store = opened(path)
    victim = path.parent / "victim"
    (path / "lock").unlink()
    (path / "lock").symlink_to(victim)
    with pytest.raises(StorageUnavailable):
        await keep(store, a_user())
    assert not victim.exists()
