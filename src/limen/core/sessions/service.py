"""Seeing and ending sessions."""

from limen.core.access import authorise, authorise_over, require_any_session, require_session
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import NotSignedIn, SessionNotFound, UserNotFound
from limen.core.events import SessionRevoked, SessionsRevoked
from limen.core.ids import SessionId, UserId
from limen.core.remembered.remembering import forget_session
from limen.core.roles.model import Permission
from limen.core.sessions.model import EndReason, Session
from limen.ports.unit_of_work import UnitOfWorkFactory


class SessionService:
    """The sessions of a user: one's own, or with a permission another's."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory, ambient: Ambient) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient

    async def list(self, user_id: UserId, *, actor: Actor) -> tuple[Session, ...]:
        """Return a user's live sessions, the last used first; another's need `sessions.read`.

        Raises `UserNotFound`.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work.view() as view:
            if not actor.is_known_as(user_id):
                await authorise(view, actor, Permission.SESSIONS_READ, now)
                await view.users.get(user_id)
            return await view.sessions.list_live(user_id, now)

    async def sign_out(self, *, actor: Actor) -> None:
        """End the session that the actor acts in, and forget its browser.

        Raises `NotSignedIn` or `NotByKey`.
        """
        user_id, session_id = require_any_session(actor)
        await self._end_one(user_id, session_id, actor, EndReason.SIGNED_OUT)

    async def revoke(self, user_id: UserId, session_id: SessionId, *, actor: Actor) -> None:
        """End one session of a user, and forget its browser; another's needs `sessions.revoke`.

        Raises `SessionNotFound` also for a session that has ended already.
        """
        if not await self._end_one(user_id, session_id, actor, EndReason.REVOKED):
            raise SessionNotFound

    async def revoke_others(self, *, actor: Actor) -> int:
        """End all the actor's other sessions; return how many.

        Raises `NotSignedIn` or `NotByKey`.
        """
        user_id, session_id = require_session(actor)
        try:
            return await self._end_many(user_id, actor, keep=session_id)
        except UserNotFound as gone:
            raise NotSignedIn from gone

    async def revoke_all(self, user_id: UserId, *, actor: Actor) -> int:
        """End all sessions of a user; return how many. Another's need `sessions.revoke`.

        Raises `UserNotFound`.
        """
        return await self._end_many(user_id, actor, keep=None)

    async def _end_one(
        self, user_id: UserId, session_id: SessionId, actor: Actor, reason: EndReason
    ) -> bool:
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            is_own_end = reason is EndReason.SIGNED_OUT
            if not (is_own_end or actor.owns(user_id)):
                await authorise_over(uow, actor, Permission.SESSIONS_REVOKE, user_id, now)
            ended = await uow.sessions.end(user_id, now, reason, only=session_id)
            if ended:
                await forget_session(uow, user_id, session_id)
                uow.emit(
                    SessionRevoked(
                        at=now,
                        actor=actor,
                        user_id=user_id,
                        session_id=session_id,
                        reason=reason.value,
                    )
                )
                await uow.commit()
        return bool(ended)

    async def _end_many(self, user_id: UserId, actor: Actor, *, keep: SessionId | None) -> int:
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            if not actor.owns(user_id):
                await authorise_over(uow, actor, Permission.SESSIONS_REVOKE, user_id, now)
            # Whoever signs in meanwhile comes before this or behind it, for the outbox too.
            await uow.users.lock(user_id)
            ended = await uow.sessions.end(user_id, now, EndReason.REVOKED, keep=keep)
            await uow.partial_sessions.remove(user_id)
            await uow.remembered.remove(user_id, keep=keep)
            if ended:
                uow.emit(
                    SessionsRevoked(
                        at=now, actor=actor, user_id=user_id, count=len(ended), kept=keep
                    )
                )
            await uow.commit()
        return len(ended)
