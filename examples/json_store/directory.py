"""The directory in which everything is kept.

    people/
      current.json              which files are the store at this moment, by table
      users.5f2a….json          a table; named after its content, it never changes
      sessions.09c4….json
      …
      lock                      locked by whoever is changing something

A commit writes the tables it changed into new files, and then puts a new `current.json` into the
place of the old one: that one rename is the commit. Before it nothing has happened, after it
everything has. Whoever reads takes `current.json` and the files it names, and waits for nobody.
What a crash left behind is named by nothing; the next commit of its table sweeps it away. No file
of another name is ever touched.
"""

import asyncio
import fcntl
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeAlias

from examples.json_store.files import DRAFT, make_private, open_lock, persist, write_whole
from limen.core.errors import ConcurrentUpdate, SettingsInvalid, StorageUnavailable

Row: TypeAlias = dict[str, Any]
Rows: TypeAlias = dict[str, Row]

_CURRENT: Final = "current.json"
_LOCK: Final = "lock"
_PAUSE: Final = 0.002
_MOST_LOOKS: Final = 100


class Directory:
    """Reads, locks and replaces the tables of one store. Any number of processes may share it.

    With `is_durable` a commit has reached the disk when it returns. Without, it is as atomic, but
    a power cut may take the last ones back: good for tests. Whoever waits longer than `patience`
    seconds for the lock gives up with `ConcurrentUpdate`.
    """

    def __init__(self, path: Path, *, is_durable: bool = True, patience: float = 30) -> None:
        """Work in `path`, which `create` has made."""
        self._path = path
        self._is_durable = is_durable
        self._looks = int(patience / _PAUSE)
        self._known: dict[str, Rows] = {}

    def create(self, tables: Mapping[str, Rows]) -> None:
        """Begin with these tables, unless the directory is a store already. Blocks.

        Raises `SettingsInvalid` where others may write, or where something lies that is no store,
        and `ConcurrentUpdate` where somebody else begins one for too long.
        """
        make_private(self._path)
        files = {_name(table, content) for table, content in _contents(tables).items()}
        self._refuse_foreign({_LOCK, _CURRENT, *files})
        lock = open_lock(self._path / _LOCK, is_made=True)
        try:
            # A store that is there already may be locked, for all we know by our own caller.
            if not self._is_store():
                self._begin(tables, lock)
        finally:
            unlock(lock)

    def load(self) -> dict[str, Rows]:
        """Return every table as it is committed; raise `StorageUnavailable`. Blocks."""
        for _ in range(_MOST_LOOKS):
            # If a commit swept a file away between our two looks, its successor is named by now.
            with suppress(FileNotFoundError):
                return self._load()
        raise StorageUnavailable

    async def lock(self) -> int:
        """Wait until nobody else may change anything; return the lock, which `unlock` gives back.

        Raises `ConcurrentUpdate` after too long, and `StorageUnavailable`.
        """
        try:
            lock = open_lock(self._path / _LOCK)
        except OSError as error:
            raise StorageUnavailable from error
        try:
            for _ in self._pauses(lock):
                await asyncio.sleep(_PAUSE)
        except BaseException:
            unlock(lock)
            raise
        return lock

    def commit(self, changed: Mapping[str, Rows], lock: int) -> None:
        """Put these tables into the place of the present ones, and give the lock back. Blocks.

        Raises `StorageUnavailable`, which leaves the outcome unknown.
        """
        try:
            if changed:
                self._replace(self._names(), changed)
        except (OSError, ValueError) as error:
            raise StorageUnavailable from error
        finally:
            unlock(lock)

    def _refuse_foreign(self, begun: set[str]) -> None:
        """Refuse what lies here without a store, but for what a beginning that died has `begun`."""
        names = {name.removesuffix(DRAFT) for name in self._listed()}
        if not names <= begun and not self._is_store():
            raise SettingsInvalid(
                f"{self._path} is not empty and has no {_CURRENT}: name an empty directory; "
                f"or, if this was a store, put {_CURRENT} back from a backup"
            )

    def _is_store(self) -> bool:
        return (self._path / _CURRENT).exists()

    def _begin(self, tables: Mapping[str, Rows], lock: int) -> None:
        for _ in self._pauses(lock):
            time.sleep(_PAUSE)
        if not self._is_store():
            self._replace({}, tables)
            self._reach_the_disk(self._path.parent)

    def _pauses(self, lock: int) -> Iterator[None]:
        """Ask for a pause until the lock is ours; raise `ConcurrentUpdate` after too many."""
        for _ in range(self._looks):
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            yield
        raise ConcurrentUpdate

    def _load(self) -> dict[str, Rows]:
        try:
            names = self._names()
            tables = {file: self._table(file) for file in names.values()}
        except FileNotFoundError:
            raise
        except (OSError, ValueError) as error:
            raise StorageUnavailable from error
        self._known = tables
        return {table: tables[file] for table, file in names.items()}

    def _names(self) -> dict[str, str]:
        names = json.loads((self._path / _CURRENT).read_bytes())
        if not (isinstance(names, dict) and names and all(map(_is_file_of, names, names.values()))):
            raise ValueError(_CURRENT)
        return names

    def _table(self, file: str) -> Rows:
        if file in self._known:
            return self._known[file]
        content = (self._path / file).read_bytes()
        if _name(file.partition(".")[0], content) != file:
            raise ValueError(file)
        return dict(json.loads(content))

    def _replace(self, names: dict[str, str], changed: Mapping[str, Rows]) -> None:
        known = dict(self._known)
        for table, content in _contents(changed).items():
            names[table] = _name(table, content)
            known[names[table]] = changed[table]
            self._write(names[table], content)
        self._reach_the_disk(self._path)
        self._write(_CURRENT, json.dumps(names, indent=1).encode())
        self._reach_the_disk(self._path)
        self._known = known
        self._sweep(names)

    def _write(self, name: str, content: bytes) -> None:
        write_whole(self._path / name, content, is_durable=self._is_durable)

    def _reach_the_disk(self, folder: Path) -> None:
        if self._is_durable:
            persist(folder)

    def _sweep(self, names: Mapping[str, str]) -> None:
        """Remove what these tables were before, or were to become."""
        for name in self._listed() - set(names.values()):
            table, file = name.partition(".")[0], name.removesuffix(DRAFT)
            if table in names and _is_file_of(table, file):
                with suppress(OSError):
                    (self._path / name).unlink()

    def _listed(self) -> set[str]:
        return set(os.listdir(self._path))  # noqa: PTH208 - names are enough


def unlock(lock: int) -> None:
    """Let the next one in, even if a child that was forked meanwhile still has the file open."""
    try:
        fcntl.flock(lock, fcntl.LOCK_UN)
    finally:
        os.close(lock)


def _contents(tables: Mapping[str, Rows]) -> dict[str, bytes]:
    return {table: json.dumps(rows, ensure_ascii=False).encode() for table, rows in tables.items()}


def _name(table: str, content: bytes) -> str:
    return f"{table}.{sha256(content).hexdigest()[:32]}.json"


def _is_file_of(table: str, file: object) -> bool:
    return re.fullmatch(rf"{re.escape(table)}\.[0-9a-f]{{32}}\.json", str(file)) is not None
