"""Use cases against each other, in the orders that the quick suite has time for."""

import asyncio
import subprocess
import sys
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from limen.core.users.model import User
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import Assembly
from limen.testing.interleavings.__main__ import STORES, in_memory, key, main
from limen.testing.interleavings.catalogue import PAIRS, TRIPLES
from limen.testing.interleavings.exploration import Bound, Violation, explore, replay, report
from limen.testing.interleavings.loop import Deadlock, SteppingLoop, stepping_loop
from limen.testing.interleavings.row_locks import CircleOfWaiting, Lock, Mode, RowLocks
from limen.testing.interleavings.schedules import DepthFirst, Lots, ScheduleMisfit
from limen.testing.interleavings.stage import Outcomes, Scenario, Stage

# One interruption, at every place: most races need no more.
QUICK = Bound(orders=50, preemptions=1, lots=0)
FEW = Bound(orders=2, lots=10)


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("scenario", PAIRS, ids=key)
def test_two_use_cases_meet_and_the_invariants_hold(scenario: Scenario, store: str) -> None:
    figures = explore(scenario, STORES[store], QUICK)
    assert figures.is_exhaustive or figures.orders == QUICK.orders
    assert figures.orders > 2, "nobody met anybody"


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("scenario", TRIPLES, ids=key)
def test_three_use_cases_meet_and_the_invariants_hold(scenario: Scenario, store: str) -> None:
    assert explore(scenario, STORES[store], FEW).lots == 10


# --- the loop, the orders and the locks themselves ------------------------------------------------


def _counting(unit_of_work: UnitOfWorkFactory, *steps: int) -> Stage:
    """Use cases that do nothing but let others go first, so many times."""

    async def wait(times: int) -> None:
        for _ in range(times):
            await asyncio.sleep(0)

    async def check(_outcomes: Outcomes) -> None:
        """Find nothing wrong."""

    use_cases = {f"wait {n}": wait(times) for n, times in enumerate(steps)}
    return Stage(limen=Assembly(unit_of_work), use_cases=use_cases, check=check)


