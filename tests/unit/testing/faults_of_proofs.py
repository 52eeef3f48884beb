"""Rules about links, factors and keys, broken on purpose; the simulation must name them."""

from dataclasses import replace
from typing import Any

import pytest

from limen.adapters.memory.api_keys import MemoryApiKeys
from limen.adapters.memory.partial_sessions import MemoryPartialSessions
from limen.adapters.memory.proofs import MemoryProofs
from limen.core.factors.proving import FactorProver
from limen.core.ids import ApiKeyId
from limen.core.proofs.making import ProofMaker
from limen.core.signin import entering, stepping_up
from limen.ports.api_keys import OwnedKey
from tests.unit.testing.faults import fault


async def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


@fault("a link is used once")
def a_link_is_not_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryProofs, "consume", _nothing)


@fault("a link is used once")
def a_link_opens_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ProofMaker, "is_browser_of", lambda *_: True)


@fault("a second factor is shown")
def an_app_makes_nobody_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entering, "awaited_factors", _nothing)


@fault("a second factor is shown")
def an_app_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stepping_up, "awaited_factors", _nothing)


@fault("a second factor is shown")
def any_code_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    async def prove(*_: Any, **__: Any) -> str:
        return "otp"

    monkeypatch.setattr(FactorProver, "prove", prove)


@fault("a second factor is shown")
def a_sign_in_is_finished_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryPartialSessions, "consume", _nothing)


@fault("a key acts for its owner")
def a_key_that_was_ended_lets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    find = MemoryApiKeys.find

    async def find_living(self: MemoryApiKeys, key_id: ApiKeyId) -> OwnedKey | None:
        owned = await find(self, key_id)
        return None if owned is None else replace(owned, key=replace(owned.key, ended_at=None))

    monkeypatch.setattr(MemoryApiKeys, "find", find_living)
