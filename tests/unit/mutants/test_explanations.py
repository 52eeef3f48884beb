from pathlib import Path

import pytest

from tests.mutants import explanations
from tests.mutants.explanations import Explanation, explained, stale
from tests.mutants.mutant import CORE, Outcome, modules, mutants

PATH = CORE / "zebras.py"
EVERY = list(mutants(PATH, b"def graze():\n    eat(1)\ndef rest():\n    eat(1)\n"))
ONE = next(mutant for mutant in EVERY if mutant.new == "eat(2)")
EXPLANATION = Explanation(
    file="src/limen/core/zebras.py",
    where="graze",
    old="eat(1)",
    new="eat(2)",
    reason="Nobody counts.",
)


def outcomes(one: Outcome) -> dict[str, Outcome]:
    return {mutant.key: Outcome.KILLED for mutant in EVERY} | {ONE.key: one}


def test_an_explanation_fits_the_one_mutant_that_it_shows() -> None:
    assert explained([EXPLANATION], EVERY) == {ONE.key: EXPLANATION}
    assert stale([EXPLANATION], EVERY, outcomes(Outcome.SURVIVED)) == []


@pytest.mark.parametrize("outcome", [Outcome.KILLED, Outcome.TIMEOUT])
def test_an_explanation_of_what_does_not_survive_is_stale(outcome: Outcome) -> None:
    assert stale([EXPLANATION], EVERY, outcomes(outcome)) == [
        f"src/limen/core/zebras.py in graze: eat(1) (it was {outcome})"
    ]


def test_an_explanation_of_what_is_not_there_is_stale() -> None:
    others = [mutant for mutant in EVERY if mutant is not ONE]
    assert len(stale([EXPLANATION], others, outcomes(Outcome.SURVIVED))) == 1


def test_an_explanation_without_a_reason_is_none(tmp_path: Path) -> None:
    file = tmp_path / "explained.toml"
    file.write_text('[[mutant]]\nfile = "a"\nwhere = "b"\nold = "c"\nnew = "d"\nreason = " "\n')
    with pytest.raises(ValueError, match="reason"):
        explanations.read(file)
    file.write_text('[[mutant]]\nfile = "a"\nreason = "Because."\n')
    with pytest.raises(ValueError, match="where"):
        explanations.read(file)


def test_every_explanation_is_about_a_mutant_that_there_is() -> None:
    for one in explanations.read():
        package = Path(one.file).parent.name
        every = [mutant for path in modules(package) for mutant in mutants(path)]
        assert any(one.fits(mutant) for mutant in every), one.name()
