"""Requests to reset factors in memory, broken on purpose."""

from datetime import datetime

import pytest

from limen.adapters.memory.factor_resets import MemoryFactorResets
from limen.adapters.memory.users import MemoryUsers
from limen.core.errors import FactorResetNotFound
from limen.core.factors.model import ResetRequest
from limen.core.ids import UserId
from tests.integration.faults.fault import faults_of
from tests.integration.faults.memory_answers import do_nothing, purge_everything
from tests.integration.faults.memory_mail import purge_early

fault = faults_of("memory")


@fault("TestFactorResets::test_find_returns_the_request_of_a_user")
def the_request_of_anybody_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def find(self: MemoryFactorResets, _user_id: UserId) -> ResetRequest | None:
        return next(iter((await self._desk.read()).factor_resets.values()), None)

    monkeypatch.setattr(MemoryFactorResets, "find", find)


@fault("TestFactorResets::test_put_takes_the_place_of_the_earlier_one")
def the_first_request_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    right = MemoryFactorResets.put

    async def put(self: MemoryFactorResets, request: ResetRequest) -> None:
        if (await self._desk.read()).factor_resets.get(request.user_id) is None:
            await right(self, request)

    monkeypatch.setattr(MemoryFactorResets, "put", put)


@fault("TestFactorResets::test_put_raises_user_not_found_for_somebody_who_is_gone")
def a_request_is_about_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def put(self: MemoryFactorResets, request: ResetRequest) -> None:
        (await self._desk.write()).factor_resets.put(request.user_id, request)

    monkeypatch.setattr(MemoryFactorResets, "put", put)


@fault(
    "TestFactorResets::test_consume_removes_the_request_of_this_user_alone",
    "TestOneTime::test_of_many_who_approve_one_reset_one_wins",
)
def everybody_approves(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryFactorResets, "consume")


@fault("TestFactorResets::test_consume_raises_factor_reset_not_found_for_any_other_request")
def one_request_is_as_good_as_another(monkeypatch: pytest.MonkeyPatch) -> None:
    async def consume(self: MemoryFactorResets, request: ResetRequest, now: datetime) -> None:
        rows = await self._desk.write()
        found = rows.factor_resets.pop(request.user_id)
        if found is None or not found.is_live(now):
            raise FactorResetNotFound

    monkeypatch.setattr(MemoryFactorResets, "consume", consume)


@fault("TestFactorResets::test_consume_raises_factor_reset_not_found_from_its_end_on")
def a_request_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ResetRequest, "is_live", lambda _self, _now: True)


@fault("TestFactorResets::test_requests_go_with_their_user")
def a_request_outlives_its_user(monkeypatch: pytest.MonkeyPatch) -> None:
    async def remove(self: MemoryUsers, user_id: UserId) -> None:
        rows = await self._desk.write()
        user = rows.users.pop(user_id)
        if user is not None:
            rows.emails.pop(user.email.key)

    monkeypatch.setattr(MemoryUsers, "remove", remove)


@fault("TestFactorResets::test_purge_removes_what_was_over_before")
def a_purge_withdraws(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_early(monkeypatch, MemoryFactorResets)


@fault("TestFactorResets::test_purge_removes_at_most_limit_and_tells_how_many")
def a_purge_of_requests_knows_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_everything(monkeypatch, MemoryFactorResets)
