"""Processes that all call at the same instant."""

import asyncio
import multiprocessing
from collections import Counter
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from threading import Barrier
from types import TracebackType
from typing import Final, Self

from limen.core.errors import LimenError
from limen.testing.assembly import Assembly
from limen.testing.races.contests import Call, Calls, Contest, Prize
from limen.testing.store import OpenStore

# Seconds; a store that never answers would hang the run. This is no measure of speed.
_PATIENCE: Final = 120.0


class CrowdFailed(RuntimeError):
    """A process of the crowd ended, or raised what is no refusal."""


@dataclass(frozen=True, slots=True)
class _Order:
    """What a process is told: how to call, for what, and which of the callers are its own."""

    call: Call
    prize: Prize
    numbers: range


class Crowd:
    """Processes over one store, each with a limen of its own, ready to call together."""

    def __init__(self, open_store: OpenStore, *, processes: int) -> None:
        """Prepare `processes` that open the store, none of them started."""
        self.open_store = open_store
        self.processes = processes
        self.rounds = 0
        self._context = multiprocessing.get_context("spawn")
        # Kept for as long as the crowd is: with its last owner here it would be gone for all.
        self._start = self._context.Barrier(processes)
        self._members: list[tuple[SpawnProcess, Connection]] = []

    def __enter__(self) -> Self:
        """Start the processes; all have opened the store when this returns, or all have ended."""
        try:
            self._begin()
        except BaseException:
            self._end(0.0)
            raise
        return self

    def _begin(self) -> None:
        for number in range(self.processes):
            ours, theirs = self._context.Pipe()
            arguments = (self.open_store, number + 1, theirs, self._start)
            process = self._context.Process(target=_serve, args=arguments, daemon=True)
            process.start()
            theirs.close()
            self._members.append((process, ours))
        for process, pipe in self._members:
            _receive(process, pipe)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the processes; those that do not go by themselves are killed."""
        self._end(_PATIENCE if error is None else 0.0)

    def _end(self, patience: float) -> None:
        for _, pipe in self._members:
            pipe.close()
        for process, _ in self._members:
            process.join(patience)
            if process.is_alive():
                process.kill()
                process.join()
        self._members = []

    def next_round(self) -> int:
        """Number the rounds on this store, whatever they are about."""
        self.rounds += 1
        return self.rounds

    def call(self, contest: Contest, prize: Prize, callers: int) -> Calls:
        """Have `callers` call at once, spread over all processes."""
        for number, (_, pipe) in enumerate(self._members):
            pipe.send(_Order(contest.call, prize, range(number, callers, self.processes)))
        kinds: Counter[str] = Counter()
        answers: frozenset[str] = frozenset()
        for process, pipe in self._members:
            calls = _receive(process, pipe)
            kinds += calls.kinds
            answers |= calls.answers
        return Calls(kinds=kinds, answers=answers)


def _receive(process: SpawnProcess, pipe: Connection) -> Calls:
    try:
        answer = pipe.recv() if pipe.poll(_PATIENCE) else "it does not answer"
    except (EOFError, ConnectionError):
        process.join(_PATIENCE)
        answer = f"it ended with {process.exitcode}"
    if not isinstance(answer, Calls):
        raise CrowdFailed(str(answer))
    return answer


def _serve(open_store: OpenStore, seed: int, pipe: Connection, start: Barrier) -> None:
    """Be one process: call whenever told to, until the other end is closed."""
    asyncio.run(_serve_all(open_store, seed, pipe, start))


async def _serve_all(open_store: OpenStore, seed: int, pipe: Connection, start: Barrier) -> None:
    async with open_store() as unit_of_work:
        limen = Assembly(unit_of_work, seed=seed)
        pipe.send(Calls(kinds=Counter(), answers=frozenset()))
        while True:
            try:
                order: _Order = pipe.recv()
            except EOFError:
                return
            # Nothing else runs in this loop: it may wait for the other processes.
            start.wait(_PATIENCE)
            pipe.send(await _call(limen, order))


async def _call(limen: Assembly, order: _Order) -> Calls | str:
    outcomes = await asyncio.gather(
        *(order.call(limen, order.prize, number) for number in order.numbers),
        return_exceptions=True,
    )
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, LimenError):
            return f"a call raised {outcome!r}"
    return Calls(
        kinds=Counter(type(outcome).__name__ for outcome in outcomes),
        answers=frozenset(outcome for outcome in outcomes if isinstance(outcome, str)),
    )
