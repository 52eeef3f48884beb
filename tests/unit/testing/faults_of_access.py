"""Faults about who may do what, and how often one may try; only sequences show them."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from limen.adapters.memory.grants import MemoryGrants
from limen.adapters.memory.throttles import MemoryThrottles
from limen.core.actor import Actor
from limen.core.errors import TooManyAttempts
from limen.core.ids import UserId
from limen.core.roles.model import Grant, Role
from limen.core.signin.service import SignInService
from limen.core.throttles.charging import _keys, charge
from limen.core.throttles.model import Throttle, ThrottlePolicy, of_user
from limen.core.throttles.stuffing import Tried
from limen.core.users.model import Status, User
from limen.ports.unit_of_work import UnitOfWork
from tests.unit.testing.faults import fault


@fault("RoleMachine")
def what_ended_is_still_held(monkeypatch: pytest.MonkeyPatch) -> None:
    async def list_held(self: MemoryGrants, user_id: UserId, _now: datetime) -> tuple[Role, ...]:
        rows = await self._desk.read()
        user = rows.users.get(user_id)
        held = (rows.grants.get(user_id) or ()) if user and user.status is Status.ACTIVE else ()
        return tuple(rows.roles[grant.role] for grant in held)

    monkeypatch.setattr(MemoryGrants, "list_held", list_held)


@fault("RoleMachine")
def the_suspended_rule_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limen.adapters.memory.grants._is_active", lambda *_: True)


@fault("RoleMachine")
def the_last_administrator_may_go(monkeypatch: pytest.MonkeyPatch) -> None:
    async def keep_an_administrator(*_: Any) -> None:
        """Keep nobody."""

    for module in ("roles", "users"):
        place = f"limen.core.{module}.service.keep_an_administrator"
        monkeypatch.setattr(place, keep_an_administrator)


@fault("RoleMachine")
def anybody_gives_more_than_they_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limen.core.roles.service.refuse_beyond", lambda *_: None)


@fault("RoleMachine")
def the_powerful_are_within_reach_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limen.core.access.refuse_beyond", lambda *_: None)


@fault("RoleMachine")
def a_second_grant_keeps_the_first_end(monkeypatch: pytest.MonkeyPatch) -> None:
    put = MemoryGrants.put

    async def put_first(self: MemoryGrants, grant: Grant) -> None:
        present = (await self._desk.read()).grants.get(grant.user_id) or ()
        ends = [one.ends_at for one in present if one.role == grant.role]
        await put(self, replace(grant, ends_at=ends[0]) if ends else grant)

    monkeypatch.setattr(MemoryGrants, "put", put_first)


@fault("RoleMachine")
def a_grant_is_purged_with_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    purge = MemoryGrants.purge

    async def purge_early(self: MemoryGrants, before: datetime, limit: int) -> int:
        return await purge(self, before + timedelta(days=90), limit)

    monkeypatch.setattr(MemoryGrants, "purge", purge_early)


@fault("SignInMachine")
def a_wait_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    save = MemoryThrottles.save

    async def save_half(self: MemoryThrottles, throttle: Throttle) -> None:
        await save(self, replace(throttle, blocked_until=None))

    monkeypatch.setattr(MemoryThrottles, "save", save_half)


@fault("SignInMachine")
def parallel_attempts_count_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the counts first, and count when the outcome is known: a race that many have lost."""
    subjects: dict[object, str] = {}
    refuse = SignInService._refuse

    async def look(
        uow: UnitOfWork, subject: str, actor: Actor, policy: ThrottlePolicy, now: datetime, **_: Any
    ) -> Throttle:
        subjects[asyncio.current_task()] = subject
        account, *address = await uow.throttles.lock(_keys(subject, actor), now)
        account.charge_account(policy, now)
        for throttle in address:
            throttle.charge_window(policy.per_address, policy.window, now)
        return account

    async def count_and_refuse(
        self: SignInService, actor: Actor, candidate: Any, reason: Any
    ) -> None:
        subject, now = subjects[asyncio.current_task()], self._ambient.clock.now()
        with suppress(TooManyAttempts):
            async with self._unit_of_work() as uow:
                await charge(
                    uow,
                    subject,
                    actor,
                    self._policy.throttle,
                    now,
                    user_id=candidate.user_id,
                    ids=self._ambient.ids,
                )
                await uow.commit()
        await refuse(self, actor, candidate, reason)

    monkeypatch.setattr("limen.core.signin.service.charge", look)
    monkeypatch.setattr(SignInService, "_refuse", count_and_refuse)


@fault("SignInMachine")
def stuffing_is_told_of_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Often(int):
        def __eq__(self, other: object) -> bool:
            return isinstance(other, int) and other >= int(self)

        __hash__ = int.__hash__

    often = property(lambda policy: Often(policy.many_accounts))
    monkeypatch.setattr(ThrottlePolicy, "suspicious_accounts", often)


@fault("SignInMachine")
def every_failure_is_another_account(monkeypatch: pytest.MonkeyPatch) -> None:
    at = Tried.at
    monkeypatch.setattr(Tried, "at", lambda *how: replace(at(*how), is_first=True))


@fault("SignInMachine")
def a_new_account_begins_without_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    async def take_over(*_: Any) -> None:
        """Take nothing over."""

    monkeypatch.setattr("limen.core.users.making.take_over", take_over)


@fault("SignInMachine")
def success_forgets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def clear(_self: MemoryThrottles, _key: str) -> None:
        """Keep it."""

    monkeypatch.setattr(MemoryThrottles, "clear", clear)


@fault("SignInMachine")
def strangers_lock_people_out_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limen.core.throttles.charging.is_same_network", lambda *_: False)


@fault("SignInMachine")
def every_address_of_a_host_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limen.core.throttles.model._network", lambda address: address)


@fault("SignInMachine")
def what_was_not_judged_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    async def forgive(*_: Any) -> None:
        """Forgive nothing."""

    monkeypatch.setattr("limen.core.signin.service.forgive", forgive)


@fault("SignInMachine")
def a_password_changed_meanwhile_lets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    async def admit(_self: SignInService, uow: UnitOfWork, user_id: UserId, *_: object) -> User:
        return await uow.users.get(user_id)

    monkeypatch.setattr(SignInService, "_admit", admit)


@fault("FactorMachine")
def strangers_lock_factors_where_people_are_signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    async def subject_of(_: Any, user_id: UserId, *__: Any) -> str:
        return of_user(user_id)

    monkeypatch.setattr("limen.core.factors.proving.subject_of", subject_of)


@fault("LevelMachine")
def a_partial_session_takes_codes_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limen.core.factors.proving.MOST_TRIES", 10_000)
