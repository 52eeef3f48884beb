"""Sessions, families and throttles in memory that are over, gone or handed out."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from limen.adapters.memory import families, sessions, throttles
from limen.adapters.memory.sessions import MemorySessions
from limen.core.ids import SessionId, UserId
from limen.core.sessions.model import Session
from limen.core.throttles.model import Throttle
from tests.integration.faults.fault import faults_of

fault = faults_of("memory")

LEAVES = "TestSessionEndings::test_purge_leaves_what_lives_or_was_over_later"
QUIET = "TestThrottles::test_purge_removes_those_last_charged_before_and_not_blocked_since"


# --- sessions ------------------------------------------------------------------------------------


@fault("TestSessions::test_use_of_a_session_that_is_gone_brings_nothing_back")
def a_use_brings_a_session_back(monkeypatch: pytest.MonkeyPatch) -> None:
    use = MemorySessions.use

    async def use_or_add(self: MemorySessions, session: Session) -> None:
        if session.id not in (await self._desk.write()).sessions:
            await self.add(session)
        await use(self, session)

    monkeypatch.setattr(MemorySessions, "use", use_or_add)


@fault("TestSessions::test_prove_of_no_session_tells_that_it_did_nothing")
def a_proof_of_no_session_leaves_one(monkeypatch: pytest.MonkeyPatch) -> None:
    prove = MemorySessions.prove

    async def prove_and_add(self: MemorySessions, session: Session) -> bool:
        rows = await self._desk.write()
        told = await prove(self, session)
        if session.id not in rows.sessions and session.user_id in rows.users:
            await self.add(session)
        return told

    monkeypatch.setattr(MemorySessions, "prove", prove_and_add)


def prove_at(monkeypatch: pytest.MonkeyPatch, instant: str) -> None:
    """Let the proof of a session count from another one of its instants."""
    prove = MemorySessions.prove

    async def prove_otherwise(self: MemorySessions, session: Session) -> bool:
        when: datetime = getattr(session, instant)
        return await prove(self, replace(session, authenticated_at=when))

    monkeypatch.setattr(MemorySessions, "prove", prove_otherwise)


@fault("TestSessions::test_prove_stores_how_and_when_alone_and_tells_that_it_did")
def a_proof_counts_from_the_last_use(monkeypatch: pytest.MonkeyPatch) -> None:
    prove_at(monkeypatch, "last_used_at")


@fault("TestSessions::test_prove_stores_how_and_when_alone_and_tells_that_it_did")
def a_proof_counts_until_the_session_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    prove_at(monkeypatch, "expires_at")


@fault("TestSessionEndings::test_end_tells_and_changes_only_what_had_not_ended")
def families_that_ended_before_end_again(monkeypatch: pytest.MonkeyPatch) -> None:
    end = MemorySessions.end

    async def end_families(
        self: MemorySessions, user_id: UserId, now: datetime, *args: Any, **named: Any
    ) -> tuple[SessionId, ...]:
        rows = await self._desk.write()
        for session_id in rows.user_sessions.get(user_id) or ():
            family = rows.families.get(session_id)
            if family is not None and family.ended_at is not None:
                rows.families.put(session_id, replace(family, ended_at=now))
        return await end(self, user_id, now, *args, **named)

    monkeypatch.setattr(MemorySessions, "end", end_families)


@fault("TestSessionEndings::test_purge_removes_at_most_limit_and_tells_how_many")
def endings_are_purged_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    purge = MemorySessions.purge

    async def purge_endings(self: MemorySessions, before: datetime, limit: int) -> int:
        rows = await self._desk.write()
        for ending in tuple(rows.endings.values()):
            if ending.ended_at < before:
                rows.endings.pop(ending.session_id)
        return await purge(self, before, limit)

    monkeypatch.setattr(MemorySessions, "purge", purge_endings)


@fault(LEAVES)
def a_purge_eats_endings_that_came_later(monkeypatch: pytest.MonkeyPatch) -> None:
    purge = MemorySessions.purge

    async def purge_endings(self: MemorySessions, before: datetime, limit: int) -> int:
        rows = await self._desk.write()
        for ending in tuple(rows.endings.values()):
            if ending.ended_at != before:
                rows.endings.pop(ending.session_id)
        return await purge(self, before, limit)

    monkeypatch.setattr(MemorySessions, "purge", purge_endings)


@fault(LEAVES)
def a_purge_eats_sessions_that_ended_later(monkeypatch: pytest.MonkeyPatch) -> None:
    was_over = sessions._was_over
    monkeypatch.setattr(
        sessions,
        "_was_over",
        lambda session, before: session.ended_at not in {None, before} or was_over(session, before),
    )


@fault("TestSessionEndings::test_what_a_purge_leaves_is_listed_and_can_be_ended")
def a_purge_loses_sight_of_the_sessions_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    purge = MemorySessions.purge

    async def purge_index(self: MemorySessions, before: datetime, limit: int) -> int:
        rows = await self._desk.write()
        users = {s.user_id for s in rows.sessions.values() if sessions._was_over(s, before)}
        removed = await purge(self, before, limit)
        for user_id in users:
            rows.user_sessions.pop(user_id)
        return removed

    monkeypatch.setattr(MemorySessions, "purge", purge_index)


@fault("TestFamilies::test_what_happens_to_a_standing_found_does_not_reach_the_store")
def the_user_of_a_family_is_handed_out_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(families, "copied", lambda user: user)


# --- throttles -----------------------------------------------------------------------------------


@fault(QUIET)
def a_throttle_stays_blocked_an_instant_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    was_quiet = throttles._was_quiet

    def was_quiet_for_long(throttle: Throttle, before: datetime) -> bool:
        return throttle.blocked_until != before and was_quiet(throttle, before)

    monkeypatch.setattr(throttles, "_was_quiet", was_quiet_for_long)


@fault(QUIET)
def a_purge_eats_throttles_charged_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def was_quiet(throttle: Throttle, before: datetime) -> bool:
        blocked = throttle.blocked_until
        return throttle.last_at != before and (blocked is None or blocked <= before)

    monkeypatch.setattr(throttles, "_was_quiet", was_quiet)


@fault(QUIET)
def a_purge_eats_throttles_whose_block_alone_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    was_quiet = throttles._was_quiet

    def was_served(throttle: Throttle, before: datetime) -> bool:
        blocked = throttle.blocked_until
        return was_quiet(throttle, before) or (blocked is not None and blocked <= before)

    monkeypatch.setattr(throttles, "_was_quiet", was_served)
