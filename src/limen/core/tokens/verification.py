"""Believing an access token, or not."""

import hashlib
from typing import Final

from limen.core.errors import TokenInvalid
from limen.core.keys.ring import KeyRing
from limen.core.sessions.denial import DenialList
from limen.core.tokens.model import LONGEST_TOKEN, TOKEN_TYPE, AccessClaims, TokenPolicy
from limen.ports.clock import Clock
from limen.ports.token_signer import TokenSigner

_REMEMBERED: Final = 10_000


class AccessTokenVerifier:
    """Verifies access tokens (RFC 9068 section 4, RFC 8725).

    A signature is checked once: claims are remembered under the token's digest, a bounded number
    of them. Time and the denial list are asked every time.
    """

    def __init__(
        self,
        *,
        ring: KeyRing,
        signer: TokenSigner,
        denials: DenialList,
        clock: Clock,
        policy: TokenPolicy,
    ) -> None:
        self._ring = ring
        self._signer = signer
        self._denials = denials
        self._clock = clock
        self._policy = policy
        self._known: dict[bytes, AccessClaims] = {}

    async def verify(self, token: str) -> AccessClaims:
        """Return what the token says.

        Raises `TokenInvalid`, `TokenExpired`, `SessionEnded`, or `StorageUnavailable` when it
        cannot be known whether the session still lives.
        """
        if len(token) > LONGEST_TOKEN:
            raise TokenInvalid
        digest = hashlib.sha256(token.encode(errors="replace")).digest()
        claims = self._known.get(digest)
        if claims is None:
            claims = await self._read(token)
            self._remember(digest, claims)
        else:
            claims.check_time(self._policy, self._clock.now())
        await self._denials.check(claims.session_id)
        return claims

    async def _read(self, token: str) -> AccessClaims:
        header = self._signer.read_header(token)
        if header.type != TOKEN_TYPE:
            raise TokenInvalid
        key = await self._ring.verifying(header.key_id)
        if header.algorithm != key.algorithm:
            raise TokenInvalid
        claims = self._signer.verify(token, algorithm=key.algorithm, public=key.public)
        return AccessClaims.read(claims, self._policy, self._clock.now())

    def _remember(self, digest: bytes, claims: AccessClaims) -> None:
        if len(self._known) >= _REMEMBERED:
            oldest = next(iter(self._known))
            del self._known[oldest]
        self._known[digest] = claims
