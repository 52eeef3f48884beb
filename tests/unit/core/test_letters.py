"""Letters that people read and type."""

import pytest

from limen.core.letters import read_letters, write_letters


def test_letters_come_in_groups_of_four() -> None:
    assert write_letters(bytes(16), 8) == "BBBB-BBBB"
    assert write_letters(bytes(24), 16) == "BBBB-BBBB-BBBB-BBBB"


def test_every_letter_stands_for_its_share_of_the_chance() -> None:
    texts = {write_letters(number.to_bytes(2), 2) for number in range(400)}
    assert len(texts) == 400


@pytest.mark.parametrize("typed", ["BCDF-GHJK", "bcdfghjk", " bcdf  ghjk ", "B.C/D_F:GHJK"])
def test_letters_count_however_they_are_typed(typed: str) -> None:
    assert read_letters(typed, 8) == "BCDFGHJK"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "BCDF",
        "BCDF-GHJKL",
        "BCDF-GHJA",
        "BCDF-GHJ1",
        "\uff22CDF-GHJK",
        "BCDF-GHJK" + " " * 64,
    ],
)
def test_anything_else_is_none(typed: str) -> None:
    assert read_letters(typed, 8) is None
