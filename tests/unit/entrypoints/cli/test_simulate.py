"""`limen simulate`: what people and programs are told."""

import sys

import pytest

from limen.entrypoints.cli.exits import Exit
from limen.entrypoints.cli.main import run
from tests.unit.entrypoints.cli.shell import Ended
from tests.unit.testing import faults_of_services


def simulate(capsys: pytest.CaptureFixture[str], *options: str) -> Ended:
    """Run the command as it runs in a process of its own, outside of any loop."""
    code = run(["simulate", *options])
    told = capsys.readouterr()
    return Ended(code=code, out=told.out, err=told.err)


@pytest.fixture
def a_broken_limen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limen in which a refresh token that was used before ends nothing."""
    faults_of_services.reuse_is_refused_and_the_session_lives_on.tell(monkeypatch)


def test_a_clean_run_tells_seed_steps_and_digest(capsys: pytest.CaptureFixture[str]) -> None:
    ended = simulate(capsys, "--seed=4", "--steps=100", "--seeds=2")
    first, digest, second, _ = ended.out.splitlines()
    assert ended.code == Exit.DONE
    assert first == "Seed 4: 100 steps, and every invariant held."
    assert second == "Seed 5: 100 steps, and every invariant held."
    assert len(digest.split()[-1]) == 64


def test_a_program_is_told_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = simulate(capsys, "--steps=50", "--seeds=2", "--json").data
    assert (first["seed"], first["steps"], first["finding"]) == (1, 50, None)
    assert second["digest"] != first["digest"]


@pytest.mark.usefixtures("a_broken_limen")
def test_a_violation_is_told_with_its_history(capsys: pytest.CaptureFixture[str]) -> None:
    ended = simulate(capsys, "--steps=2000", "--seeds=3")
    assert ended.code == Exit.NOT_ALL_WELL
    assert "reuse ends the session" in ended.out
    assert "The shortest history found" in ended.out
    assert "token.refresh_reused" in ended.out.splitlines()[-1]


@pytest.mark.usefixtures("a_broken_limen")
def test_a_program_gets_the_history(capsys: pytest.CaptureFixture[str]) -> None:
    ended = simulate(capsys, "--steps=2000", "--seeds=3", "--json")
    finding = ended.data[-1]["finding"]
    assert ended.code == Exit.NOT_ALL_WELL
    assert finding["invariant"] == "reuse ends the session"
    assert len(finding["history"]) < 10


def test_without_the_testing_kit_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("limen.testing.simulation")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "limen.testing.simulation.run", None)
    ended = simulate(capsys)
    assert ended.code == Exit.INVALID
    assert 'pip install "limen[testing]"' in ended.err
