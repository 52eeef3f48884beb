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
What a crash left behind is named by nothing; the next commit sweeps it away.
"""

import asyncio
import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeAlias

from limen.core.errors import ConcurrentUpdate, StorageUnavailable

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
        """Begin with these tables, unless the directory is a store already."""
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (self._path / _CURRENT).exists():
                self._replace({}, tables)
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
            lock = os.open(self._path / _LOCK, os.O_RDWR)
        except OSError as error:
            raise StorageUnavailable from error
        try:
            await self._wait_for(lock)
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
        except OSError as error:
            raise StorageUnavailable from error
        finally:
            unlock(lock)

    async def _wait_for(self, lock: int) -> None:
        for _ in range(self._looks):
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            await asyncio.sleep(_PAUSE)
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
        return dict(json.loads((self._path / _CURRENT).read_bytes()))

    def _table(self, file: str) -> Rows:
        if file in self._known:
            return self._known[file]
        content = (self._path / file).read_bytes()
        if _name(file.partition(".")[0], content) != file:
            raise ValueError(file)
        return dict(json.loads(content))

    def _replace(self, names: dict[str, str], changed: Mapping[str, Rows]) -> None:
        known = dict(self._known)
        for table, rows in changed.items():
            content = json.dumps(rows, ensure_ascii=False).encode()
            names[table] = _name(table, content)
            known[names[table]] = rows
            self._write(names[table], content)
        self._reach_the_disk()
        self._write(_CURRENT, json.dumps(names, indent=1).encode())
        self._reach_the_disk()
        self._known = known
        self._sweep({*names.values(), _CURRENT, _LOCK})

    def _write(self, name: str, content: bytes) -> None:
        """Write a file that is there whole or not at all."""
        draft = self._path / f"{name}.draft"
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            if self._is_durable:
                os.fsync(file.fileno())
        draft.replace(self._path / name)

    def _reach_the_disk(self) -> None:
        """Wait until the disk knows the names of the files as well."""
        if self._is_durable:
            folder = os.open(self._path, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _sweep(self, kept: set[str]) -> None:
        for name in set(os.listdir(self._path)) - kept:  # noqa: PTH208 - names are enough
            with suppress(OSError):
                (self._path / name).unlink()


def unlock(lock: int) -> None:
    """Let the next one in."""
    os.close(lock)


def _name(table: str, content: bytes) -> str:
    return f"{table}.{sha256(content).hexdigest()[:32]}.json"
