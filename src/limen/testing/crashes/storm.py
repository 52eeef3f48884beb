"""A storm: clients write, and are killed again and again, with no chance to say anything.

Each client is a process of its own. A life ends by SIGKILL from outside after some milliseconds
or some answers, or from inside at a point of a change that the seed chooses. Then the store must
hold what every client was told, exactly; the next lives go on from there.
"""

import asyncio
import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final, Protocol, Self, cast

from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import Assembly
from limen.testing.crashes.client import Client, Role
from limen.testing.crashes.journal import Journal, read
from limen.testing.crashes.points import Course, CrashingUnits, kill_this_process
from limen.testing.crashes.requests import CREW, SETUP
from limen.testing.crashes.verdict import Verdict, judge
from limen.testing.fakes import NOON, SeededEntropy
from limen.testing.invariants.violations import violations

# Whoever says nothing for so long hangs; this is no measure of speed.
_PATIENCE: Final = 60.0
# Every so many lives the time runs from birth: some die before they have looked around.
_SHORT_LIVES: Final = 4
_PRELOADED: Final = ["limen.testing.crashes.storm"]


class CrashStore(Protocol):
    """A store that a storm goes over. It travels to other processes: it can be pickled."""

    def open(self) -> AbstractAsyncContextManager[UnitOfWorkFactory]:
        """Open the store in this process."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many requests are to be answered, by how many clients at once, and when these die.

    Each life ends `seconds` after the first answer (every fourth life: after birth), after
    `answers` to all clients together, or at a point that `seed` chooses among the first `points`:
    whichever is given and comes first.
    """

    writes: int
    clients: int = 2
    seed: int = 0
    seconds: float | None = None
    answers: int | None = None
    points: int | None = None
    looks_every: int = 25


@dataclass(slots=True, kw_only=True)
class Report:
    """What a storm did, and a sentence for each thing it found."""

    verdict: Verdict
    faults: list[str]
    kills: int = 0
    seconds: float = 0.0


class ClientFailed(RuntimeError):
    """A client ended otherwise than by being killed; its traceback stands above."""


def storm(
    store: CrashStore,
    folder: Path,
    plan: Plan,
    *,
    settle: Callable[[], None] = lambda: None,
    tell: Callable[[Report], None] = lambda _: None,
) -> Report:
    """Run a storm over an empty store and return what came of it; journals go into `folder`.

    `settle` is called when all clients are dead: it waits until nothing of theirs is under way in
    the store any more. `tell` hears how far it is, each time everything was looked at.
    """
    began = time.monotonic()
    journals = [folder / f"client-{number}.jsonl" for number in range(plan.clients)]
    for path in journals:
        path.touch()
    asyncio.run(_prepare(store))
    report = Report(verdict=Verdict(), faults=[])
    nursery = _Nursery(store, journals, plan)
    while report.verdict.answered < plan.writes and not report.faults:
        missing, heard = plan.writes - report.verdict.answered, nursery.answers
        for _ in range(plan.looks_every):
            report.kills += nursery.live()
            settle()
            if nursery.answers - heard >= missing:
                break
        report.verdict, report.faults = asyncio.run(_look(store, journals))
        report.seconds = time.monotonic() - began
        tell(report)
    return report


async def _prepare(store: CrashStore) -> None:
    async with store.open() as units:
        limen = Assembly(units)
        await limen.keys.ensure(actor=SETUP)
        await limen.roles.create(name=CREW, permissions=["crew.work"], actor=SETUP)


async def _look(store: CrashStore, journals: Sequence[Path]) -> tuple[Verdict, list[str]]:
    """Hold everything in the store against the journals, and against itself."""
    entries = [list(read(path)) for path in journals]
    latest = max((entry.request.seconds for all_ in entries for entry in all_[-1:]), default=0)
    async with store.open() as units:
        verdict = await judge(units, entries)
        return verdict, [
            *verdict.faults,
            *await violations(units, NOON + timedelta(seconds=latest)),
        ]


class _Nursery:
    """Starts clients from one process that has loaded everything: that takes milliseconds."""

    def __init__(self, store: CrashStore, journals: Sequence[Path], plan: Plan) -> None:
        self._store = store
        self._journals = journals
        self._plan = plan
        self._life = 0
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([*_PRELOADED, type(store).__module__])
        self.answers = 0

    def live(self) -> int:
        """Let all clients live once; return how many were killed."""
        plan, self._life = self._plan, self._life + 1
        with ExitStack() as stack:
            clients = [stack.enter_context(self._client(number)) for number in range(plan.clients)]
            self._listen([client.hears for client in clients])
        return plan.clients

    def _listen(self, living: list[Connection]) -> None:
        """Hear answers until the time is over, there were enough, or all are dead."""
        plan, before = self._plan, self.answers
        seconds = plan.seconds or _PATIENCE
        is_short = self._life % _SHORT_LIVES == 0
        end = time.monotonic() + (seconds if is_short else _PATIENCE)
        while living and (left := end - time.monotonic()) > 0:
            for _ in _heard(living, left):
                self.answers += 1
                if self.answers == before + 1 and not is_short:
                    end = time.monotonic() + seconds
            if plan.answers is not None and self.answers - before >= plan.answers:
                return
        if living and plan.seconds is None:
            raise ClientFailed("the clients do nothing any more")

    def _client(self, number: int) -> "_Life":
        plan = self._plan
        points = None
        if plan.points is not None:
            chance = SeededEntropy(plan.seed * 1_000_003 + self._life * 16 + number)
            points = 1 + int.from_bytes(chance.bytes(4)) % plan.points
        role = Role(client=number, life=self._life, seed=plan.seed)
        hears, speaks = self._context.Pipe(duplex=False)
        arguments = (self._store, self._journals[number], role, points, speaks)
        process = self._context.Process(target=live, args=arguments, daemon=True)
        process.start()
        speaks.close()
        return _Life(process, hears)


class _Life:
    """A process that is killed when the block ends."""

    def __init__(self, process: BaseProcess, hears: Connection) -> None:
        self.hears = hears
        self._process = process

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()
        self.hears.close()
        code = self._process.exitcode
        self._process.close()
        if code != -signal.SIGKILL:
            raise ClientFailed(f"a client ended with {code}")


def _heard(living: list[Connection], left: float) -> Iterator[None]:
    """Give one `None` for each answer of a client; take those that are dead out of `living`."""
    for ready in wait(living, left):
        connection = cast("Connection", ready)
        try:
            connection.recv_bytes()
        except EOFError:
            living.remove(connection)
        else:
            yield


def live(
    store: CrashStore, journal: Path, role: Role, points: int | None, speaks: Connection
) -> None:
    """Be a client until killed."""
    asyncio.run(_live(store, journal, role, points, speaks))


async def _live(
    store: CrashStore, path: Path, role: Role, points: int | None, speaks: Connection
) -> None:
    course = Course(kill_this_process)
    async with store.open() as units:
        client = Client(CrashingUnits(units, course), Journal(path), role)
        await client.settle()
        if points is not None:
            course.end_after(points)
        while True:
            await client.act()
            speaks.send_bytes(b".")
            course.reach("between requests")
