import pytest

from limen.core.passwords.model import PasswordPolicy, is_encodable, normalise
from limen.core.secret import Secret

WORDS = ("ada@example.org", "ada", "example.org", "lovelace", "Ada Lovelace", "Ada", "Lovelace")


def codes(password: str) -> list[str]:
    return [fault.code for fault in PasswordPolicy().faults(Secret(password), WORDS)]


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("correct horse battery", []),
        ("x" * 11, ["too_short"]),
        ("x" * 12, []),
        ("x" * 256, []),
        ("x" * 257, ["too_long"]),
        ("lovelace1234567", []),
        ("Lovelace123!", []),
        ("lovelacelovelace", ["own_words"]),
        ("ada@example.org", ["own_words"]),
        ("LOVELACE1.LOVELACE", ["own_words"]),
        ("ada", ["too_short"]),
    ],
)
def test_the_policy_names_every_fault(password: str, expected: list[str]) -> None:
    assert codes(password) == expected


def test_characters_are_counted_after_normalising() -> None:
    assert codes("e\u0301" * 12) == []
    assert codes("e\u0301" * 11) == ["too_short"]


def test_both_ways_to_write_a_letter_are_one_password() -> None:
    assert normalise("cafe\u0301") == normalise("caf\u00e9") == normalise(Secret("caf\u00e9"))


def test_lone_surrogates_are_no_text() -> None:
    assert not is_encodable(Secret("a\ud800b"))
    assert is_encodable(Secret("naïve 🦉"))
