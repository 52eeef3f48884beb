"""Using what remembers a browser, and seeing and ending it."""

from datetime import datetime

from limen.core.access import authorise, authorise_over
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.cookies.carrying import CookieSession
from limen.core.errors import (
    ConcurrentUpdate,
    RememberedInvalid,
    RememberedNotFound,
    RememberedReused,
    UserNotFound,
)
from limen.core.events import BrowserForgotten, RememberedReuseDetected, SessionIdentified
from limen.core.ids import RememberedId, SessionId, UserId
from limen.core.remembered.model import PresentedRemembered, Remembered, read_credential
from limen.core.roles.model import Permission
from limen.core.secret import Secret, as_secret
from limen.core.sessions.model import EndReason
from limen.core.signin.entering import Begun, Entrance, Entry
from limen.core.users.model import User
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory


class RememberedService:
    """The browsers in which a user is remembered: one's own, or with a permission another's."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        entrance: Entrance,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._entrance = entrance

    async def exchange(
        self, *, credential: Secret[str] | str, actor: Actor | None = None
    ) -> CookieSession:
        """Begin an identified session for a browser that is remembered, with its next credential.

        Nothing is proved by it: the session tells who is probably here, until a step-up. Raises
        `RememberedInvalid`; `ConcurrentUpdate` if somebody was faster; or `RememberedReused` for
        one that was used before, after ending all of the user's, and the sessions they began.
        """
        shown = read_credential(as_secret(credential))
        by, now = actor or Actor.anonymous(), self._ambient.clock.now()
        async with self._unit_of_work.view() as view:
            found = await view.remembered.find(shown.id)
        if found is None or not shown.is_of(found) or not found.is_live(now):
            raise RememberedInvalid
        if shown.was_just_used(found, now):
            raise ConcurrentUpdate
        if not shown.is_living(found):
            await self._end_reused(found, by)
            raise RememberedReused
        return await self._identify(found, shown, by)

    async def list(self, user_id: UserId, *, actor: Actor) -> tuple[Remembered, ...]:
        """Return where a user is remembered, the last used first; another's need `sessions.read`.

        Raises `UserNotFound`.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work.view() as view:
            if not actor.owns(user_id):
                await authorise(view, actor, Permission.SESSIONS_READ, now)
                await view.users.get(user_id)
            found = await view.remembered.list(user_id)
        return tuple(remembered for remembered in found if remembered.is_live(now))

    async def revoke(self, user_id: UserId, remembered_id: RememberedId, *, actor: Actor) -> None:
        """Forget one browser of a user; another's needs `sessions.revoke`.

        Its session goes on. Raises `RememberedNotFound`.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            if not actor.owns(user_id):
                await authorise_over(uow, actor, Permission.SESSIONS_REVOKE, user_id, now)
            if not await uow.remembered.remove(user_id, only=remembered_id):
                raise RememberedNotFound
            uow.emit(
                BrowserForgotten(at=now, actor=actor, user_id=user_id, remembered_id=remembered_id)
            )
            await uow.commit()

    async def _identify(
        self, found: Remembered, shown: PresentedRemembered, actor: Actor
    ) -> CookieSession:
        entry, kept = self._entrance.prepare_return(found, shown, actor)
        async with self._unit_of_work() as uow:
            user = await _lock(uow, found.user_id)
            await self._entrance.let_in(uow, user, actor, entry.now, refusal=RememberedInvalid)
            await uow.remembered.renew(kept.remembered)
            await self._store(uow, user, found, entry)
            await uow.commit()
        return self._entrance.hand_over(Begun(user=user, roles=(), entry=entry))

    async def _store(self, uow: UnitOfWork, user: User, found: Remembered, entry: Entry) -> None:
        """Store the session in place of the one before, which the browser has lost."""
        ended = await uow.sessions.end(
            user.id, entry.now, EndReason.REPLACED, only=found.session_id
        )
        await uow.sessions.add(entry.session)
        await uow.families.add(entry.family)
        uow.emit(
            SessionIdentified(
                at=entry.now,
                actor=entry.by,
                user_id=user.id,
                session_id=entry.session.id,
                remembered_id=found.id,
                replaced=ended,
            )
        )

    async def _end_reused(self, found: Remembered, actor: Actor) -> None:
        async with self._unit_of_work() as uow:
            user = await _lock(uow, found.user_id)
            now = self._ambient.clock.now()
            known = await uow.remembered.list(user.id)
            ended: list[SessionId] = []
            for remembered in known:
                only = remembered.session_id
                ended += await uow.sessions.end(
                    user.id, now, EndReason.REMEMBERED_REUSED, only=only
                )
            await uow.remembered.remove(user.id)
            if known:
                self._tell_reuse(uow, found, tuple(ended), actor, now)
            await uow.commit()

    @staticmethod
    def _tell_reuse(
        uow: UnitOfWork,
        found: Remembered,
        ended: tuple[SessionId, ...],
        actor: Actor,
        now: datetime,
    ) -> None:
        uow.emit(
            RememberedReuseDetected(
                at=now,
                actor=actor,
                user_id=found.user_id,
                remembered_id=found.id,
                ended=ended,
            )
        )


async def _lock(uow: UnitOfWork, user_id: UserId) -> User:
    try:
        return await uow.users.lock(user_id)
    except UserNotFound:
        raise RememberedInvalid from None
