"""The machine: which core runs what, and how much of it a program used."""

import os
import platform
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_SHOWN: Final = ("granian", "litestar", "msgspec", "sqlalchemy", "asyncpg", "aiosqlite", "bcrypt")
_MEGABYTE: Final = 1_000_000
# Fields of /proc/PID/stat behind the name of the program (proc(5)).
_PARENT, _USER_TICKS, _SYSTEM_TICKS = 1, 11, 12


@dataclass(frozen=True, slots=True)
class Cores:
    """The core of what is measured, and that of everything else."""

    measured: int
    rest: int

    @property
    def are_shared(self) -> bool:
        """Whether there is only one, so that both disturb each other."""
        return self.measured == self.rest


def choose_cores() -> Cores:
    """Take the first two cores this process may use."""
    usable = sorted(os.sched_getaffinity(0))
    return Cores(usable[0], usable[min(1, len(usable) - 1)])


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Have every program started in here run on `core` alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def family_of(pid: int) -> tuple[int, ...]:
    """Return a process and all that descend from it."""
    parents = {
        int(entry.name): parent
        for entry in _PROC.iterdir()
        if entry.name.isdigit() and (parent := _parent(entry)) is not None
    }
    found = [pid]
    for member in found:
        found += sorted(child for child, parent in parents.items() if parent == member)
    return tuple(found)


def processor_seconds(pids: Iterable[int]) -> float:
    """Return how long these processes have computed."""
    ticks = 0
    for pid in pids:
        fields = _stat(_PROC / str(pid))
        ticks += int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_megabytes(pid: int) -> float:
    """Return the memory of a process that is in use now (VmRSS), in units of 10⁶ bytes."""
    for line in (_PROC / str(pid) / "status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "VmRSS":
            return int(value.split()[0]) * 1024 / _MEGABYTE
    raise ValueError("a process without memory")


def describe(cores: Cores) -> dict[str, str]:
    """Say what the figures depend on, without naming the machine."""
    where = f"core {cores.measured} for limen, core {cores.rest} for load and database"
    return {
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores: {where}",
        "versions": ", ".join([f"Python {platform.python_version()}", *map(_version, _SHOWN)]),
    }


def _version(package: str) -> str:
    return f"{package} {metadata.version(package)}"


def _parent(entry: Path) -> int | None:
    try:
        return int(_stat(entry)[_PARENT])
    except OSError:
        return None


def _stat(entry: Path) -> list[str]:
    return (entry / "stat").read_text().rpartition(")")[2].split()
