"""The course of a run: one store after the other, one case after the other."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.bench import CONNECTIONS, Bench, Result, always, settings
from benchmarks.cases import check, imports, latency, lists, me, refresh, signin
from benchmarks.cases.footprint import measure_help, measure_memory, measure_start
from benchmarks.cases.simulation import measure_simulation
from benchmarks.goals import (
    CHECK,
    HELP,
    IMPORT,
    LATENCY,
    LIST,
    ME,
    MEMORY,
    REFRESH,
    SIGN_IN,
    SIMULATION,
    START,
)
from benchmarks.load.drive import drive
from benchmarks.load.requests import request
from benchmarks.machine import Cores, describe
from benchmarks.options import Options
from benchmarks.progress import Progress
from benchmarks.servers import application, limen
from benchmarks.stores import SQLITE, PostgresqlStore, SqliteStore, Store, version_of
from limen.testing.postgres import ThrowawayPostgres

# In this order: what needs a server nobody has asked anything comes first.
_CASES: Final[dict[str, Callable[[Bench], Awaitable[Result]]]] = {
    MEMORY.name: measure_memory,
    CHECK.name: check.measure,
    ME.name: me.measure,
    REFRESH.name: refresh.measure,
    LIST.name: lists.measure,
    SIGN_IN.name: signin.measure,
    LATENCY.name: latency.measure,
    IMPORT.name: imports.measure,
    START.name: measure_start,
}
_STORELESS: Final[dict[str, Callable[[Cores], Result]]] = {
    HELP.name: measure_help,
    SIMULATION.name: measure_simulation,
}
_GENERATOR_SECONDS: Final = 2.0


@dataclass(slots=True)
class Course:
    """One run; `environment` and `results` fill as it goes on."""

    options: Options
    cores: Cores
    folder: Path
    progress: Progress
    tell: Callable[[Result], None]
    environment: dict[str, str] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)

    async def run(self) -> None:
        """Measure everything that was asked for."""
        self.environment |= describe(self.cores)
        await self._look_at_generator()
        for name, measure in _STORELESS.items():
            if name in self.options.names:
                self.progress.enter(name)
                self._keep(measure(self.cores))
        for name in self.options.storages:
            if self.options.names & _CASES.keys():
                async with _opened(name, self.folder) as store:
                    self.environment[name] = store.version
                    await self._measure_on(store)

    async def _look_at_generator(self) -> None:
        """See that the load generator is faster than what it is to measure."""
        self.progress.enter("generator")
        talks = [always(request("GET", "/"))] * CONNECTIONS
        with application("raw", self.cores.measured, self.folder / "raw.log") as raw:
            await drive(raw.port, talks, _GENERATOR_SECONDS / 2)
            load = await drive(raw.port, talks, _GENERATOR_SECONDS)
        self.environment["load generator"] = (
            f"{load.rate:,.0f}/s from a bare ASGI application, with {load.generator:.0%} of a core"
        )

    async def _measure_on(self, store: Store) -> None:
        self.progress.enter(store.name)
        self.progress(f"putting {self.options.size.people:,} people in")
        url = await store.create("bench")
        await store.fill(url, self.options.size.people)
        environment = settings(url, self.folder)
        self.progress("starting limen")
        with limen(self.cores.measured, self.folder / "limen.log", environment) as server:
            bench = Bench(
                store=store,
                url=url,
                server=server,
                environment=environment,
                size=self.options.size,
                cores=self.cores,
                folder=self.folder,
                progress=self.progress,
            )
            for name, measure in _CASES.items():
                if name in self.options.names:
                    self.progress.enter(store.name, name)
                    self._keep(await measure(bench))
        await store.drop("bench")

    def _keep(self, result: Result) -> None:
        self.results.append(result)
        self.progress.clear()
        self.tell(result)


@asynccontextmanager
async def _opened(name: str, folder: Path) -> AsyncIterator[Store]:
    if name == SQLITE:
        yield SqliteStore(folder)
        return
    # Durable: what is measured keeps every commit, as it would in earnest.
    with ThrowawayPostgres(durable=True) as server:
        yield PostgresqlStore(server, await version_of(server.url))
