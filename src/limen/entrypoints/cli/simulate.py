"""`limen simulate`: the search for a history in which limen breaks a promise."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from limen.entrypoints.cli.door import json_option, output_of
from limen.entrypoints.cli.exits import Exit
from limen.entrypoints.cli.lazy import Command
from limen.entrypoints.cli.output import Output

if TYPE_CHECKING:
    from limen.testing.simulation.run import Finding, Report


class FindingOut(Struct, frozen=True, kw_only=True):
    """An invariant that did not hold, and the steps that show it."""

    invariant: str
    sentence: str
    found: str
    step: int
    history: tuple[str, ...]


class SimulationOut(Struct, frozen=True, kw_only=True):
    """How far a simulation came and what it found; `digest` is that of its whole history."""

    seed: int
    steps: int
    digest: str
    finding: FindingOut | None


@click.command(
    cls=Command,
    examples=("limen simulate --seed 7 --steps 20000", "limen simulate --seeds 10 --json"),
)
@click.option(
    "--seed",
    type=click.IntRange(min=0, max=2**32 - 1),
    default=1,
    show_default=True,
    help="Where everything follows from: the same seed gives the same history.",
)
@click.option(
    "--steps",
    type=click.IntRange(min=1, max=2**31),
    default=10_000,
    show_default=True,
    help="How many steps to take from each seed.",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1, max=10_000),
    default=1,
    show_default=True,
    help="How many seeds to try, one after the other.",
)
@json_option
def simulate(*, seed: int, steps: int, seeds: int) -> None:
    """Let many clients use a limen in memory, and look for what must never be.

    Workers crash, clocks jump, answers get lost, the store is out; all of it follows from the
    seed. After each step the invariants are checked. The first violation ends the run: its
    shortest history is printed and the exit code is 11. Nothing real is touched.
    """
    output, run = output_of(click.get_current_context()), _simulation()
    shapes = []
    for one in range(seed, seed + seeds):
        with _following(output, steps) as progress:
            report = run(one, steps, progress=progress)
        shapes.append(_shape(report))
        if not output.is_json:
            output.done(*_sentences(report))
        if report.finding is not None:
            break
    if output.is_json:
        output.done(data=shapes)
    if shapes[-1].finding is not None:
        raise click.exceptions.Exit(Exit.NOT_ALL_WELL)


def _simulation() -> "Callable[..., Report]":
    try:
        from limen.testing.simulation.run import simulate as run  # noqa: PLC0415 - slow, an extra
    except ModuleNotFoundError as missing:
        message = (
            f"The simulation belongs to the testing kit, and {missing.name} is not installed. "
            'Install it: pip install "limen[testing]"'
        )
        raise click.ClickException(message) from missing
    return run


def _shape(report: "Report") -> SimulationOut:
    finding = report.finding
    return SimulationOut(
        seed=report.seed,
        steps=report.steps,
        digest=report.digest,
        finding=None if finding is None else _finding(finding),
    )


def _finding(finding: "Finding") -> FindingOut:
    violation = finding.violation
    return FindingOut(
        invariant=violation.invariant.name,
        sentence=violation.invariant.sentence,
        found=violation.found,
        step=finding.step,
        history=finding.history,
    )


def _sentences(report: "Report") -> Iterator[str]:
    finding = report.finding
    if finding is None:
        yield f"Seed {report.seed}: {report.steps} steps, and every invariant held."
        yield f"  history {report.digest}"
        return
    violation = finding.violation
    yield f"Seed {report.seed}, step {finding.step}: {violation.invariant.name}"
    yield f"  {violation.invariant.sentence}"
    yield f"  found: {violation.found}"
    yield f"The shortest history found, of {len(finding.history)} steps:"
    yield from (f"  {line}" for line in finding.history)


@contextmanager
def _following(output: Output, steps: int) -> Iterator[Callable[[int], None]]:
    """Show how far it is, if somebody watches."""
    if output.is_json or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - only terminals pay for rich
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=steps)
        yield lambda done: bar.update(task, completed=done)
