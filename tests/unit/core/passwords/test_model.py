from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from limen.core.passwords.model import (
    PasswordCredential,
    PasswordPolicy,
    checkable,
    common_password,
    is_encodable,
    normalise,
    unspeakable_password,
)
from limen.core.secret import Secret
from limen.testing.builders import a_credential, a_user_id

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


def test_a_fault_says_what_to_do() -> None:
    policy = PasswordPolicy(min_length=8, max_length=20)
    said = {
        fault.code: (fault.field, fault.message)
        for text in ("x", "x" * 21, "x" * 100_000, "ada@example.org")
        for fault in policy.faults(Secret(text), WORDS)
    }
    assert said == {
        "too_short": ("password", "must be at least 8 characters"),
        "too_long": ("password", "must be at most 20 characters"),
        "own_words": ("password", "must not be made of your own name or address"),
    }
    for fault in (common_password(), unspeakable_password()):
        assert (fault.field, bool(fault.message)) == ("password", True)
    assert (common_password().code, unspeakable_password().code) == ("common", "not_text")


def test_own_words_count_from_four_letters_and_with_less_than_four_others() -> None:
    for password, words, expected in (
        ("lucy-lucy-lucy", ["lucy"], ["own_words"]),
        ("bob-bob-bob-bob", ["bob"], []),
        ("lovelace+abc1", ["lovelace"], []),
        ("lovelace+abc", ["lovelace"], []),
        ("lovelace+lovelace+a", ["lovelace"], ["own_words"]),
        ("lovelacelovelace", ["LOVELACE"], ["own_words"]),
        ("lovelace+ab", ["other", "lovelace"], ["too_short", "own_words"]),
        ("correct-horse", ["other", "lovelace"], []),
    ):
        found = PasswordPolicy().faults(Secret(password), words)
        assert [fault.code for fault in found] == expected, password


def test_a_good_password_has_no_fault() -> None:
    assert PasswordPolicy().faults(Secret("correct horse battery"), WORDS) == ()


def test_what_is_far_too_long_is_not_even_normalised(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(password: object) -> Secret[str]:
        raise AssertionError(password)

    monkeypatch.setattr("limen.core.passwords.model.normalise", refuse)
    assert checkable("x" * 1_000_000) is None
    assert len(PasswordPolicy().faults(Secret("x" * 1_000_000), WORDS)) == 1


def test_what_can_be_nobodys_password_is_not_compared() -> None:
    longest = "e\u0301" * 256
    assert checkable(longest) == Secret("\u00e9" * 256)
    assert checkable(Secret("x" * 256)) == Secret("x" * 256)
    for text in ("x" * 257, "e\u0301" * 257, "x" * 1_000_000, "\ud800"):
        assert checkable(text) is None


def test_a_credential_keeps_what_is_not_changed() -> None:
    begun = datetime(2026, 1, 2, tzinfo=UTC)
    later = begun + timedelta(days=1)
    first = PasswordCredential(user_id=a_user_id(), digest=Secret("a"), changed_at=begun)
    assert first.version == 1
    assert first.changed(Secret("b"), later) == replace(
        first, digest=Secret("b"), changed_at=later, version=2
    )
    assert first.upgraded(Secret("b")) == replace(first, digest=Secret("b"), version=2)


def test_a_credential_lets_in_by_its_own_digest_until_it_must_be_reset() -> None:
    kept = a_credential(a_user_id())
    assert kept.lets_in_by(kept.digest)
    assert not kept.lets_in_by(Secret("another"))
    assert not kept.marked(kept.changed_at).lets_in_by(kept.digest)


def test_both_ways_to_write_a_letter_are_one_password() -> None:
    assert normalise("cafe\u0301") == normalise("caf\u00e9") == normalise(Secret("caf\u00e9"))


def test_lone_surrogates_are_no_text() -> None:
    assert not is_encodable(Secret("a\ud800b"))
    assert is_encodable(Secret("naïve 🦉"))
