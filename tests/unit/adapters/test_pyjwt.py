import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from limen.adapters.pyjwt import _IMPLEMENTATIONS, JwtSigner, _load_public, _public_jwk
from limen.core.errors import TokenInvalid
from limen.core.keys.model import Algorithm, KeyPair
from limen.core.secret import Secret

# RFC 8037, appendix A.1 and A.4.
RFC_PRIVATE = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
RFC_PUBLIC = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
RFC_SIGNED = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
RFC_SIGNATURE = (
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)

SIGNER = JwtSigner()
PAIRS = {algorithm: SIGNER.generate(algorithm) for algorithm in Algorithm}
CLAIMS: dict[str, object] = {"sub": "ada", "roles": ["admin"], "exp": 1, "ü": None}

every_algorithm = pytest.mark.parametrize("algorithm", list(Algorithm))


def encode(raw: bytes | str | dict[str, Any]) -> str:
    if isinstance(raw, dict):
        raw = json.dumps(raw)
    if isinstance(raw, str):
        raw = raw.encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sign(algorithm: Algorithm, pair: KeyPair | None = None) -> str:
    return SIGNER.sign(
        CLAIMS,
        key_id="key-1",
        algorithm=algorithm,
        private=(pair or PAIRS[algorithm]).private,
        token_type="at+jwt",
    ).reveal()


def verify(token: str, algorithm: Algorithm) -> Any:
    return SIGNER.verify(token, algorithm=algorithm, public=PAIRS[algorithm].public)


def test_the_key_of_rfc_8037_has_its_public_half() -> None:
    private = Ed25519PrivateKey.from_private_bytes(decode(RFC_PRIVATE))
    assert _public_jwk(Algorithm.EDDSA, private) == RFC_PUBLIC
    assert encode(private.sign(RFC_SIGNED.encode())) == RFC_SIGNATURE


def test_the_signature_of_rfc_8037_verifies() -> None:
    key = _load_public(Algorithm.EDDSA, frozenset(RFC_PUBLIC.items()))
    eddsa = _IMPLEMENTATIONS[Algorithm.EDDSA]
    assert eddsa.verify(RFC_SIGNED.encode(), key, decode(RFC_SIGNATURE))
    assert not eddsa.verify(RFC_SIGNED.encode() + b"x", key, decode(RFC_SIGNATURE))


@every_algorithm
def test_what_is_signed_verifies_and_says_the_same(algorithm: Algorithm) -> None:
    token = sign(algorithm)
    assert verify(token, algorithm) == CLAIMS
    header = SIGNER.read_header(token)
    assert (header.key_id, header.algorithm, header.type) == ("key-1", algorithm.value, "at+jwt")


@every_algorithm
def test_a_public_half_holds_nothing_private(algorithm: Algorithm) -> None:
    assert PAIRS[algorithm].public.keys() <= {"kty", "crv", "x", "y", "n", "e"}


@every_algorithm
def test_another_key_does_not_verify(algorithm: Algorithm) -> None:
    with pytest.raises(TokenInvalid):
        verify(sign(algorithm, SIGNER.generate(algorithm)), algorithm)


@pytest.mark.parametrize("claimed", ["none", "HS256", "RS256", "ES256", "ES256K", "Ed25519", ""])
def test_the_tokens_own_algorithm_never_counts(claimed: str) -> None:
    _, claims, signature = sign(Algorithm.EDDSA).split(".")
    header = encode({"alg": claimed, "kid": "key-1", "typ": "at+jwt"})
    for tail in (signature, ""):
        with pytest.raises(TokenInvalid):
            verify(f"{header}.{claims}.{tail}", Algorithm.EDDSA)


@every_algorithm
def test_a_key_of_another_kind_does_not_verify(algorithm: Algorithm) -> None:
    for other in set(Algorithm) - {algorithm}:
        with pytest.raises(TokenInvalid):
            SIGNER.verify(sign(algorithm), algorithm=algorithm, public=PAIRS[other].public)


@every_algorithm
def test_a_private_key_of_another_kind_does_not_sign(algorithm: Algorithm) -> None:
    for other in set(Algorithm) - {algorithm}:
        with pytest.raises(TypeError):
            sign(algorithm, PAIRS[other])


