"""Signatures of tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from limen.core.keys.model import Algorithm, KeyPair
from limen.core.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenHeader:
    """The header of a token, not yet believed: only good for finding the key."""

    key_id: str
    algorithm: str
    type: str


class TokenSigner(Protocol):
    """Makes key pairs, signs claims and checks signatures; time and claims are the core's."""

    def generate(self, algorithm: Algorithm) -> KeyPair:
        """Return a new key pair for `algorithm`."""
        ...

    def sign(
        self,
        claims: Mapping[str, object],
        *,
        key_id: str,
        algorithm: Algorithm,
        private: Secret[bytes],
        token_type: str,
    ) -> Secret[str]:
        """Return `claims` as a signed JWT (RFC 7515 compact form) with `kid` and `typ`."""
        ...

    def read_header(self, token: str) -> TokenHeader:
        """Return the header of `token`, so that its key can be found.

        Raises `TokenInvalid` if it has not the form of a JWT, is longer than 4096 characters,
        lacks `kid`, `alg` or `typ`, or has a `crit` header.
        """
        ...

    def verify(
        self, token: str, *, algorithm: Algorithm, public: Mapping[str, str]
    ) -> Mapping[str, object]:
        """Return the claims of `token` if `public` verifies it by exactly `algorithm`.

        Raises `TokenInvalid` otherwise. Claims are not judged.
        """
        ...
