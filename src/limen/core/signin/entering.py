"""What every way in ends with: a session and its tokens, or a wait for the second factor."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeAlias

from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.cookies.carrying import CookieSession
from limen.core.cookies.parts import BrowserParts
from limen.core.errors import LimenError
from limen.core.events import FirstFactorProved, SignedIn, SignInFailed
from limen.core.factors.model import FactorKind
from limen.core.ids import PartialSessionId, SessionId, UserId
from limen.core.partial_sessions.model import (
    LIFETIME,
    SECRET_BYTES,
    PartialSession,
    digest_of,
    write_token,
)
from limen.core.remembered.model import PresentedRemembered, Remembered
from limen.core.remembered.remembering import Kept, remember
from limen.core.secret import Secret
from limen.core.sessions.model import Session, begin_session
from limen.core.signin.admission import reason_to_refuse
from limen.core.signin.levels import awaited_factors
from limen.core.signin.policy import SignInPolicy
from limen.core.states import REMEMBERED, SessionState
from limen.core.tokens.family import RefreshFamily
from limen.core.tokens.issuing import IssuedTokens, TokenIssuer
from limen.core.users.model import User
from limen.ports.unit_of_work import UnitOfWork

_LIFETIME_SECONDS: Final = int(LIFETIME.total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialSignIn:
    """What a sign-in gives that waits for a second factor: one of `factors` finishes it.

    The token is for that alone, for so many seconds. Without any factor the user must have one
    and sets it up first.
    """

    partial_token: Secret[str]
    expires_in: int = _LIFETIME_SECONDS
    factors: tuple[FactorKind, ...]


SignInOutcome: TypeAlias = IssuedTokens | PartialSignIn
CookieOutcome: TypeAlias = CookieSession | PartialSignIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A session that is about to begin, with its first refresh token or cookie.

    `device` is the mark of the browser, if it has one or is to have one, and `kept` what remembers
    it later.
    """

    session: Session
    family: RefreshFamily
    secret: Secret[str]
    device: Secret[str] | None
    kept: Kept | None
    by: Actor

    @property
    def now(self) -> datetime:
        """When it begins."""
        return self.session.created_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A session that has begun, its user as they are now, and the names of their roles."""

    user: User
    roles: tuple[str, ...]
    entry: Entry


class Entrance:
    """Begins sessions, however somebody proved who they are."""

    def __init__(
        self,
        *,
        ambient: Ambient,
        issuer: TokenIssuer,
        policy: SignInPolicy,
        browsers: BrowserParts,
    ) -> None:
        self._ambient = ambient
        self._issuer = issuer
        self._cookies = browsers.cookies
        self._devices = browsers.devices
        self._memory = browsers.memory
        self._policy = policy

    def prepare(
        self,
        user_id: UserId,
        *,
        methods: tuple[str, ...],
        label: str,
        actor: Actor,
        by_cookie: bool = False,
        is_remembered: bool = False,
        authenticated_at: datetime | None = None,
    ) -> Entry:
        """Make a session for a user who proved themselves by `methods` (RFC 8176).

        A browser carries it `by_cookie`, and `is_remembered` if its user wants that; otherwise
        tokens do. They proved themselves just now, unless `authenticated_at` says otherwise.
        """
        now = self._ambient.clock.now()
        session = begin_session(
            SessionId(self._ambient.ids.new()),
            user_id,
            self._policy.sessions,
            now,
            label=label,
            address=actor.address,
            user_agent=actor.user_agent,
            methods=methods,
            authenticated_at=authenticated_at,
        )
        carrier = self._cookies if by_cookie else self._issuer
        family, secret = carrier.begin(session.id, self._issuer.seed(), now)
        is_full = session.state is SessionState.FULL
        become = actor.as_user if is_full else actor.as_identified
        device = self._devices.mark(actor) if by_cookie else actor.device
        return Entry(
            session=session,
            family=family,
            secret=secret,
            device=device,
            kept=self._memory.begin(session, now) if is_remembered else None,
            by=become(user_id, session.id),
        )

    def prepare_return(
        self, found: Remembered, shown: PresentedRemembered, actor: Actor
    ) -> tuple[Entry, Kept]:
        """Make an identified session for a browser that is remembered, and its next credential."""
        entry = self.prepare(
            found.user_id,
            methods=(REMEMBERED,),
            label=found.label,
            actor=actor,
            by_cookie=True,
            authenticated_at=found.authenticated_at,
        )
        kept = self._memory.renew(found, shown, entry.session, entry.now)
        return replace(entry, kept=kept), kept

    async def let_in(
        self,
        uow: UnitOfWork,
        user: User,
        actor: Actor,
        now: datetime,
        *,
        refusal: type[LimenError],
    ) -> None:
        """Raise `refusal` if `user` may not come in; why is recorded, and this much committed."""
        reason = reason_to_refuse(user, self._policy.users)
        if reason is None:
            return
        uow.emit(SignInFailed(at=now, actor=actor, user_id=user.id, reason=reason))
        await uow.commit()
        raise refusal

    async def begin(self, uow: UnitOfWork, user: User, entry: Entry) -> Begun | PartialSignIn:
        """Store the session of a locked user who proved one factor; or that it waits for another.

        The caller commits.
        """
        roles = await _roles_of(uow, entry)
        awaited = await awaited_factors(uow, user.id, roles=roles, policy=self._policy.factors)
        if awaited is not None:
            return await self._wait(uow, entry, awaited)
        return await self._begin(uow, user, roles, entry)

    async def finish(self, uow: UnitOfWork, user: User, entry: Entry) -> Begun:
        """Store the session of a locked user who may come in and has proved every factor.

        The caller commits.
        """
        return await self._begin(uow, user, await _roles_of(uow, entry), entry)

    async def _begin(
        self, uow: UnitOfWork, user: User, roles: tuple[str, ...], entry: Entry
    ) -> Begun:
        present = replace(user, last_sign_in_at=entry.now)
        await uow.sessions.add(entry.session)
        await uow.families.add(entry.family)
        await uow.users.sign_in(present)
        await self._devices.note(
            uow,
            entry.session,
            entry.by,
            entry.now,
            mark=entry.device,
        )
        uow.emit(
            SignedIn(
                at=entry.now,
                actor=entry.by,
                user_id=user.id,
                session_id=entry.session.id,
                methods=entry.session.methods,
            )
        )
        if entry.kept is not None:
            await remember(uow, entry.kept, entry.by, entry.now)
        return Begun(user=present, roles=roles, entry=entry)

    async def _wait(
        self, uow: UnitOfWork, entry: Entry, factors: tuple[FactorKind, ...]
    ) -> PartialSignIn:
        session = entry.session
        partial_id = PartialSessionId(self._ambient.ids.new())
        secret = self._ambient.entropy.bytes(SECRET_BYTES)
        partial = PartialSession(
            id=partial_id,
            user_id=session.user_id,
            digest=digest_of(secret),
            methods=session.methods,
            label=session.label,
            created_at=entry.now,
            expires_at=entry.now + LIFETIME,
        )
        await uow.partial_sessions.add(partial)
        by = entry.by.as_user(session.user_id)
        uow.emit(
            FirstFactorProved(
                at=entry.now, actor=by, user_id=session.user_id, methods=session.methods
            )
        )
        return PartialSignIn(partial_token=write_token(partial_id, secret), factors=factors)

    async def issue(self, begun: Begun) -> IssuedTokens:
        """Return the tokens of a session that has begun."""
        entry = begun.entry
        return await self._issuer.issue(
            user=begun.user,
            session=entry.session,
            roles=begun.roles,
            refresh_token=entry.secret,
            now=entry.now,
        )

    def hand_over(self, begun: Begun) -> CookieSession:
        """Return the cookie of a session that has begun."""
        entry = begun.entry
        return self._cookies.hand_over(
            entry.secret,
            session=entry.session,
            user=begun.user,
            now=entry.now,
            device=entry.device,
            kept=entry.kept,
        )


async def _roles_of(uow: UnitOfWork, entry: Entry) -> tuple[str, ...]:
    held = await uow.grants.list_held(entry.session.user_id, entry.now)
    return tuple(role.name for role in held)
