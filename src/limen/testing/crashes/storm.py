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
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final, Self, cast

from limen.testing.assembly import Assembly
from limen.testing.crashes.client import Client, Role
from limen.testing.crashes.journal import Journal, read
from limen.testing.crashes.points import Course, CrashingUnits, kill_this_process
from limen.testing.crashes.requests import CREW, SETUP
from limen.testing.crashes.span import Span
from limen.testing.crashes.verdict import Verdict, judge
from limen.testing.fakes import NOON, SeededEntropy
from limen.testing.invariants.violations import violations
from limen.testing.store import OpenStore, SettlingStore

# Every so many lives the time runs from birth: some die before they have looked around.
_SHORT_LIVES: Final = 4
_PRELOADED: Final = ["limen.testing.crashes.storm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many requests are to be answered, by how many clients at once, and when these die.

    Each life ends `seconds` after the first answer (every fourth life: after birth), after
    `answers` to all clients together, or at a point that `seed` chooses among the first `points`:
    whichever is given and comes first. One of them must be.
    """

    writes: int
    clients: int = 2
    seed: int = 0
    seconds: float | None = None
    answers: int | None = None
    points: int | None = None
    looks_every: int = 25

    def __post_init__(self) -> None:
        """Raise `ValueError` for a storm that would never begin or never end."""
        ends = [end for end in (self.seconds, self.answers, self.points) if end is not None]
        if not ends:
            raise ValueError("a life needs an end: seconds, answers or points")
        if min(self.writes, self.clients, self.looks_every, *ends) <= 0:
            raise ValueError("nothing of a plan is less than one, and no time is none")


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
    open_store: OpenStore,
    folder: Path,
    plan: Plan,
    *,
    tell: Callable[[Report], None] = lambda _: None,
) -> Report:
    """Run a storm over an empty store and return what came of it; journals go into `folder`.

    A `SettlingStore` settles each time that all clients are dead. `tell` hears how far it is, each
    time everything was looked at.
    """
    began = time.monotonic()
    journals = [folder / f"client-{number}.jsonl" for number in range(plan.clients)]
    for path in journals:
        path.touch()
    asyncio.run(_prepare(open_store))
    report = Report(verdict=Verdict(), faults=[])
    nursery = _Nursery(open_store, journals, plan)
    while report.verdict.answered < plan.writes and not report.faults:
        missing, heard = plan.writes - report.verdict.answered, nursery.answers
        for _ in range(plan.looks_every):
            report.kills += nursery.live()
            if isinstance(open_store, SettlingStore):
                open_store.settle()
            if nursery.answers - heard >= missing:
                break
        report.verdict, report.faults = asyncio.run(_look(open_store, journals))
        report.seconds = time.monotonic() - began
        tell(report)
    return report


async def _prepare(open_store: OpenStore) -> None:
    async with open_store() as units:
        limen = Assembly(units)
        await limen.keys.ensure(actor=SETUP)
        await limen.roles.create(name=CREW, permissions=["crew.work"], actor=SETUP)


async def _look(open_store: OpenStore, journals: Sequence[Path]) -> tuple[Verdict, list[str]]:
    """Hold everything in the store against the journals, and against itself."""
    entries = [list(read(path)) for path in journals]
    latest = max((entry.request.seconds for all_ in entries for entry in all_[-1:]), default=0)
    async with open_store() as units:
        verdict = await judge(units, entries)
        return verdict, [
            *verdict.faults,
            *await violations(units, NOON + timedelta(seconds=latest)),
        ]


class _Nursery:
    """Starts clients from one process that has loaded everything: that takes milliseconds."""

    def __init__(self, open_store: OpenStore, journals: Sequence[Path], plan: Plan) -> None:
        self._open_store = open_store
        self._journals = journals
        self._plan = plan
        self._life = 0
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([*_PRELOADED, _module_of(open_store)])
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
        is_short = self._life % _SHORT_LIVES == 0
        span = Span(plan.seconds, is_from_birth=is_short, now=time.monotonic())
        while living and (left := span.left(time.monotonic())):
            for _ in _heard(living, left):
                self.answers += 1
                span.answered(time.monotonic())
            if plan.answers is not None and self.answers - before >= plan.answers:
                return
        if living and span.hangs(time.monotonic()):
            raise ClientFailed("the clients do nothing any more")

    def _client(self, number: int) -> "_Life":
        plan = self._plan
        points = None
        if plan.points is not None:
            chance = SeededEntropy(plan.seed * 1_000_003 + self._life * 16 + number)
            points = 1 + int.from_bytes(chance.bytes(4)) % plan.points
        role = Role(client=number, life=self._life, seed=plan.seed)
        hears, speaks = self._context.Pipe(duplex=False)
        arguments = (self._open_store, self._journals[number], role, points, speaks)
        process = self._context.Process(target=live, args=arguments, daemon=True)
        process.start()
        speaks.close()
        return _Life(process, hears)


def _module_of(open_store: OpenStore) -> str:
    """Name the module that a process must load to open the store."""
    opener = open_store.func if isinstance(open_store, partial) else open_store
    return str(opener.__module__)


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
    open_store: OpenStore, journal: Path, role: Role, points: int | None, speaks: Connection
) -> None:
    """Be a client until killed."""
    asyncio.run(_live(open_store, journal, role, points, speaks))


async def _live(
    open_store: OpenStore, path: Path, role: Role, points: int | None, speaks: Connection
) -> None:
    course = Course(kill_this_process)
    async with open_store() as units:
        client = Client(CrashingUnits(units, course), Journal(path), role)
        await client.settle()
        if points is not None:
            course.end_after(points)
        while True:
            await client.act()
            speaks.send_bytes(b".")
            course.reach("between requests")
