"""What every way in ends with: the session, its refresh family, and both tokens."""

from dataclasses import dataclass, replace
from datetime import datetime

from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.events import SignedIn
from limen.core.ids import SessionId, UserId
from limen.core.secret import Secret
from limen.core.sessions.model import Session, SessionPolicy, begin_session
from limen.core.tokens.family import RefreshFamily
from limen.core.tokens.issuing import IssuedTokens, TokenIssuer
from limen.core.users.model import User
from limen.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A session that is about to begin, with its first refresh token."""

    session: Session
    family: RefreshFamily
    refresh_token: Secret[str]
    by: Actor

    @property
    def now(self) -> datetime:
        """When it begins."""
        return self.session.created_at


class Entrance:
    """Begins sessions, however somebody proved who they are."""

    def __init__(self, *, ambient: Ambient, issuer: TokenIssuer, policy: SessionPolicy) -> None:
        self._ambient = ambient
        self._issuer = issuer
        self._policy = policy

    def prepare(
        self, user_id: UserId, *, methods: tuple[str, ...], label: str, actor: Actor
    ) -> Entry:
        """Make a session for a user who proved themselves by `methods` (RFC 8176)."""
        now = self._ambient.clock.now()
        session = begin_session(
            SessionId(self._ambient.ids.new()),
            user_id,
            self._policy,
            now,
            label=label,
            address=actor.address,
            user_agent=actor.user_agent,
            methods=methods,
        )
        family, refresh_token = self._issuer.begin(session.id, now)
        by = actor.as_user(user_id, session.id)
        return Entry(session=session, family=family, refresh_token=refresh_token, by=by)

    async def begin(
        self, uow: UnitOfWork, user: User, entry: Entry
    ) -> tuple[User, tuple[str, ...]]:
        """Store the session of a locked user who may come in; return them, and their roles.

        The caller commits.
        """
        present = replace(user, last_sign_in_at=entry.now)
        await uow.sessions.add(entry.session)
        await uow.families.add(entry.family)
        await uow.users.sign_in(present)
        roles = tuple(role.name for role in await uow.grants.list_held(user.id, entry.now))
        uow.emit(
            SignedIn(
                at=entry.now,
                actor=entry.by,
                user_id=user.id,
                session_id=entry.session.id,
                methods=entry.session.methods,
            )
        )
        return present, roles

    async def issue(self, user: User, roles: tuple[str, ...], entry: Entry) -> IssuedTokens:
        """Return the tokens of a session that has begun."""
        return await self._issuer.issue(
            user=user,
            session=entry.session,
            roles=roles,
            refresh_token=entry.refresh_token,
            now=entry.now,
        )
