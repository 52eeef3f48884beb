"""Links and codes, as values."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.core.errors import ProofInvalid
from limen.core.proofs.making import ProofMaker
from limen.core.proofs.model import LIFETIMES, Purpose, read_code, read_link, write_code
from limen.core.secret import Secret
from limen.testing.builders import a_proof, a_user_id
from limen.testing.fakes import NOON, CountingIds, SeededEntropy

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
MAKER = ProofMaker(keys=(Secret(b"k" * 32),), ids=CountingIds(), entropy=SeededEntropy())


@given(st.binary(min_size=16, max_size=16))
def test_a_code_is_eight_letters_that_nobody_confuses(drawn: bytes) -> None:
    code = write_code(drawn).reveal()
    assert len(code) == 9
    assert set(code.replace("-", "")) <= set(ALPHABET)
    assert read_code(Secret(code)).reveal() == code.replace("-", "")


@given(
    st.text(alphabet=ALPHABET, min_size=8, max_size=8),
    st.lists(st.sampled_from([" ", "-", ".", "\t"]), min_size=8, max_size=8),
    st.booleans(),
)
def test_a_code_is_read_however_it_is_typed(
    letters: str, between: list[str], is_lower: bool
) -> None:
    typed = "".join(letter + gap for letter, gap in zip(letters, between, strict=True))
    read = read_code(Secret(typed.lower() if is_lower else typed))
    assert read.reveal() == letters


@given(st.text(max_size=80))
def test_whatever_is_no_code_is_refused(text: str) -> None:
    letters = "".join(char for char in text.upper() if char.isalnum())
    if text.isascii() and len(letters) == 8 and set(letters) <= set(ALPHABET):
        return
    with pytest.raises(ProofInvalid):
        read_code(Secret(text))


@given(st.sampled_from(Purpose), st.sampled_from(Purpose))
def test_a_link_is_read_for_its_own_purpose_alone(purpose: Purpose, other: Purpose) -> None:
    made = MAKER.make(purpose, a_user_id(), "ada@example.org", NOON)
    link = read_link(made.token, purpose)
    assert (link.purpose, link.proof_id) == (purpose, made.proof.id)
    MAKER.check_link(made.proof, link)
    if other is not purpose:
        with pytest.raises(ProofInvalid):
            read_link(made.token, other)


@given(st.integers(min_value=0), st.sampled_from("AQgw_-"))
def test_a_link_with_another_letter_is_another_link(place: int, letter: str) -> None:
    made = MAKER.make(Purpose.SIGN_IN, a_user_id(), "ada@example.org", NOON)
    token = made.token.reveal()
    at = place % len(token)
    if token[at] == letter:
        return
    try:
        found = read_link(Secret(token[:at] + letter + token[at + 1 :]), Purpose.SIGN_IN)
    except ProofInvalid:
        return
    assert found != read_link(made.token, Purpose.SIGN_IN)


def test_the_store_has_neither_the_link_nor_the_code() -> None:
    made = MAKER.make(Purpose.SIGN_IN, a_user_id(), "ada@example.org", NOON)
    stored = repr(made.proof)
    assert made.code.reveal() not in stored
    assert made.token.reveal().rpartition("_")[2] not in stored
    assert "Secret(***)" in repr(made)


def test_one_code_has_another_digest_for_each_proof_and_each_server() -> None:
    same = [SeededEntropy(1), SeededEntropy(1)]
    makers = [
        ProofMaker(keys=(Secret(key * 32),), ids=CountingIds(), entropy=entropy)
        for key, entropy in zip((b"a", b"b"), same, strict=True)
    ]
    user_id = a_user_id()
    one, other = (m.make(Purpose.SIGN_IN, user_id, "ada@example.org", NOON) for m in makers)
    assert one.code == other.code
    assert one.proof.id == other.proof.id
    assert one.proof.code_digest != other.proof.code_digest
    assert makers[0].is_code_of(one.proof, one.code)
    assert not makers[1].is_code_of(one.proof, one.code)


@pytest.mark.parametrize("purpose", Purpose)
def test_a_proof_lives_for_its_purpose_and_not_a_moment_longer(purpose: Purpose) -> None:
    proof = MAKER.make(purpose, a_user_id(), "ada@example.org", NOON).proof
    end = NOON + LIFETIMES[purpose]
    assert proof.is_live(end - timedelta(microseconds=1))
    assert not proof.is_live(end)


def test_tries_are_carried_on_from_a_live_proof_alone() -> None:
    user_id = a_user_id()
    fresh = a_proof(user_id)
    assert fresh.after(None, NOON).tries == 0
    assert fresh.after(a_proof(user_id, tries=3), NOON).tries == 3
    assert fresh.after(a_proof(user_id, tries=3, expires_at=NOON), NOON).tries == 0
    assert fresh.after(a_proof(user_id, tries=3, spent_at=NOON), NOON).tries == 0


def test_a_code_outlives_the_key_it_was_made_with_as_long_as_that_is_known() -> None:
    former, newest = (Secret(key * 32) for key in (b"f", b"n"))
    before, since, after = (
        ProofMaker(keys=keys, ids=CountingIds(), entropy=SeededEntropy())
        for keys in ((former,), (newest, former), (newest,))
    )
    made = before.make(Purpose.SIGN_IN, a_user_id(), "ada@example.org", NOON)
    assert since.is_code_of(made.proof, made.code)
    assert not after.is_code_of(made.proof, made.code)
    later = since.make(Purpose.SIGN_IN, a_user_id(), "ada@example.org", NOON)
    assert after.is_code_of(later.proof, later.code)
    assert not before.is_code_of(later.proof, later.code)
