"""A simulated limen keeps its promises, and its whole history follows from the seed."""

import asyncio
import os
import subprocess
import sys

import pytest

from limen.core.errors import StorageUnavailable
from limen.core.sessions.denial import DenialList
from limen.testing.simulation.catalogue import INVARIANTS, NOTHING_BREAKS
from limen.testing.simulation.chance import Chance
from limen.testing.simulation.loop import NeverEnds, SimulatedLoop
from limen.testing.simulation.run import replay, simulate
from limen.testing.simulation.world import World
from tests.unit.testing import faults_of_services

STEPS = 1000
TELL_DIGEST = """
from limen.testing.simulation.run import simulate
print(simulate(5, 300).digest)
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_every_invariant_holds(seed: int) -> None:
    told: list[int] = []
    report = simulate(seed, STEPS, progress=told.append)
    assert report.finding is None, report.finding
    assert report.steps == STEPS
    assert told == [1000]


def test_the_same_seed_is_the_same_history_in_every_process() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", TELL_DIGEST],
            env={**os.environ, "PYTHONHASHSEED": chaos},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for chaos in ("1", "2")
    }
    assert digests == {f"{simulate(5, 300).digest}\n"}


def test_another_seed_is_another_history() -> None:
    assert simulate(1, 50).digest != simulate(2, 50).digest


def test_all_kinds_of_trouble_come_up() -> None:
    world = World(3)
    history = "\n".join(world.step(number) for number in range(1, 1500))
    for trouble in (
        "the store fails once",
        "a commit is not acknowledged",
        "the caller hangs up",
        "the worker crashes",
        "the answer is lost",
        "time passes",
        "hashing is busy",
        "the store is out",
        "the clock moves by -",
        "cut off",
        "storage.unavailable",
        "token.refresh_reused",
        "signin.too_many_attempts",
        "role.last_administrator",
        "idempotency.key_reused",
        "session.remembered_reused",
        "sign in by passkey",
        "agree to move",
        "CookieSession",
    ):
        assert trouble in history, trouble


def test_a_short_history_is_found_and_shows_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    faults_of_services.reuse_is_refused_and_the_session_lives_on.tell(monkeypatch)
    finding = simulate(3, STEPS).finding
    assert finding is not None
    assert len(finding.history) == len(finding.numbers) <= 6
    assert finding.numbers[-1] <= finding.step
    violation, history = replay(3, finding.numbers)
    assert violation == finding.violation
    assert history == finding.history


def test_steps_that_were_left_out_change_no_other_step() -> None:
    alone = replay(1, [40])[1][0]
    after_time = replay(1, [40, 41])[1][0]
    assert alone == after_time
    assert alone.startswith("40 ")


def test_every_invariant_has_a_name_of_its_own() -> None:
    assert len({invariant.name for invariant in INVARIANTS}) == len(INVARIANTS)


async def test_a_simulation_does_not_run_inside_another_loop() -> None:
    with pytest.raises(RuntimeError, match="a loop of its own"):
        simulate(1, 1)


def a_loop() -> SimulatedLoop:
    return SimulatedLoop(Chance(1))  # type: ignore[abstract]


def test_what_goes_on_for_ever_is_ended() -> None:
    loop = a_loop()

    def again() -> None:
        loop.call_soon(again)

    again()
    with pytest.raises(NeverEnds):
        loop.run_until_quiet()


async def fail() -> None:
    raise StorageUnavailable


def test_a_task_that_fails_unseen_is_a_complaint_at_once() -> None:
    loop = a_loop()
    kept = loop.create_task(fail())
    loop.run_until_quiet()
    (complaint,) = loop.unseen()
    assert "StorageUnavailable" in complaint
    assert "fail" in complaint
    assert kept.done()


def test_a_failure_that_somebody_asked_for_is_no_complaint() -> None:
    loop = a_loop()
    asked, cancelled = loop.create_task(fail()), loop.create_task(fail())
    cancelled.cancel()
    loop.run_until_quiet()
    assert isinstance(asked.exception(), StorageUnavailable)
    assert loop.unseen() == []


def test_the_simulation_finds_a_task_that_fails_unseen_in_the_step_in_which_it_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = []

    def outdate(_: DenialList) -> None:
        # Whoever keeps a task keeps it from complaining of itself.
        kept.append(asyncio.ensure_future(fail()))

    monkeypatch.setattr(DenialList, "outdate", outdate)
    violation, _ = replay(1, range(1, 500))
    assert len(kept) == 1
    assert violation is not None
    assert violation.invariant is NOTHING_BREAKS
    assert "nobody asked how fail ended" in violation.found
