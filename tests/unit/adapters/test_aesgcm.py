import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.adapters.aesgcm import AesGcmCipher
from limen.adapters.system import SystemEntropy
from limen.core.errors import SealBroken
from limen.core.secret import Secret
from limen.testing.fakes import SeededEntropy

NEW, OLD, OTHER = (Secret(letter * 32) for letter in (b"n", b"o", b"x"))


def cipher(*keys: Secret[bytes]) -> AesGcmCipher:
    return AesGcmCipher(keys=keys, entropy=SystemEntropy())


@given(plain=st.binary(max_size=500), place=st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_in_its_place_and_in_no_other(plain: bytes, place: str) -> None:
    sealed = cipher(NEW).seal(Secret(plain), place)
    assert cipher(NEW).open(sealed, place) == Secret(plain)
    with pytest.raises(SealBroken):
        cipher(NEW).open(sealed, place + "x")


@given(data=st.data())
def test_no_bit_can_be_changed_and_no_byte_dropped(data: st.DataObject) -> None:
    sealed = bytearray(cipher(NEW).seal(Secret(b"private"), "keys.1"))
    at = data.draw(st.integers(0, len(sealed) - 1))
    changed = bytes(sealed[:at]) + bytes([sealed[at] ^ data.draw(st.integers(1, 255))])
    with pytest.raises(SealBroken):
        cipher(NEW).open(changed + bytes(sealed[at + 1 :]), "keys.1")
    with pytest.raises(SealBroken):
        cipher(NEW).open(bytes(sealed[:at]), "keys.1")


def test_old_keys_open_and_new_keys_seal() -> None:
    sealed = cipher(OLD).seal(Secret(b"private"), "keys.1")
    both = cipher(NEW, OLD)
    assert both.open(sealed, "keys.1") == Secret(b"private")
    again = both.seal(Secret(b"private"), "keys.1")
    assert cipher(NEW).open(again, "keys.1") == Secret(b"private")
    for keys in ((OLD,), (OTHER,)):
        with pytest.raises(SealBroken):
            cipher(*keys).open(again, "keys.1")


def test_what_a_former_key_sealed_is_not_current() -> None:
    both = cipher(NEW, OLD)
    assert not both.is_current(cipher(OLD).seal(Secret(b"private"), "keys.1"))
    assert both.is_current(cipher(NEW).seal(Secret(b"private"), "keys.1"))
    assert not both.is_current(b"")


def test_the_form_does_not_change_unseen() -> None:
    sealed = AesGcmCipher(keys=[NEW], entropy=SeededEntropy()).seal(Secret(b"private"), "keys.1")
    assert sealed.hex() == KNOWN
    assert cipher(NEW).open(bytes.fromhex(KNOWN), "keys.1") == Secret(b"private")


KNOWN = "010cb2ca9861331e0bfeefd39c1fabfc0629f25eb4324e95eccec9c29b291fb26547d5de8eaf4249"


def test_the_same_text_is_never_sealed_alike() -> None:
    one = cipher(NEW)
    assert one.seal(Secret(b"private"), "keys.1") != one.seal(Secret(b"private"), "keys.1")


@pytest.mark.parametrize("keys", [(), (Secret(b"short"),), (NEW, Secret(b"o" * 31))])
def test_a_short_key_is_refused(keys: tuple[Secret[bytes], ...]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        cipher(*keys)
