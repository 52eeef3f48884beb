"""Rules about browsers, roles, addresses and passkeys, broken on purpose; the simulation must tell.

`caught_by` is the name of an invariant.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from limen.adapters.memory.ceremonies import MemoryCeremonies
from limen.adapters.memory.remembered import MemoryRemembered
from limen.core.cookies.carrying import PresentedCookie
from limen.core.emails import service as emails
from limen.core.ids import UserId
from limen.core.passkeys.model import Ceremony, CeremonyPurpose
from limen.core.remembered.model import PresentedRemembered, Remembered
from limen.core.roles import service as roles
from limen.core.sessions import service as sessions
from limen.core.sessions.model import Session
from limen.core.signin import passkeys as by_passkey
from limen.core.signin.rising import Rise
from limen.core.states import SessionState
from limen.core.tokens.family import RefreshFamily
from tests.unit.testing.faults import fault

ALWAYS: Any = lambda *_, **__: True  # noqa: E731 - a word for a predicate.


async def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


@fault("a cookie is the newest")
def a_cookie_of_before_a_rise_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    is_of = PresentedCookie.is_of

    def was_of(self: PresentedCookie, family: RefreshFamily) -> bool:
        earlier = family.previous_digest or family.digest
        return is_of(self, family) or is_of(self, replace(family, digest=earlier))

    monkeypatch.setattr(PresentedCookie, "is_of", was_of)


@fault("a cookie is the newest")
def a_rise_leaves_the_cookie_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rise, "_renew_cookie", _nothing)


@fault("a browser comes back once")
def a_used_credential_begins_a_second_session(monkeypatch: pytest.MonkeyPatch) -> None:
    async def renew(self: MemoryRemembered, remembered: Remembered) -> None:
        rows = await self._desk.write()
        rows.remembered.put(remembered.id, remembered)

    monkeypatch.setattr(PresentedRemembered, "is_living", ALWAYS)
    monkeypatch.setattr(PresentedRemembered, "was_just_used", lambda *_: False)
    monkeypatch.setattr(MemoryRemembered, "renew", renew)


@fault("a browser comes back once")
def two_come_back_by_one_credential_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def renew(self: MemoryRemembered, remembered: Remembered) -> None:
        rows = await self._desk.write()
        rows.remembered.put(remembered.id, remembered)

    monkeypatch.setattr(MemoryRemembered, "renew", renew)


@fault("who is remembered has proved nothing")
def an_identified_session_passes_for_a_full_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "state", property(lambda _: SessionState.FULL))


@fault("an ending forgets the browser")
def signing_out_leaves_the_browser_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "forget_session", _nothing)


@fault("an ending forgets the browser")
def a_used_credential_leaves_the_other_browsers(monkeypatch: pytest.MonkeyPatch) -> None:
    remove = MemoryRemembered.remove

    async def remove_one(self: MemoryRemembered, user_id: UserId, **which: Any) -> int:
        if which:
            return await remove(self, user_id, **which)
        return 0

    monkeypatch.setattr(MemoryRemembered, "remove", remove_one)


@fault("a role's second factor is shown")
def a_session_without_a_factor_lives_on_beside_a_new_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "end_sessions_without_factor", _nothing)


@fault("both ends agree")
def one_end_of_a_change_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emails, "_is_enough", ALWAYS)


@fault("both ends agree")
def another_address_leaves_sessions_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emails, "leave_address", _nothing)


@fault("a passkey answers once")
def an_answer_of_a_passkey_counts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look(
        self: MemoryCeremonies, digest: bytes, _: CeremonyPurpose, __: datetime
    ) -> Ceremony:
        rows = await self._desk.read()
        return rows.ceremonies[digest]

    monkeypatch.setattr(MemoryCeremonies, "consume", look)


@fault("a passkey answers once")
def a_passkey_that_was_removed_meanwhile_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_passkey, "note_use", _nothing)
