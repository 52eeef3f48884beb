import pytest

from limen.core.errors import CeremonyOver
from limen.core.passkeys.model import LONGEST_NAME, ceremony_digest, parse_passkey_name
from limen.core.secret import Secret
from limen.testing.builders import a_user_id
from limen.testing.passkeys import a_passkey


def test_a_counter_that_grows_may_follow_and_so_may_none_at_all() -> None:
    without, counting = a_passkey(a_user_id()), a_passkey(a_user_id(), sign_count=7)
    assert [without.is_followed_by(count) for count in (0, 1)] == [True, True]
    assert [counting.is_followed_by(count) for count in (0, 6, 7, 8)] == [False, False, False, True]


def test_who_uses_a_passkey_has_the_key_is_there_and_was_verified() -> None:
    bound, synced = a_passkey(a_user_id()), a_passkey(a_user_id(), is_backup_eligible=True)
    assert bound.methods == ("hwk", "user", "mfa")
    assert synced.methods == ("swk", "user", "mfa")


@pytest.mark.parametrize(
    ("text", "name"), [("", "Passkey"), ("  ", "Passkey"), (" Zoe\u0308s ", "Zoës"), ("🔑", "🔑")]
)
def test_a_name_is_composed_and_never_empty(text: str, name: str) -> None:
    assert parse_passkey_name(text) == name


@pytest.mark.parametrize("text", ["x" * (LONGEST_NAME + 1), "a\nb", "\u202e", "x" * 100_000])
def test_a_name_is_bounded_and_visible(text: str) -> None:
    with pytest.raises(ValueError, match="at most 100 characters"):
        parse_passkey_name(text)


@pytest.mark.parametrize("text", ["x" * 65, "ö", "\ud800"])
def test_what_cannot_be_a_token_finds_no_ceremony(text: str) -> None:
    with pytest.raises(CeremonyOver):
        ceremony_digest(Secret(text))
