"""Proving oneself again within a session, so that it counts as fresh."""

from dataclasses import dataclass

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
from limen.core.events import SessionCookieSet, SessionSteppedUp
from limen.core.secret import Secret
from limen.core.sessions.model import Session
from limen.core.signin.levels import FactorPolicy
from limen.core.states import SessionState
from limen.core.tokens.issuing import TokenIssuer
from limen.core.users.model import User
from limen.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Risen:
    """A session whose user has just proved themselves, and what its next token says."""

    user: User
    session: Session
    roles: tuple[str, ...]
    cookie: Secret[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SteppedUp:
    """What a step-up gives: an access token that says so, and how many seconds it lives.

    A session that a browser carries has a new cookie: the old one is worthless.
    """

    access_token: Secret[str]
    expires_in: int
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

        The user is locked by it, the caller commits. A session that a browser carries needs its
        living `cookie`, which is renewed: whoever else has it is left behind. One that was merely
        identified is full from then on. Raises `NotSignedIn`, `NotByKey`, `SessionEnded`,
        `SecondFactorNeeded` of who was given a role meanwhile that asks for more, or
        `ConcurrentUpdate` if the cookie was renewed.
        """
        user_id, session_id = require_any_session(actor)
        now = self._ambient.clock.now()
        try:
            user = await uow.users.lock(user_id)
        except UserNotFound:
            raise SessionEnded from None
        session = await uow.sessions.find(session_id)
        if session is None or session.user_id != user.id or not session.is_live(now):
            raise SessionEnded
        was_full = session.state is SessionState.FULL
        session = session.proved(methods, now)
        roles = tuple(role.name for role in await uow.grants.list_held(user.id, now))
        if self._factors.lacks_factor(session, roles):
            raise SecondFactorNeeded
        if not await uow.sessions.prove(session):
            raise SessionEnded
        if not was_full:
            await self._devices.note(uow, session, actor, now, mark=actor.device)
        renewed = await self._renew(uow, session, cookie, actor)
        uow.emit(
            SessionSteppedUp(
                at=now, actor=actor, user_id=user.id, session_id=session.id, methods=methods
            )
        )
        return Risen(user=user, session=session, roles=roles, cookie=renewed)

    async def _renew(
        self,
        uow: UnitOfWork,
        session: Session,
        cookie: Secret[str] | str | None,
        actor: Actor,
    ) -> Secret[str] | None:
        now = session.authenticated_at
        standing = await uow.families.find_standing(session.id, now)
        if standing is None or not self._cookies.carries(standing.family):
            return None
        if cookie is None or not read_cookie(cookie).is_of(standing.family):
            raise ConcurrentUpdate
        family, renewed = self._cookies.renew(standing.family, now)
        await uow.families.rotate(family)
        uow.emit(
            SessionCookieSet(
                at=now,
                actor=actor,
                user_id=session.user_id,
                session_id=session.id,
                generation=family.generation,
            )
        )
        return renewed

    async def issue(self, risen: Risen) -> SteppedUp:
        """Return an access token of a session that has risen; its refresh token stays."""
        access_token, expires_in = await self._issuer.issue_access(
            user=risen.user,
            session=risen.session,
            roles=risen.roles,
            now=risen.session.authenticated_at,
        )
        cookie = None
        if risen.cookie is not None:
            cookie = self._cookies.hand_over(
                risen.cookie,
                session=risen.session,
                user=risen.user,
                now=risen.session.authenticated_at,
            )
        return SteppedUp(access_token=access_token, expires_in=expires_in, cookie=cookie)
