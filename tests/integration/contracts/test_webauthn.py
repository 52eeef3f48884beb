"""The contract of verifiers, on py_webauthn with each algorithm, and on the one of the kit."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import encode_cbor

from limen.adapters.webauthn import PyWebAuthn
from limen.testing.contracts.webauthn import WebAuthnContract
from limen.testing.passkeys import Authenticator, CredentialKey, PlainWebAuthn

# Made once: an RSA key takes as long as all tests together.
RSA = rsa.generate_private_key(65537, 2048)
OTHER_RSA = rsa.generate_private_key(65537, 2048)


class EdDsa:
    def __init__(self, _seed: bytes) -> None:
        self._key = ed25519.Ed25519PrivateKey.generate()

    @property
    def public_key(self) -> bytes:
        return encode_cbor({1: 1, 3: -8, -1: 6, -2: self._key.public_key().public_bytes_raw()})

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)


class Es256:
    def __init__(self, _seed: bytes) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> bytes:
        numbers = self._key.public_key().public_numbers()
        return encode_cbor(
            {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        )

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data, ec.ECDSA(SHA256()))


class Rs256:
    def __init__(self, seed: bytes) -> None:
        self._key = RSA if seed.endswith(b"0") else OTHER_RSA

    @property
    def public_key(self) -> bytes:
        numbers = self._key.public_key().public_numbers()
        return encode_cbor({1: 3, 3: -257, -1: numbers.n.to_bytes(256), -2: b"\x01\x00\x01"})

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data, padding.PKCS1v15(), SHA256())


class TestEdDsa(WebAuthnContract):
    @pytest.fixture
    def webauthn(self) -> PyWebAuthn:
        return PyWebAuthn()

    @pytest.fixture
    def make_key(self) -> Callable[[bytes], CredentialKey]:
        return EdDsa


class TestEs256(WebAuthnContract):
    @pytest.fixture
    def webauthn(self) -> PyWebAuthn:
        return PyWebAuthn()

    @pytest.fixture
    def make_key(self) -> Callable[[bytes], CredentialKey]:
        return Es256


class TestRs256(WebAuthnContract):
    @pytest.fixture
    def webauthn(self) -> PyWebAuthn:
        return PyWebAuthn()

    @pytest.fixture
    def make_key(self) -> Callable[[bytes], CredentialKey]:
        return Rs256


class TestPlain(WebAuthnContract):
    @pytest.fixture
    def webauthn(self) -> PlainWebAuthn:
        return PlainWebAuthn()

    @pytest.fixture
    def make_key(self) -> Callable[[bytes], CredentialKey]:
        return Authenticator().make_key
