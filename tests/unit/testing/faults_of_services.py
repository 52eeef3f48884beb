"""Rules of limen broken on purpose, one at a time; the simulation must name what no longer holds.

`caught_by` is the name of an invariant.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from limen.adapters.memory.idempotency import MemoryAttempts
from limen.adapters.memory.sessions import MemorySessions
from limen.adapters.memory.throttles import MemoryThrottles
from limen.adapters.memory.unit_of_work import MemoryUnitOfWork
from limen.adapters.memory.users import MemoryUsers
from limen.core.errors import (
    RefreshTokenReused,
    StorageUnavailable,
)
from limen.core.events import Event, UserSuspended, UserUpdated
from limen.core.idempotency.model import Attempt
from limen.core.roles import model as roles
from limen.core.sessions.denial import DenialList
from limen.core.sessions.model import EndReason, Session
from limen.core.signin import service as signing_in
from limen.core.throttles.model import Throttle
from limen.core.tokens import family as families
from limen.core.tokens import service as refreshing
from limen.core.tokens.family import RefreshFamily, RefreshTokens
from limen.core.tokens.model import AccessClaims
from limen.core.users import service as accounts
from limen.core.users.model import User
from limen.testing.fakes import NOON
from limen.testing.simulation.store import SimulatedUnitOfWork
from tests.unit.testing.faults import fault

NEVER: Any = lambda *_, **__: False  # noqa: E731 - a word for a predicate.


@fault("reuse ends the session")
def reuse_is_not_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RefreshTokens, "_was_issued", NEVER)


@fault("reuse ends the session")
def reuse_is_refused_and_the_session_lives_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def end(*_: Any) -> None:
        """End nothing."""

    monkeypatch.setattr(refreshing, "end_reused", end)


@fault("who is shut out is out")
def suspension_leaves_sessions_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    _spare(monkeypatch, EndReason.SUSPENDED)


@fault("a new password ends other sessions")
def a_changed_password_leaves_sessions_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    _spare(monkeypatch, EndReason.PASSWORD_CHANGED)


def _spare(monkeypatch: pytest.MonkeyPatch, spared: EndReason) -> None:
    end = MemorySessions.end

    async def end_others(self: Any, user_id: Any, now: Any, reason: EndReason, **how: Any) -> Any:
        return () if reason is spared else await end(self, user_id, now, reason, **how)

    monkeypatch.setattr(MemorySessions, "end", end_others)


@fault("no entry after the end")
def the_denial_list_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DenialList, "_is_within", lambda self, *_: self._read_at is not None)
    monkeypatch.setattr(DenialList, "_is_behind", property(lambda self: self._read_at is None))


@fault("no entry after the end")
def a_worker_forgets_what_it_ended_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DenialList, "outdate", lambda _: None)


@fault("no entry after the end")
def an_outage_lets_everybody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    check = DenialList.check

    async def let_in(self: DenialList, session_id: Any) -> None:
        try:
            await check(self, session_id)
        except StorageUnavailable:
            return

    monkeypatch.setattr(DenialList, "check", let_in)


@fault("a family is one line")
def the_grace_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    rotate = RefreshTokens.rotate

    def fork(self: RefreshTokens, family: RefreshFamily, token: Any, now: datetime) -> Any:
        if self._is_previous(family, token) and now < family.rotated_at + self._grace:
            raw = self._derive(family.session_id, family.seed, family.generation)
            return family, families._write(raw[:-1] + bytes([raw[-1] ^ 1]))
        return rotate(self, family, token, now)

    monkeypatch.setattr(RefreshTokens, "rotate", fork)


@fault("a refresh token is used once")
def the_grace_has_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    rotate = RefreshTokens.rotate

    def rotate_late(self: RefreshTokens, family: RefreshFamily, token: Any, now: datetime) -> Any:
        if self._is_previous(family, token):
            now = family.rotated_at
        return rotate(self, family, token, now)

    monkeypatch.setattr(RefreshTokens, "rotate", rotate_late)


@fault("honest clients stay in")
def there_is_no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RefreshTokens, "_is_previous", NEVER)
    rotate = RefreshTokens.rotate

    def strict(self: RefreshTokens, family: RefreshFamily, token: Any, now: datetime) -> Any:
        if token.digest == family.previous_digest:
            raise RefreshTokenReused
        return rotate(self, family, token, now)

    monkeypatch.setattr(RefreshTokens, "rotate", strict)


@fault("a repeated request is done once")
def an_idempotency_key_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    async def begin(self: MemoryAttempts, attempt: Attempt, **_: Any) -> None:
        (await self._desk.write()).attempts.put(attempt.scope, attempt)

    monkeypatch.setattr(MemoryAttempts, "begin", begin)


@fault("what was acknowledged is so")
def an_answer_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    async def finish(_self: MemoryAttempts, _attempt: Attempt) -> None:
        """Keep nothing."""

    monkeypatch.setattr(MemoryAttempts, "finish", finish)


@fault("nothing is told that was not")
def an_event_is_told_without_its_change(monkeypatch: pytest.MonkeyPatch) -> None:
    save = MemoryUsers.save

    async def save_names(self: MemoryUsers, user: User) -> None:
        present = (await self._desk.read()).users.get(user.id)
        if present is not None and present.status is user.status:
            await save(self, user)

    monkeypatch.setattr(MemoryUsers, "save", save_names)


@fault("every change is told")
def a_change_has_no_event(monkeypatch: pytest.MonkeyPatch) -> None:
    emit = SimulatedUnitOfWork.emit

    def emit_some(self: SimulatedUnitOfWork, event: Event) -> None:
        if not isinstance(event, UserUpdated | UserSuspended):
            emit(self, event)

    monkeypatch.setattr(SimulatedUnitOfWork, "emit", emit_some)


@fault("the store holds what was committed")
def the_store_loses_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    emit = MemoryUnitOfWork.emit

    def emit_some(self: MemoryUnitOfWork, event: Event) -> None:
        if not isinstance(event, UserUpdated):
            emit(self, event)

    monkeypatch.setattr(MemoryUnitOfWork, "emit", emit_some)


@fault("attempts are counted first")
def attempts_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def save(_self: MemoryThrottles, _throttle: Throttle) -> None:
        """Count nothing."""

    monkeypatch.setattr(MemoryThrottles, "save", save)


@fault("attempts are counted first")
def attempts_are_counted_only_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    async def charge(_uow: Any, subject: str, *_: Any, **__: Any) -> Throttle:
        """Count nothing yet."""
        return Throttle(key=subject, since=NOON, last_at=NOON)

    monkeypatch.setattr(signing_in, "charge", charge)


@fault("waits are kept")
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Throttle, "_refuse_blocked", lambda *_: None)


@fault("failures are not forgotten")
def a_next_attempt_forgives_the_last_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    charge = Throttle.charge_account

    def begin_anew(self: Throttle, policy: Any, now: datetime) -> Throttle:
        charged = charge(self, policy, now)
        return replace(charged, attempts=1, blocked_until=None) if charged.attempts > 1 else charged

    monkeypatch.setattr(Throttle, "charge_account", begin_anew)


@fault("no refresh after the end")
def what_ran_out_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "is_live", lambda self, _now: self.ended_at is None)


@fault("an expired token is refused")
def an_expired_token_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AccessClaims, "check_time", lambda *_: None)


@fault("an administrator stays")
def the_last_administrator_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def keep(*_: Any) -> None:
        """Keep nobody."""

    monkeypatch.setattr(accounts, "keep_an_administrator", keep)


@fault("authority is held now")
def an_ended_grant_counts_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles.Grant, "is_live", lambda *_: True)


@fault("authority is held now")
def anybody_may_give_any_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limen.core.roles.service.refuse_beyond", lambda *_: None)
    monkeypatch.setattr("limen.core.access.refuse_beyond", lambda *_: None)


@fault("a purge takes the dead only")
def a_purge_eats_the_living(monkeypatch: pytest.MonkeyPatch) -> None:
    purge = MemorySessions.purge

    async def eat(self: MemorySessions, before: datetime, limit: int) -> int:
        return await purge(self, before + timedelta(days=2), limit)

    monkeypatch.setattr(MemorySessions, "purge", eat)
