"""Sessions, refresh families and throttles."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from examples.json_store.tables import Repository
from limen.core.errors import ConcurrentUpdate, SessionNotFound, UserNotFound
from limen.core.ids import SessionId, UserId
from limen.core.sessions.model import MOST_LISTED, Ending, EndReason, Session
from limen.core.throttles.model import Throttle
from limen.core.tokens.family import RefreshFamily
from limen.ports.families import RefreshFamilies, Standing
from limen.ports.sessions import Sessions
from limen.ports.throttles import Throttles


class JsonSessions(Repository):
    """See `limen.ports.sessions`."""

    async def add(self, session: Session) -> None:
        tables = await self._desk.write()
        if session.user_id not in tables.users:
            raise UserNotFound
        tables.sessions.put(session)

    async def find(self, session_id: SessionId) -> Session | None:
        return (await self._desk.read()).sessions.get(session_id)

    async def list_live(self, user_id: UserId, now: datetime) -> tuple[Session, ...]:
        tables = await self._desk.read()
        live = [one for one in tables.sessions.where(user_id=user_id) if one.is_live(now)]
        live.sort(key=lambda session: (session.last_used_at, session.id), reverse=True)
        return tuple(live[:MOST_LISTED])

    async def use(self, session: Session) -> None:
        tables = await self._desk.write()
        present = tables.sessions.get(session.id)
        if present is not None and present.ended_at is None:
            used = replace(
                present,
                last_used_at=session.last_used_at,
                idle_expires_at=session.idle_expires_at,
            )
            tables.sessions.put(used)

    async def prove(self, session: Session) -> bool:
        tables = await self._desk.write()
        present = tables.sessions.get(session.id)
        if present is None or present.ended_at is not None:
            return False
        tables.sessions.put(present.proved(session.methods, session.authenticated_at))
        return True

    async def end(
        self,
        user_id: UserId,
        now: datetime,
        reason: EndReason,
        *,
        only: SessionId | None = None,
        keep: SessionId | None = None,
    ) -> tuple[SessionId, ...]:
        tables = await self._desk.write()
        concerned = [
            session
            for session in tables.sessions.where(user_id=user_id, ended_at=None)
            if only in {None, session.id} and session.id != keep
        ]
        for session in concerned:
            tables.sessions.put(replace(session, ended_at=now, end_reason=reason))
            tables.endings.put(Ending(session.id, now))
            family = tables.families.get(session.id)
            if family is not None and family.ended_at is None:
                tables.families.put(replace(family, ended_at=now))
        return tuple(session.id for session in concerned)

    async def list_endings(self, since: datetime) -> tuple[Ending, ...]:
        tables = await self._desk.read()
        found = [ending for ending in tables.endings.where() if ending.ended_at >= since]
        return tuple(sorted(found, key=lambda ending: (ending.ended_at, ending.session_id)))

    async def purge(self, before: datetime, limit: int) -> int:
        tables = await self._desk.write()
        over = tables.sessions.remove_where(lambda session: _was_over(session, before), limit)
        for session_id in over:
            tables.families.remove(session_id)
        tables.endings.remove_where(lambda ending: ending.ended_at < before, limit)
        return len(over)


class JsonFamilies(Repository):
    """See `limen.ports.families`."""

    async def add(self, family: RefreshFamily) -> None:
        tables = await self._desk.write()
        if family.session_id not in tables.sessions:
            raise SessionNotFound
        tables.families.put(family)

    async def find_standing(self, session_id: SessionId, now: datetime) -> Standing | None:
        tables = await self._desk.read()
        family, session = tables.families.get(session_id), tables.sessions.get(session_id)
        user = None if session is None else tables.users.get(session.user_id)
        if family is None or session is None or user is None:
            return None
        live = (grant for grant in tables.grants.where(user_id=user.id) if grant.is_live(now))
        roles = tuple(sorted(grant.role for grant in live))
        return Standing(family=family, session=session, user=user, roles=roles)

    async def rotate(self, family: RefreshFamily) -> None:
        tables = await self._desk.write()
        present = tables.families.get(family.session_id)
        if (
            present is None
            or present.ended_at is not None
            or present.generation != family.generation - 1
        ):
            raise ConcurrentUpdate
        tables.families.put(family)


class JsonThrottles(Repository):
    """See `limen.ports.throttles`."""

    async def lock(self, keys: Sequence[str], now: datetime) -> tuple[Throttle, ...]:
        tables = await self._desk.write()
        for key in keys:
            if key not in tables.throttles:
                tables.throttles.put(Throttle(key=key, since=now, last_at=now))
        found = (tables.throttles.get(key) for key in keys)
        return tuple(throttle for throttle in found if throttle is not None)

    async def save(self, throttle: Throttle) -> None:
        (await self._desk.write()).throttles.put(throttle)

    async def clear(self, key: str) -> None:
        (await self._desk.write()).throttles.remove(key)

    async def purge(self, before: datetime, limit: int) -> int:
        tables = await self._desk.write()
        return len(tables.throttles.remove_where(lambda one: _was_quiet(one, before), limit))


def _was_over(session: Session, before: datetime) -> bool:
    is_ended = session.ended_at is not None and session.ended_at < before
    return is_ended or min(session.idle_expires_at, session.expires_at) < before


def _was_quiet(throttle: Throttle, before: datetime) -> bool:
    blocked = throttle.blocked_until
    return throttle.last_at < before and (blocked is None or blocked <= before)


_conforms: tuple[type[Sessions], type[RefreshFamilies], type[Throttles]] = (
    JsonSessions,
    JsonFamilies,
    JsonThrottles,
)
