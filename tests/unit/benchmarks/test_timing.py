"""What `./dev timing` takes for alike."""

from benchmarks.timing.crowd import State
from benchmarks.timing.measuring import WARM_UP, compare
from benchmarks.timing.questions import QUESTIONS

FORGOT = next(question for question in QUESTIONS if question.name == "forgot")


def took(milliseconds: float) -> list[float]:
    return [1.0] * WARM_UP + [milliseconds / 1000] * 3


def findings(answer: str = "202", **slower: float) -> dict[State, tuple[float, bool]]:
    taken = {state: took(slower.get(state.name, 2.0)) for state in FORGOT.states}
    answers = {state: {"202"} for state in FORGOT.states} | {State.SUSPENDED: {answer}}
    found = compare(FORGOT, taken, answers)
    return {one.state: (round(one.ratio, 3), one.is_alike) for one in found}


def test_the_same_time_and_answer_are_alike() -> None:
    assert set(findings().values()) == {(1.0, True)}


def test_a_twentieth_more_or_less_is_told_from_the_first() -> None:
    found = findings(KNOWN=2.2, SUSPENDED=1.8, UNVERIFIED=2.08)
    assert found[State.KNOWN] == (1.1, False)
    assert found[State.SUSPENDED] == (0.9, False)
    assert found[State.UNVERIFIED] == (1.04, True)


def test_another_answer_is_told_however_long_it_took() -> None:
    assert findings("422")[State.SUSPENDED] == (1.0, False)


def test_what_must_not_show_is_asked_about() -> None:
    asked = {question.name: len(question.states) for question in QUESTIONS}
    assert (asked["sign-in"], asked["register"], asked["forgot"]) == (7, 3, 4)
    assert asked["passkey"] == 4