async def two_who_wait_twice(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Each takes three steps."""
    return _counting(unit_of_work, 2, 2)


async def three_who_wait(unit_of_work: UnitOfWorkFactory) -> Stage:
    """They take three, two and two steps."""
    return _counting(unit_of_work, 2, 1, 1)


def _lock_both(unit_of_work: UnitOfWorkFactory, *, is_crossed: bool) -> Stage:
    left, right = asyncio.Lock(), asyncio.Lock()

    async def take(first: asyncio.Lock, second: asyncio.Lock) -> None:
        async with first:
            await asyncio.sleep(0)
            async with second:
                await asyncio.sleep(0)

    async def check(_outcomes: Outcomes) -> None:
        """Find nothing wrong."""

    use_cases: dict[str, Coroutine[Any, Any, object]] = {
        "one": take(left, right),
        "other": take(right, left) if is_crossed else take(left, right),
    }
    return Stage(limen=Assembly(unit_of_work), use_cases=use_cases, check=check)


async def two_who_lock_alike(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One waits for the other."""
    return _lock_both(unit_of_work, is_crossed=False)


async def two_who_lock_crosswise(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Each may wait for the other."""
    return _lock_both(unit_of_work, is_crossed=True)


async def one_who_does_not_look_back(unit_of_work: UnitOfWorkFactory) -> Stage:
    """It starts a task, lets it fail and keeps it."""
    kept = []

    async def fail() -> None:
        raise ValueError("unseen")

    async def leave() -> None:
        kept.append(asyncio.ensure_future(fail()))

    return replace(_counting(unit_of_work), use_cases={"leave": leave()})


async def one_who_leaves_a_change_behind(unit_of_work: UnitOfWorkFactory) -> Stage:
    """It starts a task that changes something, and ends without waiting for it."""
    kept, changes = [], []

    async def change() -> None:
        await asyncio.sleep(0)
        changes.append("begun")
        await asyncio.sleep(0)
        changes.append("ended")

    async def leave() -> None:
        kept.append(asyncio.ensure_future(change()))

    async def check(_outcomes: Outcomes) -> None:
        assert changes == ["begun", "ended"]

    use_cases = {"leave": leave(), "wait": asyncio.sleep(0)}
    return replace(_counting(unit_of_work), use_cases=use_cases, check=check)


async def one_whose_task_never_ends(unit_of_work: UnitOfWorkFactory) -> Stage:
    """It starts a task that goes on and on, whoever cancels it."""
    kept = []

    async def go_on() -> None:
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0)

    async def leave() -> None:
        kept.append(asyncio.ensure_future(go_on()))

    return replace(_counting(unit_of_work), use_cases={"leave": leave()})


class NeverRaised(BaseException):
    """As test runners have them: no `Exception`."""


def _checked_by(unit_of_work: UnitOfWorkFactory, error: BaseException) -> Stage:
    async def check(_outcomes: Outcomes) -> None:
        raise error

    return replace(_counting(unit_of_work, 0, 0), check=check)


async def a_check_that_stumbles(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Its check does not find what it looks for."""
    return _checked_by(unit_of_work, KeyError("nobody"))


async def a_check_that_fails_its_own_way(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Its check raises what is no `Exception`."""
    return _checked_by(unit_of_work, NeverRaised("no"))


async def a_check_that_is_interrupted(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Somebody has had enough."""
    return _checked_by(unit_of_work, KeyboardInterrupt())


async def one_who_is_cancelled(unit_of_work: UnitOfWorkFactory) -> Stage:
    """A use case gives up without a refusal."""

    async def give_up() -> None:
        raise asyncio.CancelledError

    return replace(_counting(unit_of_work), use_cases={"give up": give_up()})


async def one_who_sleeps(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Real time comes into it."""

    async def wait_a_second() -> None:
        async with asyncio.timeout(1):
            await asyncio.Event().wait()

    return replace(_counting(unit_of_work), use_cases={"wait": wait_a_second()})


@pytest.mark.parametrize(
    ("scenario", "orders"),
    # (3 + 3)! / (3! 3!) and (3 + 2 + 2)! / (3! 2! 2!)
    [(two_who_wait_twice, 20), (three_who_wait, 210)],
    ids=["two", "three"],
)
def test_every_order_is_tried_once(scenario: Scenario, orders: int) -> None:
    figures = explore(scenario, in_memory)
    assert (figures.orders, figures.is_exhaustive, figures.lots) == (orders, True, 0)


@pytest.mark.parametrize(("preemptions", "orders"), [(0, 2), (1, 6), (2, 14), (None, 20)])
def test_a_bound_on_preemptions_leaves_the_orders_below_it(
    preemptions: int | None, orders: int
) -> None:
    figures = explore(two_who_wait_twice, in_memory, Bound(preemptions=preemptions))
    assert figures.orders == orders


def test_beyond_the_bound_orders_are_drawn_by_lot_and_alike_for_one_seed() -> None:
    bound = Bound(orders=3, lots=40, seed=7)
    figures = explore(three_who_wait, in_memory, bound)
    assert (figures.orders, figures.lots, figures.is_exhaustive) == (3, 40, False)
    drawn = [[Lots(seed).choose(["a", "b"], None) for _ in range(1)] for seed in range(40)]
    assert drawn == [[Lots(seed).choose(["a", "b"], None)] for seed in range(40)]
    assert ["a"] in drawn
    assert ["b"] in drawn


def test_whoever_waits_for_a_lock_cannot_go_on() -> None:
    figures = explore(two_who_lock_alike, in_memory)
    assert figures.is_exhaustive
    # Fewer than the 20 orders of two who take three steps each and never wait.
    assert figures.orders < 20


def test_a_deadlock_is_found_and_told() -> None:
    with pytest.raises(Violation) as violation:
        explore(two_who_lock_crosswise, in_memory)
    told = str(violation.value)
    assert "Deadlock: nobody can go on; one and other would wait for ever" in told
    assert f"a = one, b = other; schedule {violation.value.schedule}" in told
    assert "and waits" in told
    assert replay(two_who_lock_crosswise, in_memory, "ab").failure is not None
    assert replay(two_who_lock_crosswise, in_memory, "aa").failure is None


def test_real_time_is_refused() -> None:
    with pytest.raises(Violation, match="NotImplementedError"):
        explore(one_who_sleeps, in_memory)


@pytest.mark.parametrize(
    ("scenario", "told"),
    [
        (a_check_that_stumbles, "KeyError: 'nobody'"),
        (a_check_that_fails_its_own_way, "NeverRaised: no"),
        (one_who_is_cancelled, "CancelledError"),
        (one_who_does_not_look_back, "nobody asked how .*fail ended: ValueError"),
        (one_whose_task_never_ends, "Endless: not at an end"),
    ],
)
def test_whatever_is_raised_is_a_finding_with_its_story(scenario: Scenario, told: str) -> None:
    with pytest.raises(Violation, match=told) as violation:
        explore(scenario, in_memory)
    again = replay(scenario, in_memory, violation.value.schedule)
    assert again.broken in str(violation.value)


def test_whoever_interrupts_a_run_ends_it() -> None:
    with pytest.raises(KeyboardInterrupt):
        explore(a_check_that_is_interrupted, in_memory)


@pytest.mark.parametrize("package", ["interleavings", "machines"])
def test_without_assertions_nothing_is_called_sound(package: str) -> None:
    arguments = {
        "interleavings": ["--scenario", "two-updates-of-one-version", "--store", "memory"],
        "machines": ["limen.adapters.memory.store:MemoryStore", "--sequences", "1"],
    }[package]
    program = [sys.executable, "-O", "-m", f"limen.testing.{package}", *arguments]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "run it without -O" in done.stderr


def test_a_schedule_of_another_run_is_refused() -> None:
    with pytest.raises(ScheduleMisfit, match="the turn of 'c'"):
        replay(two_who_wait_twice, in_memory, "abc")


def test_what_waits_for_nobody_is_no_end() -> None:
    loop = stepping_loop()
    with loop.running(), pytest.raises(Deadlock, match="who never comes"):
        loop.run_alone(_wait_for_ever(loop))


def test_who_leaves_a_task_behind_is_at_an_end_when_that_is() -> None:
    figures = explore(one_who_leaves_a_change_behind, in_memory)
    assert figures.is_exhaustive
    # (4 + 2)! / (4! 2!)
    assert figures.orders == 15
    performance = replay(one_who_leaves_a_change_behind, in_memory, "aaaabb")
    assert "what it left behind goes on" in report(one_who_leaves_a_change_behind, performance)


def test_whoever_runs_alone_is_alone() -> None:
    loop, steps = stepping_loop(), []

    async def step() -> None:
        steps.append("taken")

    with loop.running():
        other = loop.begin("a", step())
        loop.run_alone(asyncio.sleep(0))
        assert steps == []
        loop.step("a")
    assert other.done()


async def _wait_for_ever(loop: SteppingLoop) -> None:
    await loop.create_future()


def test_depth_first_lets_the_last_go_on() -> None:
    chooser = DepthFirst()
    assert [chooser.choose(["a", "b"], None), chooser.choose(["a", "b"], "a")] == ["a", "a"]
    assert chooser.turn()
    assert [chooser.choose(["a", "b"], None), chooser.choose(["a", "b"], "a")] == ["a", "b"]


@pytest.mark.parametrize(
    ("one", "other", "is_excluded"),
    [
        (Mode.KEY_SHARE, Mode.KEY_SHARE, False),
        (Mode.KEY_SHARE, Mode.NO_KEY_UPDATE, False),
        (Mode.KEY_SHARE, Mode.UPDATE, True),
        (Mode.NO_KEY_UPDATE, Mode.NO_KEY_UPDATE, True),
        (Mode.NO_KEY_UPDATE, Mode.UPDATE, True),
        (Mode.UPDATE, Mode.UPDATE, True),
    ],
)
def test_locks_exclude_each_other_as_in_postgresql(
    one: Mode, other: Mode, *, is_excluded: bool
) -> None:
    assert (one.excludes(other), other.excludes(one)) == (is_excluded, is_excluded)


async def test_a_lock_passes_on_when_its_owner_gives_it_back() -> None:
    locks, lock = RowLocks(), Lock(("user", 1), Mode.UPDATE)
    await locks.take("one", lock)
    waiting = asyncio.ensure_future(locks.take("other", lock))
    await asyncio.sleep(0)
    assert not waiting.done()
    locks.release("one")
    await waiting
    assert locks.holds("other", lock)
    assert not locks.holds("one", lock)


async def test_a_circle_of_waiting_is_a_finding() -> None:
    locks = RowLocks()
    left, right = Lock(("user", 1), Mode.UPDATE), Lock(("user", 2), Mode.UPDATE)
    await locks.take("one", left)
    await locks.take("other", right)
    waiting = asyncio.ensure_future(locks.take("one", right))
    await asyncio.sleep(0)
    with pytest.raises(CircleOfWaiting):
        await locks.take("other", left)
    waiting.cancel()


# --- from the command line ------------------------------------------------------------------------


def test_the_command_line_tells_how_far_it_went() -> None:
    told: list[str] = []
    arguments = ["--scenario", "two-updates-of-one-version", "--preemptions", "1"]
    assert main([*arguments, "--store", "memory"], told.append) == 0
    assert told[0].startswith("memory: orders")
    assert "two updates of one version" in told[1]
    assert "(all)" in told[1]


def test_the_command_line_plays_one_order_again() -> None:
    told: list[str] = []
    arguments = ["--scenario", "two-updates-of-one-version", "--store", "memory"]
    assert main([*arguments, "--schedule", "ab"], told.append) == 0
    assert "a = update here, b = update there; schedule ab" in told[0]
    assert "up to `user = await uow.users.lock(user_id)` in UserService._change" in told[0]
    assert "is refused: VersionMismatch" in told[0]
    assert told[0].endswith("nothing is broken")


def test_the_command_line_tells_what_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(User, "require_person", lambda *_, **__: None)
    told: list[str] = []
    arguments = ["--scenario", "two-updates-of-one-version", "--store", "memory"]
    assert main(arguments, told.append) == 1
    assert "the outcomes are {'User': 2}" in told[-1]
    assert "--store memory --scenario two-updates-of-one-version --schedule" in told[-1]


def test_the_command_line_refuses_the_order_of_another_run() -> None:
    told: list[str] = []
    arguments = ["--scenario", "two-updates-of-one-version", "--store", "memory"]
    assert main([*arguments, "--schedule", "abc"], told.append) == 2
    assert "the turn of 'c', who cannot go on" in told[0]


def test_the_command_line_ends_with_one_however_much_is_broken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(User, "require_person", lambda *_, **__: None)
    told: list[str] = []
    assert main(["--scenario", "two-updates-of-one-version"], told.append) == 1
    assert sum("the outcomes are" in line for line in told) == len(STORES)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--orders", "0"], "at least 1"),
        (["--lots", "-1"], "at least 0"),
        (["--preemptions", "-1"], "at least 0"),
        (["--schedule", "ab"], "one --scenario and its --store"),
        (
            ["--schedule", "ab", "--scenario", "two-updates-of-one-version"],
            "one --scenario and its --store",
        ),
        (
            [
                *("--schedule", "ab", "--store", "memory"),
                *("--scenario", "two-updates-of-one-version"),
                *("--scenario", "two-withdrawals-of-one-grant"),
            ],
            "one --scenario and its --store",
        ),
    ],
)
def test_the_command_line_refuses_what_it_would_have_to_guess(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert said in capsys.readouterr().err
