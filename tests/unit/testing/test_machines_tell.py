"""What a machine finds is told as a story, kept, and tried first the next time."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings

from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.fakes import CountingIds
from limen.testing.machines import __main__ as command
from limen.testing.machines.machine import QUICK, prove
from limen.testing.machines.proving import MACHINES, Effort, Score, prove_at_length, run, table

SMALL = ["--machine", "roles", "--sequences", "10", "--steps", "20", "--seed", "7"]


@asynccontextmanager
async def in_memory() -> AsyncIterator[UnitOfWorkFactory]:
    yield MemoryUnitOfWorkFactory(MemoryStore(), CountingIds())


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what is found here away from what is truly found."""
    monkeypatch.chdir(tmp_path)


def let_the_last_administrator_go(monkeypatch: pytest.MonkeyPatch) -> None:
    async def keep_an_administrator(*_: Any) -> None:
        """Keep nobody."""

    for module in ("roles", "users"):
        place = f"limen.core.{module}.service.keep_an_administrator"
        monkeypatch.setattr(place, keep_an_administrator)


def test_a_finding_is_told_step_by_step_and_comes_first_the_next_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    let_the_last_administrator_go(monkeypatch)
    told: list[str] = []
    effort = Effort(seed=7, sequences=30, steps=20)
    machines = {"roles": MACHINES["roles"]}
    (first,) = prove_at_length(machines, {"mine": in_memory}, effort, told.append)
    assert first.word == "BROKEN"
    (story,) = told
    assert "What happened (RoleMachine on mine):" in story
    assert "the operator gives root the role admin for good - expected: done; came: done" in story
    assert "expected: LastAdministrator; came: done" in story
    assert "--machine roles --storage mine" in story
    assert "--seed 7" in story

    (line,) = re.findall(r"@reproduce_failure\('[0-9.]+', b'([A-Za-z0-9+/=]+)'\)", story)
    with pytest.raises(AssertionError, match="LastAdministrator"):
        prove(MACHINES["roles"], in_memory, settings(QUICK, database=None), again=line)

    (second,) = prove_at_length(machines, {"mine": in_memory}, effort, told.append)
    assert second.sequences < 5 < first.sequences
    assert run({"mine": in_memory}, SMALL, "prove") == 1
    assert "BROKEN" in capsys.readouterr().out


def test_a_sound_store_gets_a_table_and_a_good_exit(capsys: pytest.CaptureFixture[str]) -> None:
    assert run({"mine": in_memory}, [*SMALL, "--storage", "mine"], "prove") == 0
    out, err = capsys.readouterr()
    assert "roles on mine: 10 of 10 sequences" in err
    header, row = out.splitlines()
    assert header.split() == [
        *["machine", "store", "sequences", "steps", "seconds", "steps/s", "verdict"]
    ]
    assert row.startswith("roles    mine")
    assert row.endswith("sound")


def test_the_command_takes_a_store_by_its_place(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "import_module", lambda _: SimpleNamespace(open_store=in_memory))
    few = ["--machine", "signin", "--sequences", "2", "--steps", "5"]
    assert command.main(["my_package.store:open_store", *few]) == 0
    assert "signin   open_store" in capsys.readouterr().out


def test_the_command_wants_to_know_which_store() -> None:
    with pytest.raises(SystemExit, match="my_package names no store"):
        command.main(["my_package"])


@pytest.mark.parametrize(
    "wrong",
    [["--sequences", "0"], ["--steps", "501"], ["--machine", "zebras"], ["--storage", "tape"]],
)
def test_what_makes_no_sense_is_refused(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        run({"mine": in_memory}, wrong, "prove")
    assert refused.value.code == 2


def test_the_table_lines_up() -> None:
    one = Score(machine="users", store="sqlite", sequences=2000, steps=120_000, seconds=60.0)
    header, row = table([one]).splitlines()
    assert row.split() == ["users", "sqlite", "2,000", "120,000", "60.0", "2,000", "sound"]
    assert header.index("verdict") == row.index("sound")
