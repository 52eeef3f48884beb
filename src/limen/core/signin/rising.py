"""Proving oneself again within a session, so that it counts as fresh."""

from dataclasses import dataclass

from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import NotSignedIn, SessionEnded, UserNotFound
from limen.core.events import SessionSteppedUp
from limen.core.secret import Secret
from limen.core.sessions.model import Session
from limen.core.tokens.issuing import TokenIssuer
from limen.core.users.model import User
from limen.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Risen:
    """A session whose user has just proved themselves, and what its next token says."""

    user: User
    session: Session
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SteppedUp:
    """What a step-up gives: an access token that says so, and how many seconds it lives."""

    access_token: Secret[str]
    expires_in: int


class Rise:
    """Makes sessions fresh, however their users proved themselves."""

    def __init__(self, *, ambient: Ambient, issuer: TokenIssuer) -> None:
        self._ambient = ambient
        self._issuer = issuer

    async def lift(self, uow: UnitOfWork, actor: Actor, methods: tuple[str, ...]) -> Risen:
        """Store that the actor has proved themselves by `methods`, in the session they act in.

        The user is locked by it, the caller commits. Raises `NotSignedIn` or `SessionEnded`.
        """
        if actor.user_id is None or actor.session_id is None:
            raise NotSignedIn
        now = self._ambient.clock.now()
        try:
            user = await uow.users.lock(actor.user_id)
        except UserNotFound:
            raise SessionEnded from None
        session = await uow.sessions.find(actor.session_id)
        if session is None or session.user_id != user.id or not session.is_live(now):
            raise SessionEnded
        session = session.proved(methods, now)
        if not await uow.sessions.prove(session):
            raise SessionEnded
        held = await uow.grants.list_held(user.id, now)
        uow.emit(
            SessionSteppedUp(
                at=now, actor=actor, user_id=user.id, session_id=session.id, methods=methods
            )
        )
        return Risen(user=user, session=session, roles=tuple(role.name for role in held))

    async def issue(self, risen: Risen) -> SteppedUp:
        """Return an access token of a session that has risen; its refresh token stays."""
        access_token, expires_in = await self._issuer.issue_access(
            user=risen.user,
            session=risen.session,
            roles=risen.roles,
            now=risen.session.authenticated_at,
        )
        return SteppedUp(access_token=access_token, expires_in=expires_in)
