import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.core.errors import RefreshTokenInvalid, RefreshTokenReused
from limen.core.ids import SessionId
from limen.core.secret import Secret
from limen.core.tokens.family import (
    PREFIX,
    PresentedToken,
    RefreshFamily,
    RefreshTokens,
    read_token,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SESSION = SessionId(UUID(int=1))
SEED = Secret(b"s" * 16)
TOKENS = RefreshTokens(Secret(b"k" * 32), timedelta(seconds=10))


def family_of(generations: int, at: datetime = NOW) -> tuple[RefreshFamily, list[Secret[str]]]:
    """A family after so many rotations, and all tokens it ever gave."""
    family, token = TOKENS.begin(SESSION, SEED, at)
    given_tokens = [token]
    for _ in range(generations):
        family, token = TOKENS.rotate(family, read_token(token), at)
        given_tokens.append(token)
    return family, given_tokens


def test_a_token_has_a_prefix_a_fixed_length_and_tells_nothing_but_its_session() -> None:
    _, tokens = family_of(3)
    assert {len(token.reveal()) for token in tokens} == {len(PREFIX) + 70}
    assert all(token.reveal().startswith(PREFIX) for token in tokens)
    assert len({token.reveal() for token in tokens}) == 4
    assert read_token(tokens[2]).generation == 3


def test_a_token_is_written_as_in_the_versions_before() -> None:
    family, (first,) = family_of(0)
    _, second = TOKENS.rotate(family, read_token(first), NOW)
    for generation, token in ((1, first), (2, second)):
        place = SESSION.bytes + generation.to_bytes(4)
        tag = hmac.digest(b"k" * 32, b"limen refresh 1\0" + place + b"s" * 16, "sha256")
        body = base64.urlsafe_b64encode(place + tag).rstrip(b"=").decode()
        assert token.reveal() == f"limen_rt_{body}"
        assert read_token(token) == PresentedToken(
            session_id=SESSION,
            generation=generation,
            digest=hashlib.sha256(place + tag).digest(),
            tag=tag,
        )


def test_a_family_begins_with_its_first_token() -> None:
    family, (token,) = family_of(0)
    assert family == RefreshFamily(
        session_id=SESSION,
        seed=SEED,
        generation=1,
        digest=read_token(token).digest,
        rotated_at=NOW,
    )


def test_rotation_moves_one_generation_on() -> None:
    family, (token,) = family_of(0)
    after, successor = TOKENS.rotate(family, read_token(token), NOW)
    assert (after.generation, after.rotated_at) == (2, NOW)
    assert after.previous_digest == family.digest
    assert read_token(successor).digest == after.digest


def test_within_the_grace_the_same_successor_comes_back() -> None:
    family, tokens = family_of(1)
    just_before = NOW + timedelta(seconds=9.999)
    again, successor = TOKENS.rotate(family, read_token(tokens[0]), just_before)
    assert again is family
    assert successor == tokens[1]


def test_after_the_grace_a_used_token_is_reuse() -> None:
    family, tokens = family_of(1)
    with pytest.raises(RefreshTokenReused):
        TOKENS.rotate(family, read_token(tokens[0]), NOW + timedelta(seconds=10))


@pytest.mark.parametrize("old", [0, 1, 2])
def test_a_token_two_or_more_generations_old_is_reuse_even_within_the_grace(old: int) -> None:
    family, tokens = family_of(4)
    with pytest.raises(RefreshTokenReused):
        TOKENS.rotate(family, read_token(tokens[old]), NOW)


def test_a_renewal_moves_one_generation_on_and_gives_no_grace() -> None:
    family, tokens = family_of(1)
    renewed, token = TOKENS.renew(family, NOW)
    assert (renewed.generation, renewed.rotated_at, renewed.previous_digest) == (3, NOW, None)
    assert read_token(token).digest == renewed.digest
    with pytest.raises(RefreshTokenInvalid):
        TOKENS.rotate(renewed, read_token(tokens[1]), NOW + timedelta(seconds=9.999))


def test_a_token_that_comes_long_after_a_renewal_is_reuse() -> None:
    family, tokens = family_of(1)
    renewed, _ = TOKENS.renew(family, NOW)
    with pytest.raises(RefreshTokenReused):
        TOKENS.rotate(renewed, read_token(tokens[1]), NOW + timedelta(seconds=10))


def test_a_token_that_was_old_before_a_renewal_is_reuse_at_once() -> None:
    family, tokens = family_of(1)
    renewed, _ = TOKENS.renew(family, NOW)
    with pytest.raises(RefreshTokenReused):
        TOKENS.rotate(renewed, read_token(tokens[0]), NOW)


def test_a_made_up_token_of_a_known_session_is_invalid_and_no_reuse() -> None:
    family, tokens = family_of(3)
    old = read_token(tokens[0])
    for generation in (1, 2, 3, 4, 5, 2**32 - 1):
        forged = replace(old, generation=generation, digest=b"d" * 32, tag=b"t" * 32)
        with pytest.raises(RefreshTokenInvalid):
            TOKENS.rotate(family, forged, NOW)


def test_a_token_of_a_generation_to_come_is_invalid_even_if_authentic() -> None:
    _, tokens = family_of(4)
    family, _ = family_of(2)
    with pytest.raises(RefreshTokenInvalid):
        TOKENS.rotate(family, read_token(tokens[4]), NOW)


def test_an_ended_family_gives_nothing() -> None:
    family, tokens = family_of(1)
    ended = replace(family, ended_at=NOW)
    for token in tokens:
        with pytest.raises(RefreshTokenInvalid):
            TOKENS.rotate(ended, read_token(token), NOW)


def test_neither_the_key_nor_the_seed_alone_makes_a_token() -> None:
    _, (token,) = family_of(0)
    for key, seed in ((b"o" * 32, b"s" * 16), (b"k" * 32, b"o" * 16)):
        _, other = RefreshTokens(Secret(key), timedelta(0)).begin(SESSION, Secret(seed), NOW)
        assert other != token


def test_a_new_key_keeps_living_tokens_alive_and_refuses_what_it_cannot_make_again() -> None:
    family, tokens = family_of(1)
    renewed = RefreshTokens(Secret(b"n" * 32), timedelta(seconds=10))
    after, _ = renewed.rotate(family, read_token(tokens[1]), NOW)
    assert after.generation == 3
    with pytest.raises(RefreshTokenInvalid):
        renewed.rotate(family, read_token(tokens[0]), NOW)


def test_reuse_is_noticed_also_after_the_key_was_renewed() -> None:
    family, tokens = family_of(1)
    renewed = RefreshTokens(Secret(b"n" * 32), timedelta(seconds=10))
    with pytest.raises(RefreshTokenReused):
        renewed.rotate(family, read_token(tokens[0]), NOW + timedelta(seconds=10))


def test_a_token_of_this_very_generation_is_living_or_made_up_but_never_reused() -> None:
    family, _ = family_of(0)
    renewed = RefreshTokens(Secret(b"n" * 32), timedelta(seconds=10))
    _, token = renewed.begin(SESSION, SEED, NOW)
    with pytest.raises(RefreshTokenInvalid):
        renewed.rotate(family, read_token(token), NOW)


def test_the_last_generation_has_no_successor() -> None:
    family, (token,) = family_of(0)
    last_but_one = replace(family, generation=2**31 - 2)
    last, _ = TOKENS.rotate(last_but_one, read_token(token), NOW)
    assert last.generation == 2**31 - 1
    with pytest.raises(RefreshTokenInvalid):
        TOKENS.rotate(replace(last, digest=family.digest), read_token(token), NOW)


def test_without_its_prefix_a_token_is_none() -> None:
    _, (token,) = family_of(0)
    with pytest.raises(RefreshTokenInvalid):
        read_token(Secret(token.reveal().removeprefix(PREFIX)))


@given(
    st.text(max_size=120)
    | st.binary(max_size=80).map(lambda raw: PREFIX + base64.urlsafe_b64encode(raw).decode())
)
def test_what_has_not_the_form_of_a_token_is_invalid(text: str) -> None:
    if len(text) == len(PREFIX) + 70 and text.startswith(PREFIX):
        return
    with pytest.raises(RefreshTokenInvalid):
        read_token(Secret(text))


@given(st.integers(0, 69), st.sampled_from("!*= \n\u00e9"))
def test_letters_outside_the_alphabet_are_refused(place: int, char: str) -> None:
    _, (token,) = family_of(0)
    body = token.reveal().removeprefix(PREFIX)
    with pytest.raises(RefreshTokenInvalid):
        read_token(Secret(PREFIX + body[:place] + char + body[place + 1 :]))
