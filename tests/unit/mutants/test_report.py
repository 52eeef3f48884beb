from tests.mutants import report
from tests.mutants.explanations import Explanation
from tests.mutants.mutant import CORE, Outcome, mutants

EVERY = list(mutants(CORE / "zebras.py", b"def graze():\n    return eat(1, 2)\n"))
KILLED = {mutant.key: Outcome.KILLED for mutant in EVERY}
ONE = next(mutant for mutant in EVERY if mutant.new == "return eat(2, 2)")
EXPLANATION = Explanation(
    file=ONE.file, where="graze", old=ONE.old, new=ONE.new, reason="Nobody counts."
)


def test_a_survivor_lowers_the_score_and_is_shown_with_its_place() -> None:
    found = report.result("zebras", EVERY, {**KILLED, ONE.key: Outcome.SURVIVED}, [])
    assert (found.mutants, found.killed, len(found.survivors)) == (3, 2, 1)
    assert round(found.score, 1) == 66.7
    assert not found.is_good
    assert report.survivors(found, []) == (
        "src/limen/core/zebras.py:2 in graze (knows_otherwise)\n"
        "- return eat(1, 2)\n"
        "+ return eat(2, 2)"
    )
    assert report.table([found]).splitlines()[1].split()[:6] == ["zebras", "3", "2", "0", "1", "0"]
    assert report.table([found]).endswith("66.7 % < 90 %")


def test_an_explained_survivor_counts_neither_way() -> None:
    survived = {**KILLED, ONE.key: Outcome.SURVIVED}
    found = report.result("zebras", EVERY, survived, [EXPLANATION])
    assert (found.explained, found.score, found.is_good) == (1, 100, True)
    assert report.survivors(found, [EXPLANATION]) == ""


def test_a_mutant_that_never_ends_was_noticed() -> None:
    found = report.result("zebras", EVERY, {**KILLED, ONE.key: Outcome.TIMEOUT}, [])
    assert (found.timeouts, found.score) == (1, 100)


def test_kills_of_an_earlier_run_are_told() -> None:
    found = report.result("zebras", EVERY, KILLED, [], are_carried=True)
    assert report.table([found]).endswith("100.0 % (kills carried)")
