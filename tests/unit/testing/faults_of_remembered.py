"""Faults about remembered browsers; only sequences show them."""

from datetime import datetime
from typing import Any

import pytest

from limen.adapters.memory.remembered import MemoryRemembered
from limen.core.actor import Actor
from limen.core.ids import RememberedId, SessionId, UserId
from limen.core.remembered.model import PresentedRemembered, Remembered
from limen.core.sessions import service as sessions
from tests.unit.testing.faults import fault


@fault("RememberedMachine")
def a_used_credential_is_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def renew(self: MemoryRemembered, remembered: Remembered) -> None:
        (await self._desk.write()).remembered.put(remembered.id, remembered)

    def is_living(_self: PresentedRemembered, _remembered: Remembered) -> bool:
        return True

    monkeypatch.setattr(MemoryRemembered, "renew", renew)
    monkeypatch.setattr(PresentedRemembered, "is_living", is_living)


@fault("RememberedMachine")
def a_copy_is_a_second_tab_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def was_just_used(self: PresentedRemembered, remembered: Remembered, _now: datetime) -> bool:
        return self.digest == remembered.previous_digest

    monkeypatch.setattr(PresentedRemembered, "was_just_used", was_just_used)


@fault("RememberedMachine")
def a_copy_ends_no_other_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    right = MemoryRemembered.remove

    async def remove(
        self: MemoryRemembered,
        user_id: UserId,
        *,
        only: RememberedId | None = None,
        keep: SessionId | None = None,
    ) -> int:
        if only is None and keep is None:
            return 0
        return await right(self, user_id, only=only, keep=keep)

    monkeypatch.setattr(MemoryRemembered, "remove", remove)


@fault("RememberedMachine")
def signing_out_leaves_the_browser_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    async def forget_nothing(*_: Any) -> None:
        """Forget nothing."""

    monkeypatch.setattr(sessions, "forget_session", forget_nothing)


@fault("RememberedMachine")
def whoever_is_identified_owns_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Actor, "owns", lambda self, user_id: self.user_id == user_id)


@fault("RememberedMachine")
def a_browser_is_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Remembered, "is_live", lambda _self, _now: True)
