"""Storms that would never end are refused, and a life waits for its answers one by one."""

from typing import Any

import pytest

from limen.testing.crashes.span import PATIENCE, Span
from limen.testing.crashes.storm import Plan


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"seconds": 0.0},
        {"answers": 0},
        {"points": -1},
        {"points": 1, "writes": 0},
        {"points": 1, "clients": 0},
        {"points": 1, "looks_every": 0},
    ],
)
def test_a_plan_without_a_beginning_or_an_end_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"needs an end|less than one"):
        Plan(**{"writes": 1, **wrong})


def test_each_answer_gives_the_next_one_its_time() -> None:
    span = Span(None, is_from_birth=False, now=0)
    span.answered(PATIENCE - 1)
    assert span.left(PATIENCE + 1) == PATIENCE - 2
    assert not span.hangs(PATIENCE + 1)
    assert span.left(2 * PATIENCE - 1) == 0
    assert span.hangs(2 * PATIENCE - 1)


def test_a_life_is_counted_from_its_first_answer() -> None:
    span = Span(2, is_from_birth=False, now=0)
    assert span.left(0) == PATIENCE
    span.answered(5)
    span.answered(6)
    assert span.left(6) == 1
    assert span.left(8) == 0
    assert not span.hangs(8)


def test_a_short_life_is_counted_from_its_birth() -> None:
    span = Span(2, is_from_birth=True, now=1)
    span.answered(2)
    assert span.left(2) == 1
    assert not span.hangs(3)


def test_who_never_answers_hangs_however_long_a_life_may_last() -> None:
    span = Span(2, is_from_birth=False, now=0)
    assert span.left(PATIENCE) == 0
    assert span.hangs(PATIENCE)
