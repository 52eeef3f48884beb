"""What an access token must be before it is believed, and what is remembered of it."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta

import pytest

from limen.core.errors import TokenInvalid
from limen.core.keys.model import Algorithm
from limen.core.tokens.issuing import IssuedTokens
from limen.core.tokens.model import AccessClaims
from limen.core.tokens.verification import AccessTokenVerifier
from limen.ports.token_signer import TokenHeader
from limen.testing.assembly import Assembly
from limen.testing.fakes import PlainSigner

MOST = 10_000


class CountingSigner(PlainSigner):
    """Counts what it is asked, and can be made to read another header."""

    def __init__(self) -> None:
        super().__init__()
        self.headers = 0
        self.verified = 0
        self.header: TokenHeader | None = None

    def read_header(self, token: str) -> TokenHeader:
        self.headers += 1
        return self.header or super().read_header(token)

    def verify(
        self, token: str, *, algorithm: Algorithm, public: Mapping[str, str]
    ) -> Mapping[str, object]:
        self.verified += 1
        return super().verify(token, algorithm=algorithm, public=public)


async def begin() -> tuple[Assembly, CountingSigner, AccessTokenVerifier, IssuedTokens]:
    limen, signer = Assembly(), CountingSigner()
    verifier = AccessTokenVerifier(
        ring=limen.ring,
        signer=signer,
        denials=limen.denials,
        clock=limen.clock,
        policy=limen.policies.tokens,
    )
    await limen.register()
    return limen, signer, verifier, await limen.enter()


async def test_a_signature_is_checked_once() -> None:
    limen, signer, verifier, tokens = await begin()
    text = tokens.access_token.reveal()
    claims = await verifier.verify(text)
    limen.clock.advance(timedelta(minutes=14))
    assert await verifier.verify(text) == claims
    assert (signer.headers, signer.verified) == (1, 1)


async def test_access_tokens_say_what_they_are() -> None:
    _, signer, _, tokens = await begin()
    assert signer.read_header(tokens.access_token.reveal()).type == "at+jwt"


async def test_a_token_that_is_too_long_is_not_even_taken_apart() -> None:
    _, signer, verifier, _ = await begin()
    with pytest.raises(TokenInvalid):
        await verifier.verify("x" * 4096)
    assert signer.headers == 1
    with pytest.raises(TokenInvalid):
        await verifier.verify("x" * 4097)
    assert signer.headers == 1


async def test_what_is_no_text_is_no_token() -> None:
    _, _, verifier, _ = await begin()
    with pytest.raises(TokenInvalid):
        await verifier.verify("\ud800")


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [("JWT", None), ("at+jwt", next(one for one in Algorithm if one is not Algorithm.EDDSA))],
)
async def test_a_token_of_another_kind_or_algorithm_never_reaches_a_key(
    kind: str, algorithm: Algorithm | None
) -> None:
    limen, signer, verifier, tokens = await begin()
    key = await limen.ring.signing()
    used = key.algorithm if algorithm is None else algorithm
    assert used is not key.algorithm or algorithm is None
    signer.header = TokenHeader(key_id=key.id, algorithm=used, type=kind)
    with pytest.raises(TokenInvalid):
        await verifier.verify(tokens.access_token.reveal())
    assert signer.verified == 0


@pytest.mark.parametrize("known", [MOST - 1, MOST])
async def test_so_many_tokens_are_remembered_and_the_oldest_goes_first(known: int) -> None:
    _, _, verifier, tokens = await begin()
    claims = await verifier.verify(tokens.access_token.reveal())
    digest = hashlib.sha256(tokens.access_token.reveal().encode()).digest()
    assert verifier._known == {digest: claims}
    older: dict[bytes, AccessClaims] = {number.to_bytes(4): claims for number in range(known)}
    verifier._known = dict(older)
    await verifier.verify(tokens.access_token.reveal())
    assert len(verifier._known) == MOST
    assert (bytes(4) in verifier._known) is (known < MOST)
    assert list(verifier._known)[-1] == digest
