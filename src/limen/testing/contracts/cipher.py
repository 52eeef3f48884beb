"""What `limen.ports.cipher.Cipher` promises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.core.errors import SealBroken
from limen.core.secret import Secret
from limen.ports.cipher import Cipher
from limen.testing.contract import Contract, examples

_PLACE = "signing_keys.sealed.1"


class CipherContract(Contract):
    """Secrets at rest. Fixture: `cipher`."""

    @examples(50)
    @given(plain=st.binary(max_size=300), place=st.text(st.characters(codec="utf-8"), max_size=30))
    def test_open_returns_what_was_sealed_for_exactly_this_place(
        self, cipher: Cipher, plain: bytes, place: str
    ) -> None:
        sealed = cipher.seal(Secret(plain), place)
        assert cipher.open(sealed, place).reveal() == plain

    @examples(50)
    @given(plain=st.binary(min_size=8, max_size=300))
    def test_what_is_sealed_does_not_show(self, cipher: Cipher, plain: bytes) -> None:
        assert plain not in cipher.seal(Secret(plain), _PLACE)

    def test_the_same_secret_looks_different_each_time(self, cipher: Cipher) -> None:
        plain = Secret(b"the same")
        assert len({cipher.seal(plain, _PLACE) for _ in range(100)}) == 100

    @pytest.mark.parametrize("place", ["", "signing_keys.sealed.2", "signing_keys.sealed.1 ", "x"])
    def test_open_raises_seal_broken_for_another_place(self, cipher: Cipher, place: str) -> None:
        sealed = cipher.seal(Secret(b"secret"), _PLACE)
        with pytest.raises(SealBroken):
            cipher.open(sealed, place)

    @examples(50)
    @given(data=st.data())
    def test_open_raises_seal_broken_if_a_single_bit_differs(
        self, cipher: Cipher, data: st.DataObject
    ) -> None:
        sealed = bytearray(cipher.seal(Secret(b"secret"), _PLACE))
        bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
        sealed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            cipher.open(bytes(sealed), _PLACE)

    def test_open_raises_seal_broken_if_something_is_missing_or_added(self, cipher: Cipher) -> None:
        sealed = cipher.seal(Secret(b"secret"), _PLACE)
        cut = [sealed[:length] for length in range(len(sealed))]
        for wrong in (*cut, sealed + b"\0", b"\0" + sealed, sealed[1:], sealed * 2):
            with pytest.raises(SealBroken):
                cipher.open(wrong, _PLACE)

    def test_is_current_of_what_was_just_sealed(self, cipher: Cipher) -> None:
        assert cipher.is_current(cipher.seal(Secret(b"secret"), _PLACE))

    @examples(50)
    @given(noise=st.binary(max_size=200))
    def test_open_raises_seal_broken_for_what_nobody_sealed(
        self, cipher: Cipher, noise: bytes
    ) -> None:
        with pytest.raises(SealBroken):
            cipher.open(noise, _PLACE)
