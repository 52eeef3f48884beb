"""Believing cookies, and turning what another way in has begun into a cookie session."""

from contextlib import suppress

from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.cookies.carrying import CookieSession, read_cookie
from limen.core.cookies.parts import BrowserParts
from limen.core.errors import (
    ConcurrentUpdate,
    RefreshTokenInvalid,
    RefreshTokenReused,
    SessionEnded,
    StepUpNeeded,
)
from limen.core.events import SessionCookieSet
from limen.core.remembered.remembering import Kept, remember
from limen.core.secret import Secret, as_secret
from limen.core.sessions.model import Session
from limen.core.signin.admission import may_go_on
from limen.core.signin.policy import SignInPolicy
from limen.core.states import SessionState
from limen.core.tokens.family import read_token
from limen.core.tokens.issuing import TokenIssuer
from limen.core.tokens.model import AccessClaims
from limen.core.tokens.reuse import end_reused
from limen.ports.families import Standing
from limen.ports.unit_of_work import UnitOfWorkFactory


class CookieService:
    """Sessions that browsers carry in a cookie."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        issuer: TokenIssuer,
        browsers: BrowserParts,
        policy: SignInPolicy,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._issuer = issuer
        self._cookies = browsers.cookies
        self._devices = browsers.devices
        self._memory = browsers.memory
        self._policy = policy

    async def authenticate(
        self, cookie: Secret[str] | str, *, takes_identified: bool = False
    ) -> AccessClaims:
        """Return what the store says now of the session of a cookie.

        Its idle end moves on, once a minute at most. Raises `SessionEnded` for every cookie that
        is not the living one of a live session, or whose user may not come in, and `StepUpNeeded`
        in a session that is merely identified, unless the caller says that it `takes` those.
        """
        shown = read_cookie(cookie)
        now = self._ambient.clock.now()
        async with self._unit_of_work.view() as view:
            standing = await view.families.find_standing(shown.session_id, now)
        if standing is None or not shown.is_of(standing.family):
            raise SessionEnded
        if not may_go_on(standing, self._policy, now):
            raise SessionEnded
        session = standing.session
        if now - session.last_used_at >= self._policy.sessions.use_resolution:
            await self._use(session.used(now, self._policy.sessions))
        if session.state is not SessionState.FULL and not takes_identified:
            raise StepUpNeeded
        return _claims(standing)

    async def exchange(
        self,
        *,
        refresh_token: Secret[str] | str,
        is_remembered: bool = False,
        actor: Actor | None = None,
    ) -> CookieSession:
        """Let a cookie carry the session that this refresh token belongs to.

        With `is_remembered` the browser is remembered, too. The token is used up by it, and the
        session has none any more. Raises `RefreshTokenInvalid`, `RefreshTokenReused` after ending
        the session of a token that was used before, or `ConcurrentUpdate` if somebody uses it at
        the same time.
        """
        plain = as_secret(refresh_token)
        token = read_token(plain)
        by = actor or Actor.anonymous()
        now = self._ambient.clock.now()
        async with self._unit_of_work.view() as view:
            standing = await view.families.find_standing(token.session_id, now)
        if standing is None or not may_go_on(standing, self._policy, now):
            raise RefreshTokenInvalid
        try:
            successor, _ = self._issuer.rotate(standing.family, token, now)
        except RefreshTokenReused:
            await end_reused(self._unit_of_work, standing, token, by, now)
            raise
        if successor is standing.family:
            # The token before the living one: good for a lost answer, and for nothing else.
            raise RefreshTokenInvalid
        device = self._devices.mark(by)
        kept = self._memory.begin(standing.session, now) if is_remembered else None
        cookie = await self._carry(standing, by, device, kept)
        return self._cookies.hand_over(
            cookie, session=standing.session, user=standing.user, now=now, device=device, kept=kept
        )

    def csrf_token(self, cookie: Secret[str] | str) -> Secret[str]:
        """Return the token without which nothing is written by this cookie.

        Raises `SessionEnded` for what is no cookie; whether it lives is not looked at.
        """
        return self._cookies.csrf_token(cookie)

    def check_csrf(self, cookie: Secret[str] | str, token: str) -> None:
        """Raise `CsrfRefused` unless the token is that of the cookie."""
        self._cookies.check_csrf(cookie, token)

    async def _carry(
        self, standing: Standing, actor: Actor, device: Secret[str], kept: Kept | None
    ) -> Secret[str]:
        now, session = self._ambient.clock.now(), standing.session
        family, cookie = self._cookies.renew(standing.family, now)
        async with self._unit_of_work() as uow:
            if kept is not None:
                await uow.users.lock(session.user_id)
            await uow.families.rotate(family)
            if session.is_fresh(now):
                await self._devices.add_mark(uow, session, device, now)
            if kept is not None:
                await remember(uow, kept, actor.as_user(session.user_id, session.id), now)
            uow.emit(
                SessionCookieSet(
                    at=now,
                    actor=actor.as_user(session.user_id, session.id),
                    user_id=session.user_id,
                    session_id=session.id,
                    generation=family.generation,
                )
            )
            await uow.commit()
        return cookie

    async def _use(self, session: Session) -> None:
        with suppress(ConcurrentUpdate):
            async with self._unit_of_work() as uow:
                await uow.sessions.use(session)
                await uow.commit()


def _claims(standing: Standing) -> AccessClaims:
    session = standing.session
    return AccessClaims(
        user_id=session.user_id,
        session_id=session.id,
        token_id=session.id,
        roles=standing.roles,
        methods=session.methods,
        authenticated_at=session.authenticated_at,
        issued_at=session.created_at,
        expires_at=min(session.idle_expires_at, session.expires_at),
    )
