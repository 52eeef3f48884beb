"""Refreshing and believing tokens."""

from typing import NoReturn

from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import (
    PartialSessionInvalid,
    RefreshTokenInvalid,
    RefreshTokenReused,
    SecondFactorNeeded,
    StepUpNeeded,
    TokenInvalid,
)
from limen.core.events import RefreshTokenRotated
from limen.core.partial_sessions.model import PREFIX
from limen.core.partial_sessions.taking import find_partial
from limen.core.repeating import repeated
from limen.core.secret import Secret, as_secret
from limen.core.sessions.model import Session
from limen.core.signin.admission import may_go_on
from limen.core.signin.policy import SignInPolicy
from limen.core.states import SessionState
from limen.core.tokens.family import PresentedToken, RefreshFamily, read_token
from limen.core.tokens.issuing import IssuedTokens, TokenIssuer
from limen.core.tokens.model import AccessClaims
from limen.core.tokens.reuse import end_reused
from limen.core.tokens.verification import AccessTokenVerifier
from limen.ports.families import Standing
from limen.ports.unit_of_work import UnitOfWorkFactory


class TokenService:
    """Exchanging a refresh token for the next one, and telling whose an access token is."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        issuer: TokenIssuer,
        verifier: AccessTokenVerifier,
        policy: SignInPolicy,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._issuer = issuer
        self._verifier = verifier
        self._policy = policy

    async def authenticate(self, access_token: Secret[str] | str) -> AccessClaims:
        """Return what a good access token says, without reading the store at each call.

        Raises `TokenInvalid`, `TokenExpired`, `SessionEnded` or `StorageUnavailable`, and for the
        token of a sign-in that waits for its second factor `SecondFactorNeeded`; `StepUpNeeded` for
        one of a session in which nothing was proved.
        """
        plain = as_secret(access_token).reveal()
        if plain.startswith(PREFIX):
            await self._refuse_partial(plain)
        claims = await self._verifier.verify(plain)
        if claims.state is not SessionState.FULL:
            raise StepUpNeeded
        return claims

    async def _refuse_partial(self, token: str) -> NoReturn:
        try:
            async with self._unit_of_work.view() as view:
                await find_partial(view, token, self._ambient.clock.now())
        except PartialSessionInvalid:
            raise TokenInvalid from None
        raise SecondFactorNeeded

    async def refresh(
        self, *, refresh_token: Secret[str] | str, actor: Actor | None = None
    ) -> IssuedTokens:
        """Exchange a refresh token for the next one and a new access token (RFC 9700 section 4.14).

        Within the grace a token just used gives the same successor again. Raises
        `RefreshTokenInvalid`, or `RefreshTokenReused` after ending the session of a token that
        comes again later.
        """
        plain = as_secret(refresh_token)
        token = read_token(plain)
        by = actor or Actor.anonymous()
        # If somebody with the same token was first, the grace gives us their successor.
        return await repeated(lambda: self._refresh(token, by))

    async def _refresh(self, token: PresentedToken, actor: Actor) -> IssuedTokens:
        now = self._ambient.clock.now()
        async with self._unit_of_work.view() as view:
            standing = await view.families.find_standing(token.session_id, now)
        if standing is None or not may_go_on(standing, self._policy, now):
            raise RefreshTokenInvalid
        try:
            family, successor = self._issuer.rotate(standing.family, token, now)
        except RefreshTokenReused:
            await end_reused(self._unit_of_work, standing, token, actor, self._ambient.clock.now())
            raise
        session = standing.session
        if family is not standing.family:
            session = await self._store(standing, family, actor)
        return await self._issuer.issue(
            user=standing.user,
            session=session,
            roles=standing.roles,
            refresh_token=successor,
            now=now,
        )

    async def _store(self, standing: Standing, family: RefreshFamily, actor: Actor) -> Session:
        session = standing.session
        now = family.rotated_at
        async with self._unit_of_work() as uow:
            # The session before its family, as those who end one do: nobody waits in a circle.
            if now - session.last_used_at >= self._policy.sessions.use_resolution:
                session = session.used(now, self._policy.sessions)
                await uow.sessions.use(session)
            await uow.families.rotate(family)
            uow.emit(
                RefreshTokenRotated(
                    at=now,
                    actor=actor.as_user(session.user_id, session.id),
                    user_id=session.user_id,
                    session_id=session.id,
                    generation=family.generation,
                )
            )
            await uow.commit()
        return session
