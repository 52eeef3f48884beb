"""Faults about passkeys; only sequences show them."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from limen.adapters.memory.ceremonies import MemoryCeremonies
from limen.adapters.memory.passkeys import MemoryPasskeys
from limen.core.errors import CeremonyOver
from limen.core.ids import PasskeyId, UserId
from limen.core.passkeys import proving, service
from limen.core.passkeys.model import Ceremony, CeremonyPurpose, Passkey
from tests.unit.testing.faults import fault


def consume_otherwise(
    monkeypatch: pytest.MonkeyPatch, *, any_purpose: bool, any_time: bool, again: bool
) -> None:
    """Let questions be answered for anything, late or again."""

    async def consume(
        self: MemoryCeremonies, digest: bytes, purpose: CeremonyPurpose, now: datetime
    ) -> Ceremony:
        rows = await self._desk.write()
        ceremony = rows.ceremonies.get(digest)
        if ceremony is None:
            raise CeremonyOver
        wanted = ceremony.purpose if any_purpose else purpose
        if not ceremony.is_live(wanted, min(now, ceremony.expires_at) if any_time else now):
            is_late = any_time and ceremony.purpose is wanted
            if not is_late:
                raise CeremonyOver
        if not again:
            rows.ceremonies.pop(digest)
        return ceremony

    monkeypatch.setattr(MemoryCeremonies, "consume", consume)


@fault("PasskeyMachine")
def an_answer_is_good_again(monkeypatch: pytest.MonkeyPatch) -> None:
    consume_otherwise(monkeypatch, any_purpose=False, any_time=False, again=True)


@fault("PasskeyMachine")
def an_answer_is_good_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    consume_otherwise(monkeypatch, any_purpose=False, any_time=True, again=False)


@fault("PasskeyMachine")
def an_answer_is_good_for_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    consume_otherwise(monkeypatch, any_purpose=True, any_time=False, again=False)


@fault("PasskeyMachine")
def a_copy_is_as_good_as_the_original(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Passkey, "is_followed_by", lambda _self, _count: True)


@fault("PasskeyMachine")
def anybody_may_answer_for_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "_is_expected", lambda *_: True)


@fault("PasskeyMachine")
def a_question_of_one_session_is_good_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    consume = MemoryCeremonies.consume
    asking: list[Any] = []

    async def consume_for_whoever_asks(self: MemoryCeremonies, *about: Any) -> Ceremony:
        return replace(await consume(self, *about), session_id=asking[-1])

    async def take_any(*given: Any, session_id: Any = None, **named: Any) -> Ceremony:
        asking.append(session_id)
        return await take_ceremony(*given, session_id=session_id, **named)

    take_ceremony = proving.take_ceremony
    monkeypatch.setattr(MemoryCeremonies, "consume", consume_for_whoever_asks)
    monkeypatch.setattr(proving, "take_ceremony", take_any)
    monkeypatch.setattr(service, "take_ceremony", take_any)


@fault("PasskeyMachine")
def passkeys_come_long_after_the_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    async def believe(*_: object) -> None:
        """Look at no time."""

    monkeypatch.setattr(service, "require_fresh", believe)


@fault("PasskeyMachine")
def a_removed_passkey_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def remove(_self: MemoryPasskeys, _user_id: UserId, _passkey_id: PasskeyId) -> None:
        """Remove nothing."""

    monkeypatch.setattr(MemoryPasskeys, "remove", remove)
