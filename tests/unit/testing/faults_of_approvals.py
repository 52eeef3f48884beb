"""Faults about resets that another administrator approves; only sequences show them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from limen.adapters.memory.factor_resets import MemoryFactorResets
from limen.core.actor import Actor
from limen.core.factors import resetting, service
from limen.core.factors.model import ResetRequest
from limen.core.ids import UserId
from limen.core.passkeys import service as passkeys
from limen.core.sessions import ending
from limen.ports.unit_of_work import UnitOfWork
from limen.testing.assembly import OPERATOR
from tests.unit.testing.faults import fault

_Spares = Callable[[Actor, ResetRequest], bool]


async def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


async def _yes(*_: Any) -> bool:
    return True


def _approve_for(monkeypatch: pytest.MonkeyPatch, spares: _Spares) -> None:
    """Let somebody approve whatever the operator could approve."""
    right = resetting.approve_reset

    async def approve(uow: UnitOfWork, user_id: UserId, actor: Actor, now: datetime) -> None:
        asked = await uow.factor_resets.find(user_id)
        spared = asked is not None and spares(actor, asked)
        await right(uow, user_id, OPERATOR if spared else actor, now)

    monkeypatch.setattr(service, "approve_reset", approve)


@fault("ApprovalMachine")
def who_asked_approves_too(monkeypatch: pytest.MonkeyPatch) -> None:
    _approve_for(monkeypatch, lambda by, asked: asked.requested_by == by.person_id)


@fault("ApprovalMachine")
def the_user_approves(monkeypatch: pytest.MonkeyPatch) -> None:
    _approve_for(monkeypatch, lambda by, asked: asked.user_id == by.person_id)


@fault("ApprovalMachine")
def anybody_approves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "authorise_over", _nothing)


@fault("ApprovalMachine")
def approvals_come_long_after_the_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "require_fresh", _nothing)


@fault("ApprovalMachine")
def a_request_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ResetRequest, "is_live", lambda _self, _now: True)


@fault("ApprovalMachine")
def a_request_is_approved_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryFactorResets, "consume", _nothing)


@fault("ApprovalMachine")
def a_request_of_who_may_not_is_approved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resetting, "_may_still_ask", _yes)


@fault("ApprovalMachine")
def a_request_outlives_another_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "drop_reset", _nothing)


@fault("ApprovalMachine")
def a_request_outlives_a_new_passkey(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passkeys, "drop_reset", _nothing)


@fault("ApprovalMachine")
def who_asks_again_takes_the_place_of_who_did(monkeypatch: pytest.MonkeyPatch) -> None:
    right = resetting.ask_for_reset

    async def ask(uow: UnitOfWork, ids: Any, user_id: UserId, actor: Actor, now: datetime) -> Any:
        await resetting.drop_reset(uow, user_id, actor, now)
        return await right(uow, ids, user_id, actor, now)

    monkeypatch.setattr(service, "ask_for_reset", ask)


@fault("ApprovalMachine")
def a_withdrawal_leaves_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "withdraw_reset", _nothing)


@fault("ApprovalMachine")
def the_last_passkey_goes_without_approval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passkeys, "_leave_a_factor", _nothing)
