"""What `limen.ports.token_signer.TokenSigner` promises."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.core.errors import TokenInvalid
from limen.core.keys.model import Algorithm, KeyPair
from limen.ports.token_signer import TokenHeader, TokenSigner
from limen.testing.contract import Contract, examples

CLAIMS: Final[Mapping[str, object]] = {
    "sub": "019d05f7-83b9-7000-8000-000000000000",
    "exp": 1,
    "roles": ["admin", "Zoë 日本"],
    "nested": {"yes": True, "no": None, "number": 2**53 - 1},
}
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# Of a public JWK (RFC 7518): everything that belongs to a private key.
_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"})


def _sign(
    signer: TokenSigner, pair: KeyPair, algorithm: Algorithm = Algorithm.EDDSA, **more: Any
) -> str:
    return signer.sign(
        {**CLAIMS, **more},
        key_id="key-1",
        algorithm=algorithm,
        private=pair.private,
        token_type="at+jwt",
    ).reveal()


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(segment: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return decoded


def _with_header(token: str, change: Callable[[dict[str, Any]], object]) -> str:
    header, rest = token.split(".", 1)
    decoded = _decode(header)
    change(decoded)
    return f"{_encode(json.dumps(decoded).encode())}.{rest}"


class TokenSignerContract(Contract):
    """Signed tokens. Fixture: `signer`."""

    @pytest.fixture
    def pair(self, signer: TokenSigner) -> KeyPair:
        """Give a key pair for EdDSA."""
        return signer.generate(Algorithm.EDDSA)

    @pytest.fixture
    def token(self, signer: TokenSigner, pair: KeyPair) -> str:
        """Give a good token."""
        return _sign(signer, pair)

    # --- generate, sign, verify ---

    @pytest.mark.parametrize("algorithm", list(Algorithm))
    def test_verify_returns_the_claims_that_were_signed(
        self, signer: TokenSigner, algorithm: Algorithm
    ) -> None:
        pair = signer.generate(algorithm)
        token = _sign(signer, pair, algorithm)
        assert signer.verify(token, algorithm=algorithm, public=pair.public) == CLAIMS
        assert token.count(".") == 2

    @pytest.mark.parametrize("algorithm", list(Algorithm))
    def test_the_public_half_tells_nothing_private_and_travels_as_json(
        self, signer: TokenSigner, algorithm: Algorithm
    ) -> None:
        pair = signer.generate(algorithm)
        assert _PRIVATE_MEMBERS.isdisjoint(pair.public)
        token = _sign(signer, pair, algorithm)
        public = json.loads(json.dumps(dict(pair.public)))
        assert signer.verify(token, algorithm=algorithm, public=public) == CLAIMS

    def test_key_pairs_are_new_each_time(self, signer: TokenSigner) -> None:
        pairs = [signer.generate(Algorithm.EDDSA) for _ in range(10)]
        assert len({json.dumps(dict(pair.public), sort_keys=True) for pair in pairs}) == 10
        assert len({pair.private.reveal() for pair in pairs}) == 10

    def test_verify_does_not_judge_claims(self, signer: TokenSigner, pair: KeyPair) -> None:
        token = _sign(signer, pair, exp=0, nbf=2**40, aud=None)
        claims = signer.verify(token, algorithm=Algorithm.EDDSA, public=pair.public)
        assert (claims["exp"], claims["nbf"], claims["aud"]) == (0, 2**40, None)

    def test_verify_raises_token_invalid_for_another_key(
        self, signer: TokenSigner, token: str
    ) -> None:
        other = signer.generate(Algorithm.EDDSA)
        with pytest.raises(TokenInvalid):
            signer.verify(token, algorithm=Algorithm.EDDSA, public=other.public)

    @examples(100)
    @given(data=st.data())
    def test_verify_raises_token_invalid_if_a_single_character_differs(
        self, signer: TokenSigner, pair: KeyPair, token: str, data: st.DataObject
    ) -> None:
        place = data.draw(st.integers(0, len(token) - 1))
        other = data.draw(
            st.sampled_from(f"{_ALPHABET}.= +/\n").filter(lambda c: c != token[place])
        )
        changed = token[:place] + other + token[place + 1 :]
        with pytest.raises(TokenInvalid):
            signer.verify(changed, algorithm=Algorithm.EDDSA, public=pair.public)

    def test_verify_raises_token_invalid_for_parts_of_two_good_tokens(
        self, signer: TokenSigner, pair: KeyPair, token: str
    ) -> None:
        other = _sign(signer, pair, sub="somebody else")
        header, claims, _ = token.split(".")
        for mixed in (
            f"{header}.{claims}.{other.split('.')[2]}",
            f"{header}.{other.split('.')[1]}.{token.split('.')[2]}",
            f"{header}.{claims}.",
        ):
            with pytest.raises(TokenInvalid):
                signer.verify(mixed, algorithm=Algorithm.EDDSA, public=pair.public)

    @pytest.mark.parametrize("named", ["none", "None", "HS256", "ES256", "RS256", "eddsa", ""])
    def test_verify_takes_the_algorithm_from_the_caller_never_from_the_token(
        self, signer: TokenSigner, pair: KeyPair, token: str, named: str
    ) -> None:
        changed = _with_header(token, lambda header: header.update(alg=named))
        for wrong in (changed, changed.rpartition(".")[0] + "."):
            with pytest.raises(TokenInvalid):
                signer.verify(wrong, algorithm=Algorithm.EDDSA, public=pair.public)

    def test_verify_raises_token_invalid_if_the_token_is_of_another_algorithm(
        self, signer: TokenSigner
    ) -> None:
        pair = signer.generate(Algorithm.ES256)
        token = _sign(signer, pair, Algorithm.ES256)
        eddsa = signer.generate(Algorithm.EDDSA)
        with pytest.raises(TokenInvalid):
            signer.verify(token, algorithm=Algorithm.EDDSA, public=eddsa.public)

    # --- read_header ---

    def test_read_header_returns_what_was_signed(self, signer: TokenSigner, token: str) -> None:
        expected = TokenHeader(key_id="key-1", algorithm="EdDSA", type="at+jwt")
        assert signer.read_header(token) == expected

    def test_read_header_believes_nothing_and_checks_no_signature(
        self, signer: TokenSigner, token: str
    ) -> None:
        changed = _with_header(token, lambda header: header.update(alg="none", kid="x", typ="y"))
        assert signer.read_header(changed) == TokenHeader(key_id="x", algorithm="none", type="y")

    @pytest.mark.parametrize(
        "text",
        ["", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "e30.e30.", "bnVsbA.e30.e30", "\0.\0.\0",
         "é.é.é", "W10.e30.e30", "e30=.e30.e30", " ", "🜁"],
    )  # fmt: skip
    def test_read_header_raises_token_invalid_for_what_has_not_the_form_of_a_jwt(
        self, signer: TokenSigner, text: str
    ) -> None:
        with pytest.raises(TokenInvalid):
            signer.read_header(text)

    @examples(100)
    @given(text=st.text(max_size=60) | st.text(_ALPHABET + ".", max_size=60))
    def test_read_header_raises_token_invalid_for_any_noise(
        self, signer: TokenSigner, text: str
    ) -> None:
        with pytest.raises(TokenInvalid):
            signer.read_header(text)

    def test_a_token_longer_than_4096_characters_is_refused(
        self, signer: TokenSigner, pair: KeyPair
    ) -> None:
        room = 4096 - len(_sign(signer, pair, filler=""))
        # Base64 writes four characters for three bytes: go up to the bound and beyond it.
        sizes = range(room * 3 // 4 - 4, room * 3 // 4 + 5)
        tokens = [_sign(signer, pair, filler="x" * size) for size in sizes]
        assert min(map(len, tokens)) <= 4096 < max(map(len, tokens))
        for token in tokens:
            if len(token) <= 4096:
                assert signer.read_header(token).key_id == "key-1"
                continue
            with pytest.raises(TokenInvalid):
                signer.read_header(token)

    @pytest.mark.parametrize("name", ["kid", "alg", "typ"])
    @pytest.mark.parametrize("value", [None, 7, ["x"], {}, True])
    def test_read_header_raises_token_invalid_without_kid_alg_or_typ(
        self, signer: TokenSigner, token: str, name: str, value: object
    ) -> None:
        for wrong in (
            _with_header(token, lambda header: header.pop(name)),
            _with_header(token, lambda header: header.update({name: value})),
        ):
            with pytest.raises(TokenInvalid):
                signer.read_header(wrong)

    @pytest.mark.parametrize("crit", [[], ["exp"], ["b64"], None])
    def test_read_header_raises_token_invalid_with_a_crit_header(
        self, signer: TokenSigner, token: str, crit: object
    ) -> None:
        wrong = _with_header(token, lambda header: header.update(crit=crit))
        with pytest.raises(TokenInvalid):
            signer.read_header(wrong)
