from pathlib import Path

from tests.mutants.journal import Journal, Stand, stand
from tests.mutants.mutant import Outcome

NOW = Stand(code="c", tests="t")
FOUND = {"a": Outcome.KILLED, "b": Outcome.SURVIVED, "c": Outcome.TIMEOUT}


def journal(folder: Path, now: Stand = NOW, *, only_survivors: bool = False) -> Journal:
    begun = Journal("zebras", now, folder)
    begun.begin(is_fresh=False, only_survivors=only_survivors)
    return begun


def fill(folder: Path) -> None:
    first = journal(folder)
    for key, outcome in FOUND.items():
        first.note(key, outcome)


def test_a_run_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    fill(tmp_path)
    with (tmp_path / "zebras.jsonl").open("a") as file:
        file.write('{"mutant": "d", "outc')
    again = journal(tmp_path)
    assert again.outcomes == FOUND
    again.note("d", Outcome.KILLED)
    assert journal(tmp_path).outcomes == {**FOUND, "d": Outcome.KILLED}


def test_a_changed_test_or_program_makes_everything_open_again(tmp_path: Path) -> None:
    for now in (Stand(code="c", tests="other"), Stand(code="other", tests="t")):
        fill(tmp_path)
        assert journal(tmp_path, now).outcomes == {}


def test_only_survivors_are_tried_again_when_asked_and_the_rest_is_called_carried(
    tmp_path: Path,
) -> None:
    fill(tmp_path)
    other = Stand(code="c", tests="other")
    again = journal(tmp_path, other, only_survivors=True)
    assert set(again.outcomes) == {"a", "c"}
    assert again.are_carried
    assert journal(tmp_path, other).outcomes == {}


def test_survivors_of_another_program_are_not_believed(tmp_path: Path) -> None:
    fill(tmp_path)
    other = Stand(code="other", tests="t")
    assert journal(tmp_path, other, only_survivors=True).outcomes == {}


def test_a_fresh_run_forgets(tmp_path: Path) -> None:
    fill(tmp_path)
    fresh = Journal("zebras", NOW, tmp_path)
    fresh.begin(is_fresh=True, only_survivors=False)
    assert fresh.outcomes == {}


def test_code_and_tests_have_digests_of_their_own() -> None:
    now = stand()
    assert now == stand()
    assert now.code != now.tests
