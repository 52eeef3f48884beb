import pytest

from tests.mutants import __main__ as command
from tests.mutants import report
from tests.mutants.mutant import CORE, Outcome, modules, mutants

EVERY = list(mutants(CORE / "zebras.py", b"def graze():\n    return eat(1, 2)\n"))


def result(outcome: Outcome) -> report.Result:
    return report.result("zebras", EVERY, {mutant.key: outcome for mutant in EVERY}, [])


def test_without_names_the_packages_that_guard_the_door_are_tried() -> None:
    options = command._read([])
    assert options.packages == ("tokens", "sessions", "passwords", "signin", "roles")
    assert (options.jobs, options.survivors, options.fresh) == (1, False, False)
    assert all(modules(package) for package in options.packages)


def test_packages_and_modules_of_the_core_can_be_named() -> None:
    assert command._read(["users", "access", "--jobs", "2"]).packages == ["users", "access"]


@pytest.mark.parametrize(
    "arguments",
    [["zebras"], ["--jobs", "0"], ["--jobs", "17"], ["--survivors", "--fresh"]],
)
def test_what_cannot_be_meant_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        command._read(arguments)
    assert refused.value.code == 2
    assert "usage: ./dev mutants" in capsys.readouterr().err


def test_a_low_score_or_a_stale_explanation_fails_the_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    good, bad = result(Outcome.KILLED), result(Outcome.SURVIVED)
    assert command._conclude([good], [], []) == 0
    assert command._conclude([good, bad], [], []) == 1
    assert command._conclude([good], [], ["an old one"]) == 1
    said = capsys.readouterr().out
    assert "--- survivors in zebras" in said
    assert "stale explanation: an old one" in said
