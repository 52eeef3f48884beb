"""Faults about what was proved and how browsers carry it; only sequences show them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from limen.adapters.memory.families import MemoryFamilies
from limen.adapters.memory.partial_sessions import MemoryPartialSessions
from limen.adapters.memory.sessions import MemorySessions
from limen.core.cookies import service as cookies
from limen.core.cookies.carrying import PresentedCookie, SessionCookies
from limen.core.errors import RefreshTokenReused
from limen.core.factors.proving import FactorProver
from limen.core.partial_sessions.model import PartialSession
from limen.core.sessions.model import Session
from limen.core.signin import entering, requiring, stepping_up
from limen.core.tokens.family import RefreshFamily, RefreshTokens
from tests.unit.testing.faults import fault


async def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


# --- sign-ins that wait ---


@fault("LevelMachine")
def a_sign_in_that_waits_is_finished_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryPartialSessions, "consume", _nothing)


@fault("LevelMachine")
def a_sign_in_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PartialSession, "is_live", lambda *_: True)


@fault("LevelMachine")
def a_sign_in_that_waits_outlives_what_ends_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryPartialSessions, "remove", _nothing)


@fault("LevelMachine")
def any_code_is_a_second_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    async def prove(*_: Any, **__: Any) -> str:
        return "otp"

    monkeypatch.setattr(FactorProver, "prove", prove)


@fault("LevelMachine")
def a_second_factor_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "limen.core.signin.finishing.with_second_factor", lambda methods, _: methods
    )


@fault("LevelMachine")
def an_app_makes_nobody_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entering, "awaited_factors", _nothing)


@fault("LevelMachine")
def a_password_alone_brings_another_app(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing_held(*_: Any) -> tuple[()]:
        return ()

    monkeypatch.setattr(requiring, "factors_of", nothing_held)


@fault("LevelMachine")
def a_required_app_leaves_sessions_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requiring, "end_everything", _nothing)


# --- proving more ---


@fault("LevelMachine")
def freshness_lasts_a_minute_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    late = timedelta(minutes=11)
    monkeypatch.setattr(Session, "is_fresh", lambda self, now: now < self.authenticated_at + late)


@fault("LevelMachine")
def a_step_up_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    async def prove(_self: MemorySessions, _session: Session) -> bool:
        return True

    monkeypatch.setattr(MemorySessions, "prove", prove)


@fault("LevelMachine")
def a_step_up_needs_no_second_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stepping_up, "awaited_factors", _nothing)


@fault("LevelMachine")
def a_session_that_was_left_rises_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "is_live", lambda *_: True)

    async def prove(self: MemorySessions, session: Session) -> bool:
        rows = await self._desk.write()
        rows.sessions.put(session.id, replace(session, ended_at=None, end_reason=None))
        return True

    monkeypatch.setattr(MemorySessions, "prove", prove)


# --- cookies ---


@fault("CookieMachine")
def a_cookie_that_was_renewed_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    is_of = PresentedCookie.is_of

    def is_of_either(self: PresentedCookie, family: RefreshFamily) -> bool:
        former = replace(family, digest=family.previous_digest or family.digest)
        return is_of(self, family) or is_of(self, former)

    monkeypatch.setattr(PresentedCookie, "is_of", is_of_either)


@fault("CookieMachine")
def a_rise_leaves_the_cookie(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limen.core.signin.rising.Rise._renew_cookie", _nothing)


@fault("CookieMachine")
def a_cookie_outlives_its_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cookies, "may_go_on", lambda *_: True)


@fault("CookieMachine")
def use_moves_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemorySessions, "use", _nothing)


@fault("CookieMachine")
def a_guard_is_everybodys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SessionCookies, "check_csrf", lambda *_: None)


@fault("CookieMachine")
def an_exchanged_token_is_exchanged_again(monkeypatch: pytest.MonkeyPatch) -> None:
    rotate = RefreshTokens.rotate

    def rotate_any(self: RefreshTokens, family: RefreshFamily, *about: Any) -> Any:
        try:
            return rotate(self, family, *about)
        except RefreshTokenReused:
            return replace(family), None

    monkeypatch.setattr(RefreshTokens, "rotate", rotate_any)


@fault("CookieMachine")
def reuse_of_an_exchanged_token_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cookies, "end_reused", _nothing)


@fault("CookieMachine")
def the_token_goes_on_beside_the_cookie(monkeypatch: pytest.MonkeyPatch) -> None:
    rotate = MemoryFamilies.rotate

    async def rotate_nothing(self: MemoryFamilies, family: RefreshFamily) -> None:
        present = (await self._desk.read()).families[family.session_id]
        await rotate(self, replace(family, digest=present.digest))

    monkeypatch.setattr(MemoryFamilies, "rotate", rotate_nothing)
