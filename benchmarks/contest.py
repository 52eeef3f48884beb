"""Two figures side by side: round by round, in turns, so that a noisy machine is fair to both."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol, TypeAlias

from benchmarks.figures import paired_ratio
from benchmarks.limits.process import Limit
from benchmarks.load.drive import Load, drive
from benchmarks.load.speaker import Talk
from benchmarks.servers import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One measurement of one side.

    `busy` is the share of its core that the measured program had, `generator` that of the load
    generator, `microseconds` the program's processor time for each operation.
    """

    figure: float
    busy: float | None = None
    generator: float | None = None
    microseconds: float | None = None


Contender: TypeAlias = Callable[[float], Awaitable[Round]]


@dataclass(frozen=True, slots=True)
class Contest:
    """What both sides did, round by round."""

    ours: tuple[Round, ...]
    theirs: tuple[Round, ...]

    @property
    def ratio(self) -> float:
        """Ours divided by theirs."""
        return paired_ratio([r.figure for r in self.ours], [r.figure for r in self.theirs])


class Progress(Protocol):
    """Is told what is going on."""

    def __call__(self, text: str) -> None:
        """Show it."""
        ...


async def compete(
    ours: Contender,
    theirs: Contender,
    *,
    rounds: int,
    seconds: float,
    progress: Progress,
    is_warmed_up: bool = True,
) -> Contest:
    """Warm both up, then measure them in turns; who begins changes from round to round."""
    if is_warmed_up:
        progress("warming up")
        for contender in (ours, theirs):
            await contender(seconds / 2)
    found: tuple[list[Round], list[Round]] = ([], [])
    for number in range(rounds):
        progress(f"round {number + 1} of {rounds}")
        sides = ((ours, found[0]), (theirs, found[1]))
        for contender, kept in sides if number % 2 == 0 else sides[::-1]:
            kept.append(await contender(seconds))
    return Contest(tuple(found[0]), tuple(found[1]))


def over_http(server: Server, talks: Sequence[Talk], status: int = 200) -> Contender:
    """Return a contender that answers as many requests as it can."""

    async def measure(seconds: float) -> Round:
        before = server.processor_seconds()
        load = await drive(server.port, talks, seconds, status=status)
        used = server.processor_seconds() - before
        return round_of(load, used, seconds)

    return measure


def round_of(load: Load, used: float, seconds: float) -> Round:
    """Return what a load did, with the processor time the server used for it."""
    return Round(
        figure=load.rate,
        busy=used / seconds,
        generator=load.generator,
        microseconds=used / len(load.done_at) * 1e6,
    )


def by_limit(limit: Limit, **question: object) -> Contender:
    """Return a contender that is a measured program."""

    async def measure(seconds: float) -> Round:
        before = limit.processor_seconds()
        figure = limit.ask(seconds=seconds, **question)["figure"]
        return Round(figure=figure, busy=(limit.processor_seconds() - before) / seconds)

    return measure


def middle(rounds: Sequence[Round]) -> float:
    """Return the median figure."""
    return median(r.figure for r in rounds)


def remarks(contest: Contest) -> tuple[str, ...]:
    """Say what a reader must know to believe the figures: who was busy, who was not."""
    said = []
    for side, rounds in (("limen", contest.ours), ("limit", contest.theirs)):
        busy = [r.busy for r in rounds if r.busy is not None]
        costs = [r.microseconds for r in rounds if r.microseconds is not None]
        text = f"{side}: core {median(busy):.0%}" if busy else ""
        if costs:
            text += f", {median(costs):.0f} µs each"
        if text:
            said.append(text)
    generators = [r.generator for r in (*contest.ours, *contest.theirs) if r.generator is not None]
    if generators:
        said.append(f"generator {max(generators):.0%}")
    return tuple(said)
