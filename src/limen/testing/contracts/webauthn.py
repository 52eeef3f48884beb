"""What `limen.ports.webauthn.WebAuthn` promises."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.core.encoding import write_base64url
from limen.core.errors import PasskeyRefused
from limen.core.passkeys.model import AuthenticatorState, NewCredential
from limen.core.passkeys.responses import (
    Assertion,
    Attestation,
    read_assertion,
    read_attestation,
)
from limen.ports.webauthn import WebAuthn
from limen.testing.contract import Contract, examples
from limen.testing.passkeys import (
    BACKED_UP,
    BACKUP_ELIGIBLE,
    PRESENT,
    VERIFIED,
    Authenticator,
    CredentialKey,
    PlainKey,
    with_statement,
)
from limen.testing.passkeys import POLICY as OURS

CHALLENGE: Final = bytes(range(32))
OPTIONS: Final[Mapping[str, Any]] = {
    "challenge": write_base64url(CHALLENGE),
    "rp": {"id": OURS.rp_id},
    "rpId": OURS.rp_id,
    "user": {"id": write_base64url(b"a user")},
}
# Each is told in place of what was asked for.
LIES: Final[Mapping[str, Mapping[str, Any]]] = {
    "another challenge": {"challenge": write_base64url(bytes(32))},
    "part of the challenge": {"challenge": write_base64url(CHALLENGE[:31])},
    "another domain": {"rp_id": "example.org"},
    "another origin": {"origin": "https://evil.example.org"},
    "an origin with a port": {"origin": "https://id.example.org:8443"},
    "an origin without TLS": {"origin": "http://id.example.org"},
    "an origin that begins like ours": {"origin": "https://id.example.org.evil.example"},
    "an origin in capitals": {"origin": "https://ID.example.org"},
    "no origin": {"origin": None},
    "a frame in another page": {"crossOrigin": True},
    "another kind": {"kind": "payment.get"},
}
FLAGS: Final = [0, PRESENT, VERIFIED, BACKUP_ELIGIBLE | BACKED_UP]
# Public keys in COSE form (RFC 9053), the largest with a modulus of 4104 bits.
UNUSABLE: Final[Mapping[str, bytes]] = {
    "nothing": b"",
    "an empty map": b"\xa0",
    "a number": b"\x04",
    "ES384": b"\xa5\x01\x02\x03\x38\x22\x20\x02\x21\x58\x30"
    + bytes(48)
    + b"\x22\x58\x30"
    + bytes(48),
    "a point on no curve": (
        b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20" + bytes(32) + b"\x22\x58\x20" + bytes(32)
    ),
    "ES256 on another curve": (
        b"\xa5\x01\x02\x03\x26\x20\x02\x21\x58\x30" + bytes(48) + b"\x22\x58\x30" + bytes(48)
    ),
    "a key that is far too large": (
        b"\xa4\x01\x03\x03\x39\x01\x00\x20\x59\x02\x01" + b"\xff" * 513 + b"\x21\x43\x01\x00\x01"
    ),
}


def _registration(device: Authenticator, **lies: Any) -> Attestation:
    return read_attestation(device.create(OPTIONS, **lies))


def _part(raw: bytes, percent: int) -> bytes:
    return raw[: len(raw) * percent // 100]


class WebAuthnContract(Contract):
    """Answers of authenticators. Fixtures: `webauthn`, and `make_key`, which makes key pairs."""

    @pytest.fixture
    def device(self, make_key: Callable[[bytes], CredentialKey]) -> Authenticator:
        """Give an authenticator."""
        return Authenticator(make_key=make_key)

    @pytest.fixture
    def enrolled(self, webauthn: WebAuthn, device: Authenticator) -> NewCredential:
        """Give a credential of the authenticator."""
        return webauthn.check_attestation(_registration(device), CHALLENGE, OURS)

    # --- check_attestation ---

    @pytest.mark.parametrize("flags", [0, BACKUP_ELIGIBLE, BACKUP_ELIGIBLE | BACKED_UP])
    def test_check_attestation_returns_the_new_credential(
        self, webauthn: WebAuthn, device: Authenticator, flags: int
    ) -> None:
        device.flags |= flags
        made = webauthn.check_attestation(_registration(device), CHALLENGE, OURS)
        assert made.public_key == device.credentials[0].key.public_key
        assert made.state == AuthenticatorState(
            sign_count=0,
            is_backup_eligible=bool(flags & BACKUP_ELIGIBLE),
            is_backed_up=bool(flags & BACKED_UP),
        )

    @pytest.mark.parametrize("lie", LIES)
    def test_check_attestation_refuses_a_lie(
        self, webauthn: WebAuthn, device: Authenticator, lie: str
    ) -> None:
        with pytest.raises(PasskeyRefused):
            webauthn.check_attestation(_registration(device, **LIES[lie]), CHALLENGE, OURS)

    def test_check_attestation_refuses_an_assertion(
        self, webauthn: WebAuthn, device: Authenticator
    ) -> None:
        with pytest.raises(PasskeyRefused):
            webauthn.check_attestation(_registration(device, kind="webauthn.get"), CHALLENGE, OURS)

    @pytest.mark.parametrize("flags", FLAGS)
    def test_check_attestation_refuses_a_user_who_is_absent_or_unverified(
        self, webauthn: WebAuthn, device: Authenticator, flags: int
    ) -> None:
        device.flags = flags
        with pytest.raises(PasskeyRefused):
            webauthn.check_attestation(_registration(device), CHALLENGE, OURS)

    def test_check_attestation_refuses_another_id_than_the_one_shown(
        self, webauthn: WebAuthn, device: Authenticator
    ) -> None:
        shown = replace(_registration(device), credential_id=b"another")
        with pytest.raises(PasskeyRefused):
            webauthn.check_attestation(shown, CHALLENGE, OURS)

    @pytest.mark.parametrize("key", UNUSABLE)
    def test_check_attestation_refuses_a_key_that_is_of_no_use(
        self, webauthn: WebAuthn, key: str
    ) -> None:
        device = Authenticator(make_key=lambda _: PlainKey(UNUSABLE[key]))
        with pytest.raises(PasskeyRefused):
            webauthn.check_attestation(_registration(device), CHALLENGE, OURS)

    @pytest.mark.parametrize("form", ["fido-u2f", "apple", "tpm", "unheard-of"])
    def test_check_attestation_refuses_statements_by_others(
        self, webauthn: WebAuthn, device: Authenticator, form: str
    ) -> None:
        plain = _registration(device)
        other = with_statement(plain.attestation_object, form, b"\xa0")
        with pytest.raises(PasskeyRefused):
            webauthn.check_attestation(replace(plain, attestation_object=other), CHALLENGE, OURS)

    @examples(30)
    @given(percent=st.integers(0, 99), junk=st.binary(max_size=200))
    def test_check_attestation_refuses_what_is_not_whole(
        self, webauthn: WebAuthn, device: Authenticator, percent: int, junk: bytes
    ) -> None:
        whole = _registration(device)
        part = replace(whole, attestation_object=_part(whole.attestation_object, percent))
        noise = replace(whole, attestation_object=junk)
        strange = replace(whole, client_data=junk)
        for wrong in (part, noise, strange):
            with pytest.raises(PasskeyRefused):
                webauthn.check_attestation(wrong, CHALLENGE, OURS)

    # --- check_assertion ---

    @pytest.mark.parametrize("origin", OURS.origins)
    def test_check_assertion_returns_what_the_authenticator_tells(
        self, webauthn: WebAuthn, device: Authenticator, enrolled: NewCredential, origin: str
    ) -> None:
        device.flags |= BACKUP_ELIGIBLE | BACKED_UP
        device.credentials[0].sign_count = 2**32 - 2
        told = self._check(webauthn, enrolled, device, origin=origin)
        assert told == AuthenticatorState(
            sign_count=2**32 - 1, is_backup_eligible=True, is_backed_up=True
        )

    def test_check_assertion_leaves_the_counter_to_others(
        self, webauthn: WebAuthn, device: Authenticator, enrolled: NewCredential
    ) -> None:
        device.counts = False
        assert [self._check(webauthn, enrolled, device).sign_count for _ in range(2)] == [0, 0]

    @pytest.mark.parametrize("lie", LIES)
    def test_check_assertion_refuses_a_lie(
        self, webauthn: WebAuthn, device: Authenticator, enrolled: NewCredential, lie: str
    ) -> None:
        with pytest.raises(PasskeyRefused):
            self._check(webauthn, enrolled, device, **LIES[lie])

    def test_check_assertion_refuses_an_attestation(
        self, webauthn: WebAuthn, device: Authenticator, enrolled: NewCredential
    ) -> None:
        with pytest.raises(PasskeyRefused):
            self._check(webauthn, enrolled, device, kind="webauthn.create")

    @pytest.mark.parametrize("flags", FLAGS)
    def test_check_assertion_refuses_a_user_who_is_absent_or_unverified(
        self, webauthn: WebAuthn, device: Authenticator, enrolled: NewCredential, flags: int
    ) -> None:
        device.flags = flags
        with pytest.raises(PasskeyRefused):
            self._check(webauthn, enrolled, device)

    def test_check_assertion_refuses_the_signature_of_another_key(
        self, webauthn: WebAuthn, device: Authenticator, enrolled: NewCredential
    ) -> None:
        device.create(OPTIONS)
        with pytest.raises(PasskeyRefused):
            self._check(webauthn, enrolled, device, credential=device.credentials[1])

    def test_check_assertion_refuses_what_was_changed_after_it_was_signed(
        self, webauthn: WebAuthn, device: Authenticator, enrolled: NewCredential
    ) -> None:
        signed = read_assertion(device.get(OPTIONS))
        for name in ("authenticator_data", "signature"):
            raw = bytearray(getattr(signed, name))
            raw[-1] ^= 1
            changed = replace(signed, **{name: bytes(raw)})
            with pytest.raises(PasskeyRefused):
                webauthn.check_assertion(changed, enrolled.public_key, CHALLENGE, OURS)
        spaced = replace(signed, client_data=signed.client_data + b" ")
        with pytest.raises(PasskeyRefused):
            webauthn.check_assertion(spaced, enrolled.public_key, CHALLENGE, OURS)

    @examples(30)
    @given(percent=st.integers(0, 99), junk=st.binary(max_size=200))
    def test_check_assertion_refuses_what_is_not_whole(
        self,
        webauthn: WebAuthn,
        device: Authenticator,
        enrolled: NewCredential,
        percent: int,
        junk: bytes,
    ) -> None:
        whole = read_assertion(device.get(OPTIONS))
        for name in ("client_data", "authenticator_data", "signature"):
            for wrong in (_part(getattr(whole, name), percent), junk):
                part = replace(whole, **{name: wrong})
                with pytest.raises(PasskeyRefused):
                    webauthn.check_assertion(part, enrolled.public_key, CHALLENGE, OURS)

    @staticmethod
    def _check(
        webauthn: WebAuthn, enrolled: NewCredential, device: Authenticator, **lies: Any
    ) -> AuthenticatorState:
        assertion: Assertion = read_assertion(device.get(OPTIONS, **lies))
        return webauthn.check_assertion(assertion, enrolled.public_key, CHALLENGE, OURS)
