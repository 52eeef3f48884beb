"""Tokens signed as JWTs (RFC 7519) by PyJWT: EdDSA, ES256 and RS256, nothing else."""

import base64
import binascii
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NoReturn, TypeAlias, cast

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
)
from cryptography.hazmat.primitives.asymmetric.rsa import (
    generate_private_key as generate_rsa_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import Algorithm as Implementation
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError

from limen.core.encoding import write_base64url
from limen.core.errors import TokenInvalid
from limen.core.keys.model import Algorithm, KeyPair
from limen.core.secret import Secret
from limen.core.tokens.model import LONGEST_TOKEN
from limen.ports.token_signer import TokenHeader, TokenSigner

PrivateKey: TypeAlias = Ed25519PrivateKey | EllipticCurvePrivateKey | RSAPrivateKey
PublicKey: TypeAlias = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey

_RSA_BITS: Final = 2048
_RSA_EXPONENT: Final = 65537
_KEYS_AT_HAND: Final = 32
_LONGEST_HEADER_VALUE: Final = 200
_SEGMENTS: Final = 3

# The members of a public JWK that make the key (RFC 7638 section 3.2), with those that are fixed.
_PUBLIC_MEMBERS: Final = {
    Algorithm.EDDSA: ({"kty": "OKP", "crv": "Ed25519"}, ("x",)),
    Algorithm.ES256: ({"kty": "EC", "crv": "P-256"}, ("x", "y")),
    Algorithm.RS256: ({"kty": "RSA"}, ("n", "e")),
}

_IMPLEMENTATIONS: Final[Mapping[Algorithm, Implementation]] = {
    Algorithm.EDDSA: OKPAlgorithm(),
    Algorithm.ES256: ECAlgorithm(ECAlgorithm.SHA256, SECP256R1),
    Algorithm.RS256: RSAAlgorithm(RSAAlgorithm.SHA256),
}


class JwtSigner:
    """Makes key pairs, signs and verifies. Key objects are kept, so that none is parsed per call.

    Of a public key only the members that make it are looked at, and the algorithm is the caller's,
    never the token's (RFC 8725 section 3.1).
    """

    def __init__(self) -> None:
        self._private = lru_cache(_KEYS_AT_HAND)(_load_private)
        self._public = lru_cache(_KEYS_AT_HAND)(_load_public)

    def generate(self, algorithm: Algorithm) -> KeyPair:
        """Return a new key pair: Ed25519, P-256, or RSA of 2048 bits, which takes a while."""
        private = _generate(algorithm)
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return KeyPair(private=Secret(pem), public=_public_jwk(algorithm, private))

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
        payload = json.dumps(claims, separators=(",", ":"), ensure_ascii=False).encode()
        signed = f"{_header(algorithm, key_id, token_type)}.{write_base64url(payload)}"
        key = self._private(algorithm, private.reveal())
        signature = _IMPLEMENTATIONS[algorithm].sign(signed.encode(), key)
        return Secret(f"{signed}.{write_base64url(signature)}")

    def read_header(self, token: str) -> TokenHeader:
        """Return the header of `token`, not yet believed.

        Raises `TokenInvalid` if the token is longer than 4096 characters, is not three segments of
        strict base64url, lacks `kid`, `alg` or `typ`, or has a `crit` header.
        """
        header = _read_object(_segments(token)[0])
        if "crit" in header:
            raise TokenInvalid
        return TokenHeader(
            key_id=_header_text(header, "kid"),
            algorithm=_header_text(header, "alg"),
            type=_header_text(header, "typ"),
        )

    def verify(
        self, token: str, *, algorithm: Algorithm, public: Mapping[str, str]
    ) -> Mapping[str, object]:
        """Return the claims of `token` if `public` verifies it by exactly `algorithm`.

        Raises `TokenInvalid` otherwise. Claims are not judged. The header must be one that
        `read_header` accepts, and name the same algorithm.
        """
        if self.read_header(token).algorithm != algorithm.value:
            raise TokenInvalid
        _, claims, signature = _segments(token)
        signed = token.rpartition(".")[0].encode()
        key = self._public(algorithm, frozenset(public.items()))
        if not _IMPLEMENTATIONS[algorithm].verify(signed, key, signature):
            raise TokenInvalid
        return _read_object(claims)


@lru_cache(_KEYS_AT_HAND)
def _header(algorithm: Algorithm, key_id: str, token_type: str) -> str:
    """Return the first segment of a token, the same for all tokens of one key."""
    header = {"alg": algorithm.value, "typ": token_type, "kid": key_id}
    return write_base64url(json.dumps(header, separators=(",", ":")).encode())


def _generate(algorithm: Algorithm) -> PrivateKey:
    match algorithm:
        case Algorithm.EDDSA:
            return Ed25519PrivateKey.generate()
        case Algorithm.ES256:
            return generate_private_key(SECP256R1())
        case Algorithm.RS256:
            return generate_rsa_key(_RSA_EXPONENT, _RSA_BITS)


def _public_jwk(algorithm: Algorithm, private: PrivateKey) -> dict[str, str]:
    jwk = _IMPLEMENTATIONS[algorithm].to_jwk(private.public_key(), as_dict=True)
    fixed, members = _PUBLIC_MEMBERS[algorithm]
    return fixed | {member: str(jwk[member]) for member in members}


def _load_private(algorithm: Algorithm, pem: bytes) -> PrivateKey:
    key = load_pem_private_key(pem, password=None)
    expected = {
        Algorithm.EDDSA: Ed25519PrivateKey,
        Algorithm.ES256: EllipticCurvePrivateKey,
        Algorithm.RS256: RSAPrivateKey,
    }
    if not isinstance(key, expected[algorithm]):
        raise TypeError(f"the private key is not one for {algorithm}")
    return cast("PrivateKey", key)


def _load_public(algorithm: Algorithm, jwk: frozenset[tuple[str, str]]) -> PublicKey:
    given = dict(jwk)
    fixed, members = _PUBLIC_MEMBERS[algorithm]
    if any(given.get(member) != value for member, value in fixed.items()):
        raise TokenInvalid
    try:
        own = fixed | {member: given[member] for member in members}
        key = _IMPLEMENTATIONS[algorithm].from_jwk(own)
    except (KeyError, ValueError, PyJWTError):
        raise TokenInvalid from None
    return cast("PublicKey", key)


def _segments(token: str) -> list[bytes]:
    if len(token) > LONGEST_TOKEN:
        raise TokenInvalid
    parts = token.split(".")
    if len(parts) != _SEGMENTS:
        raise TokenInvalid
    return [_decode(part) for part in parts]


def _decode(segment: str) -> bytes:
    """Decode base64url strictly: one value, one spelling (RFC 7515 section 2)."""
    try:
        raw = base64.b64decode(segment + "=" * (-len(segment) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise TokenInvalid from None
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != segment.encode():
        raise TokenInvalid
    return raw


def _read_object(raw: bytes) -> dict[str, object]:
    """Read a JSON object; a member that comes twice, NaN and infinity are refused (RFC 8259)."""
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise TokenInvalid from None
    if not isinstance(value, dict):
        raise TokenInvalid
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _refuse(_: str) -> NoReturn:
    raise ValueError


def _header_text(header: Mapping[str, object], name: str) -> str:
    value = header.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_HEADER_VALUE:
        raise TokenInvalid
    return value


_conforms: type[TokenSigner] = JwtSigner
