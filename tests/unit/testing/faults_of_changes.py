"""Broken on purpose: what is changed, and what is told of it. See `faults_of_services`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from limen.adapters.memory.keys import MemoryKeys
from limen.adapters.memory.sessions import MemorySessions
from limen.adapters.memory.users import MemoryUsers
from limen.core.errors import (
    InvalidCredentials,
    LimenError,
    PermissionMissing,
    StorageUnavailable,
)
from limen.core.events import SignedIn
from limen.core.ids import UserId
from limen.core.keys import service as keys_service
from limen.core.sessions.model import Session
from limen.core.signin import entering
from limen.core.signin import service as signing_in
from limen.core.tokens.model import AccessClaims
from limen.core.tokens.verification import AccessTokenVerifier
from limen.core.users import service as accounts
from limen.core.users.model import User
from limen.ports.unit_of_work import UnitOfWork
from limen.testing.simulation.store import SimulatedDesk, SimulatedUnitOfWork, SimulatedUnits
from tests.unit.testing.faults import fault


@fault("only the right password opens")
def a_password_changed_meanwhile_still_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    async def admit(_self: Any, uow: UnitOfWork, user_id: Any, *_: Any) -> User:
        return await uow.users.lock(user_id)

    monkeypatch.setattr(signing_in.SignInService, "_admit", admit)


@fault("the store holds what was committed")
def nobody_waits_for_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def open_to_all(self: SimulatedUnits) -> AsyncIterator[UnitOfWork]:
        rows = self._store.rows.draft()
        desk = SimulatedDesk(rows, self.weather, is_writable=True)
        yield SimulatedUnitOfWork(rows, desk, self)

    monkeypatch.setattr(SimulatedUnits, "_unit_of_work", open_to_all)


@fault("the store holds what was committed")
def whoever_hangs_up_commits_half(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def apply_always(self: SimulatedUnits) -> AsyncIterator[UnitOfWork]:
        async with self._store.lock:
            rows = self._store.rows.draft()
            desk = SimulatedDesk(rows, self.weather, is_writable=True)
            try:
                yield SimulatedUnitOfWork(rows, desk, self)
            finally:
                rows.apply()
                desk.close()

    monkeypatch.setattr(SimulatedUnits, "_unit_of_work", apply_always)


@fault("an ending is whole")
def an_ended_session_keeps_its_family(monkeypatch: pytest.MonkeyPatch) -> None:
    end = MemorySessions.end

    async def end_some(self: MemorySessions, *args: Any, **named: Any) -> Any:
        rows = await self._desk.write()
        before = dict(rows.families.items())
        ended = await end(self, *args, **named)
        for session_id in ended:
            rows.families.put(session_id, before[session_id])
        return ended

    monkeypatch.setattr(MemorySessions, "end", end_some)


@fault("an outage is no answer")
def an_outage_looks_like_a_wrong_password(monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in = signing_in.SignInService.sign_in

    async def answer(self: Any, **named: Any) -> Any:
        try:
            return await sign_in(self, **named)
        except StorageUnavailable:
            raise InvalidCredentials from None

    monkeypatch.setattr(signing_in.SignInService, "sign_in", answer)


@fault("one answer to all who fail")
def a_suspended_user_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse = signing_in.SignInService._refuse

    async def tell(self: Any, actor: Any, user_id: Any, reason: Any) -> None:
        try:
            await refuse(self, actor, user_id, reason)
        except LimenError:
            raise InvalidCredentials(f"no: {reason.value}") from None

    monkeypatch.setattr(signing_in.SignInService, "_refuse", tell)


@fault("nothing breaks")
def a_use_case_waits_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    revoke = signing_in.SignInService._forgive

    async def wait(self: Any, *args: Any) -> None:
        async with self._unit_of_work():
            await revoke(self, *args)

    monkeypatch.setattr(signing_in.SignInService, "_forgive", wait)


@fault("nothing belongs to nobody")
def a_removed_user_leaves_grants(monkeypatch: pytest.MonkeyPatch) -> None:
    remove = MemoryUsers.remove

    async def leave(self: MemoryUsers, user_id: Any) -> None:
        rows = await self._desk.write()
        grants = rows.grants.get(user_id)
        await remove(self, user_id)
        if grants:
            rows.grants.put(user_id, grants)

    monkeypatch.setattr(MemoryUsers, "remove", leave)


@fault("what was refused is not so")
def a_refusal_comes_after_the_change(monkeypatch: pytest.MonkeyPatch) -> None:
    update = accounts.UserService.update

    async def refuse(self: Any, *args: Any, **named: Any) -> None:
        await update(self, *args, **named)
        raise PermissionMissing

    monkeypatch.setattr(accounts.UserService, "update", refuse)


@fault("one owner of a name")
def a_taken_address_is_given_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limen.adapters.memory.users._refuse_taken", lambda *_, **__: None)


@fault("no lost update")
def a_version_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    save = MemoryUsers.save

    async def save_further(self: MemoryUsers, user: User) -> None:
        await save(self, user)
        (await self._desk.write()).users.put(user.id, replace(user, version=user.version + 1))

    monkeypatch.setattr(MemoryUsers, "save", save_further)


@fault("a key signs")
def a_rotation_removes_the_key_that_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    async def purge(self: MemoryKeys, _before: datetime) -> int:
        rows = await self._desk.write()
        for key in list(rows.keys.values()):
            rows.keys.pop(key.id)
        return 1

    monkeypatch.setattr(MemoryKeys, "purge", purge)
    monkeypatch.setattr(keys_service, "_behind", lambda _keys, _now: timedelta(minutes=10))


@fault("no secret in an event")
def an_event_tells_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    def tell(**named: Any) -> SignedIn:
        return SignedIn(**{**named, "methods": ("limen_rt_AZ0",)})

    monkeypatch.setattr(entering, "SignedIn", tell)


@fault("what has ended stays ended")
def an_ended_session_ends_again(monkeypatch: pytest.MonkeyPatch) -> None:
    end = MemorySessions.end

    async def end_all(self: Any, user_id: Any, now: datetime, reason: Any, **how: Any) -> Any:
        ended = await end(self, user_id, now, reason, **how)
        rows = await self._desk.write()
        for session in list(rows.sessions.values()):
            if session.user_id == user_id and session.ended_at is not None:
                rows.sessions.put(session.id, replace(session, ended_at=now))
        return ended

    monkeypatch.setattr(MemorySessions, "end", end_all)


@fault("sessions are bounded")
def use_keeps_a_session_alive_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def used(self: Session, now: datetime, _: Any) -> Session:
        return replace(self, last_used_at=now, idle_expires_at=now + timedelta(days=10))

    monkeypatch.setattr(Session, "used", used)


@fault("a token names its own")
def a_token_is_believed_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    verify = AccessTokenVerifier.verify

    async def mistake(self: AccessTokenVerifier, token: str) -> AccessClaims:
        claims = await verify(self, token)
        return replace(claims, user_id=UserId(claims.token_id))

    monkeypatch.setattr(AccessTokenVerifier, "verify", mistake)
