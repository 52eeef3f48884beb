"""Faults about API keys; only sequences show them."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from limen.adapters.memory.api_keys import MemoryApiKeys
from limen.core.api_keys import checking
from limen.core.api_keys.model import ApiKey
from tests.unit.testing.faults import fault


@fault("ApiKeyMachine")
def a_rotated_key_holds_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    rotated = ApiKey.rotated

    def rotated_late(self: ApiKey, successor: ApiKey, _: timedelta, now: datetime) -> ApiKey:
        return rotated(self, successor, timedelta(days=999), now)

    monkeypatch.setattr(ApiKey, "rotated", rotated_late)


@fault("ApiKeyMachine")
def a_key_keeps_what_its_owner_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "allowed_to_keys", lambda scopes, _held: scopes)


@fault("ApiKeyMachine")
def whoever_is_shut_out_comes_in_by_key(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody_is_refused(*_: object, **__: object) -> None:
        """Refuse nobody."""

    monkeypatch.setattr(checking, "reason_to_refuse", nobody_is_refused)


@fault("ApiKeyMachine")
def nobody_counts_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    async def count(*_: Any, **__: Any) -> int:
        return 0

    monkeypatch.setattr(MemoryApiKeys, "count", count)


@fault("ApiKeyMachine")
def a_reported_key_lives_on(monkeypatch: pytest.MonkeyPatch) -> None:
    save = MemoryApiKeys.save

    async def save_none_that_ended(self: MemoryApiKeys, key: ApiKey) -> None:
        if key.ended_at is None:
            await save(self, key)

    monkeypatch.setattr(MemoryApiKeys, "save", save_none_that_ended)