@pytest.mark.parametrize(
    "public",
    [
        {},
        {"kty": "OKP", "crv": "Ed25519"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
        {"kty": "OKP", "crv": "Ed448", "x": RFC_PUBLIC["x"]},
        {"kty": "oct", "k": "c2VjcmV0"},
    ],
)
def test_a_key_that_is_none_does_not_verify(public: dict[str, str]) -> None:
    with pytest.raises(TokenInvalid):
        SIGNER.verify(sign(Algorithm.EDDSA), algorithm=Algorithm.EDDSA, public=public)


@settings(deadline=None)
@given(at=st.integers(0, 400), character=st.sampled_from("AQgw_-.=+/ \n\x00é"))
def test_no_character_can_be_changed(at: int, character: str) -> None:
    token = TOKEN
    at %= len(token)
    changed = token[:at] + character + token[at + 1 :]
    if changed != token:
        with pytest.raises(TokenInvalid):
            verify(changed, Algorithm.EDDSA)


TOKEN = sign(Algorithm.EDDSA)
HEADER = {"alg": "EdDSA", "kid": "key-1", "typ": "at+jwt"}


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in HEADER.items() if key != name}


@pytest.mark.parametrize(
    "header",
    [
        without("alg"),
        without("kid"),
        without("typ"),
        HEADER | {"crit": []},
        HEADER | {"crit": ["exp"]},
        HEADER | {"kid": 1},
        HEADER | {"kid": ""},
        HEADER | {"kid": "k" * 201},
        HEADER | {"typ": None},
        "[]",
        '"EdDSA"',
        "null",
        "",
        "{",
        '{"alg":"EdDSA","alg":"EdDSA","kid":"key-1","typ":"at+jwt"}',
        '{"alg":"EdDSA","kid":"key-1","typ":"at+jwt","n":NaN}',
        '{"alg":"EdDSA","kid":"key-1","typ":"at+jwt","n":' + "[" * 2500 + "]}",
        b"\xff\xfe",
    ],
)
def test_a_header_that_is_none_is_refused(header: Any) -> None:
    _, claims, signature = TOKEN.split(".")
    with pytest.raises(TokenInvalid):
        SIGNER.read_header(f"{encode(header)}.{claims}.{signature}")


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b", "a.b.c.d", TOKEN + ".", TOKEN + "=", " " + TOKEN, TOKEN + "\n", "é.é.é"],
)
def test_what_has_not_the_form_of_a_token_is_refused(token: str) -> None:
    with pytest.raises(TokenInvalid):
        SIGNER.read_header(token)


def test_a_token_is_measured_before_it_is_read() -> None:
    header, claims, signature = TOKEN.split(".")
    room = 4096 - len(f"{header}..{signature}")
    SIGNER.read_header(f"{header}.{'A' * (room - room % 4)}.{signature}")
    with pytest.raises(TokenInvalid):
        SIGNER.read_header(f"{header}.{'A' * (room + 4)}.{signature}")
    assert claims


@given(st.text())
def test_any_text_may_be_asked_about(text: str) -> None:
    with pytest.raises(TokenInvalid):
        SIGNER.read_header(text)


@pytest.mark.parametrize("payload", ["[]", "1", '{"a":1,"a":2}', '{"a":Infinity}', "{", ""])
def test_signed_claims_that_are_no_object_are_refused(payload: str) -> None:
    pair = PAIRS[Algorithm.EDDSA]
    key = SIGNER._private(Algorithm.EDDSA, pair.private.reveal())
    signed = f"{encode(dict(HEADER))}.{encode(payload)}"
    signature = _IMPLEMENTATIONS[Algorithm.EDDSA].sign(signed.encode(), key)
    with pytest.raises(TokenInvalid):
        verify(f"{signed}.{encode(signature)}", Algorithm.EDDSA)


def test_key_objects_are_made_once_and_forgotten_in_time() -> None:
    signer = JwtSigner()
    for _ in range(3):
        token = signer.sign(
            CLAIMS,
            key_id="key-1",
            algorithm=Algorithm.EDDSA,
            private=PAIRS[Algorithm.EDDSA].private,
            token_type="at+jwt",
        )
        signer.verify(
            token.reveal(), algorithm=Algorithm.EDDSA, public=PAIRS[Algorithm.EDDSA].public
        )
    for cache in (signer._private.cache_info(), signer._public.cache_info()):
        assert (cache.misses, cache.hits, cache.maxsize) == (1, 2, 32)


def test_a_private_key_is_pkcs8() -> None:
    private: Secret[bytes] = PAIRS[Algorithm.ES256].private
    assert private.reveal().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert "PRIVATE" not in repr(PAIRS[Algorithm.ES256])
