"""Proving oneself again within a session, so that it counts as fresh."""

from dataclasses import dataclass, replace
from datetime import datetime

from limen.core.access import require_any_session
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.cookies.carrying import CookieSession, read_cookie
from limen.core.cookies.parts import BrowserParts
from limen.core.errors import (
    ConcurrentUpdate,
    SecondFactorNeeded,
    SessionEnded,
    UserNotFound,
)
from limen.core.events import RefreshTokenRotated, SessionCookieSet, SessionSteppedUp
from limen.core.secret import Secret
from limen.core.sessions.model import Session
from limen.core.signin.levels import FactorPolicy
from limen.core.states import SessionState
from limen.core.tokens.issuing import TokenIssuer
from limen.core.users.model import User
from limen.ports.families import Standing
from limen.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Risen:
    """A session whose user has just proved themselves, and what its next token says."""

    user: User
    session: Session
    roles: tuple[str, ...]
    refresh_token: Secret[str] | None = None
    cookie: Secret[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SteppedUp:
    """What a step-up gives: tokens that say so, and how many seconds each lives.

    A session that a browser carries has a new cookie instead of a refresh token. What carried the
    session before is worthless: a copy of it does not become fresh.
    """

    access_token: Secret[str]
    expires_in: int
    refresh_token: Secret[str] | None
    refresh_expires_in: int
    cookie: CookieSession | None = None


class Rise:
    """Makes sessions fresh, however their users proved themselves."""

    def __init__(
        self,
        *,
        ambient: Ambient,
        issuer: TokenIssuer,
        browsers: BrowserParts,
        factors: FactorPolicy,
    ) -> None:
        self._factors = factors
        self._ambient = ambient
        self._issuer = issuer
        self._cookies = browsers.cookies
        self._devices = browsers.devices

    async def lift(
        self,
        uow: UnitOfWork,
        actor: Actor,
        methods: tuple[str, ...],
        cookie: Secret[str] | str | None = None,
    ) -> Risen:
        """Store that the actor has proved themselves by `methods`, in the session they act in.

        The user is locked by it, the caller commits. The refresh token is renewed, or the cookie of
        a session that a browser carries, which needs its living `cookie`: whoever else has it is
        left behind. One that was merely identified is full from then on. Raises `NotSignedIn`,
        `NotByKey`, `SessionEnded`, `SecondFactorNeeded` of who was given a role meanwhile that asks
        for more, or `ConcurrentUpdate` if token or cookie were renewed.
        """
        user_id, session_id = require_any_session(actor)
        now = self._ambient.clock.now()
        try:
            user = await uow.users.lock(user_id)
        except UserNotFound:
            raise SessionEnded from None
        standing = await uow.families.find_standing(session_id, now)
        if standing is None or standing.user.id != user.id or not standing.session.is_live(now):
            raise SessionEnded
        session = standing.session.proved(methods, now)
        if self._factors.lacks_factor(session, standing.roles):
            raise SecondFactorNeeded
        if not await uow.sessions.prove(session):
            raise SessionEnded
        if standing.session.state is not SessionState.FULL:
            await self._devices.note(uow, session, actor, now, mark=actor.device)
        risen = Risen(user=user, session=session, roles=standing.roles)
        if self._cookies.carries(standing.family):
            renewed = await self._renew_cookie(uow, standing, cookie, actor, now)
            risen = replace(risen, cookie=renewed)
        else:
            token = await self._renew_token(uow, standing, actor, now)
            risen = replace(risen, refresh_token=token)
        uow.emit(
            SessionSteppedUp(
                at=now, actor=actor, user_id=user.id, session_id=session.id, methods=methods
            )
        )
        return risen

    async def _renew_token(
        self, uow: UnitOfWork, standing: Standing, actor: Actor, now: datetime
    ) -> Secret[str]:
        family, token = self._issuer.renew(standing.family, now)
        await uow.families.rotate(family)
        uow.emit(
            RefreshTokenRotated(
                at=now,
                actor=actor,
                user_id=standing.user.id,
                session_id=family.session_id,
                generation=family.generation,
            )
        )
        return token

    async def _renew_cookie(
        self,
        uow: UnitOfWork,
        standing: Standing,
        cookie: Secret[str] | str | None,
        actor: Actor,
        now: datetime,
    ) -> Secret[str]:
        if cookie is None or not read_cookie(cookie).is_of(standing.family):
            raise ConcurrentUpdate
        family, renewed = self._cookies.renew(standing.family, now)
        await uow.families.rotate(family)
        uow.emit(
            SessionCookieSet(
                at=now,
                actor=actor,
                user_id=standing.user.id,
                session_id=family.session_id,
                generation=family.generation,
            )
        )
        return renewed

    async def issue(self, risen: Risen) -> SteppedUp:
        """Return what carries a session that has risen."""
        user, session, now = risen.user, risen.session, risen.session.authenticated_at
        access_token, expires_in = await self._issuer.issue_access(
            user=user, session=session, roles=risen.roles, now=now
        )
        cookie = None
        if risen.cookie is not None:
            cookie = self._cookies.hand_over(risen.cookie, session=session, user=user, now=now)
        return SteppedUp(
            access_token=access_token,
            expires_in=expires_in,
            refresh_token=risen.refresh_token,
            refresh_expires_in=session.seconds_left(now),
            cookie=cookie,
        )
