"""What `limen.ports.sessions.Sessions` promises."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from limen.core.errors import UserNotFound
from limen.core.sessions.model import Ending, EndReason
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import (
    a_family,
    a_full_session,
    a_session,
    a_session_id,
    a_user,
    a_user_id,
)
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import assert_kept, change, keep, look
from limen.testing.fakes import NOON

LATER: Final = NOON + timedelta(minutes=10, microseconds=1)
INSTANT: Final = timedelta(microseconds=1)


class SessionsContract(Contract):
    """Sessions that begin, are used and are listed. Fixture: `unit_of_work`."""

    async def test_find_returns_the_session_as_it_was_added(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user, full := a_full_session(user.id), bare := a_session(user.id))
        await assert_kept(unit_of_work, full, bare)

    async def test_add_raises_user_not_found_if_the_user_is_gone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        session = a_session(a_user_id())
        with pytest.raises(UserNotFound):
            await keep(unit_of_work, session)
        assert await look(unit_of_work, lambda view: view.sessions.find(session.id)) is None

    async def test_find_returns_none_if_there_is_no_such_session(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        assert await look(unit_of_work, lambda view: view.sessions.find(a_session_id())) is None

    async def test_find_returns_sessions_that_are_over(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        ended, run_out = a_session(user.id), a_session(user.id, created_at=NOON - timedelta(days=9))
        await keep(unit_of_work, user, ended, run_out)
        await change(
            unit_of_work,
            lambda uow: uow.sessions.end(user.id, LATER, EndReason.REVOKED, only=ended.id),
        )
        expected = replace(ended, ended_at=LATER, end_reason=EndReason.REVOKED)
        await assert_kept(unit_of_work, expected, run_out)

    # --- list_live ---

    async def test_list_live_returns_the_live_ones_of_this_user_the_last_used_first(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user, other = a_user(), a_user()
        used = [a_session(user.id, last_used_at=NOON + INSTANT * n) for n in (2, 9, 5)]
        await keep(unit_of_work, user, other, *used, a_session(other.id))
        live = await look(unit_of_work, lambda view: view.sessions.list_live(user.id, LATER))
        assert_same(live, (used[1], used[2], used[0]))

    async def test_list_live_leaves_out_what_ended_or_ran_out(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        live = a_session(user.id, idle_expires_at=LATER + INSTANT)
        idle = a_session(user.id, idle_expires_at=LATER)
        old = a_session(user.id, expires_at=LATER)
        ended = a_session(user.id)
        await keep(unit_of_work, user, live, idle, old, ended)
        await change(
            unit_of_work,
            lambda uow: uow.sessions.end(user.id, NOON, EndReason.REVOKED, only=ended.id),
        )
        found = await look(unit_of_work, lambda view: view.sessions.list_live(user.id, LATER))
        assert_same(found, (live,))

    async def test_list_live_returns_at_most_200(self, unit_of_work: UnitOfWorkFactory) -> None:
        user = a_user()
        sessions = [a_session(user.id, last_used_at=NOON + INSTANT * n) for n in range(203)]
        await keep(unit_of_work, user, *sessions)
        found = await look(unit_of_work, lambda view: view.sessions.list_live(user.id, NOON))
        assert_same(found, tuple(reversed(sessions))[:200])

    # --- use ---

    async def test_use_stores_the_two_instants_alone(self, unit_of_work: UnitOfWorkFactory) -> None:
        user = a_user()
        session, other = a_full_session(user.id), a_session(user.id)
        await keep(unit_of_work, user, session, other)
        used = replace(session, last_used_at=LATER, idle_expires_at=LATER + INSTANT)
        seen = replace(used, label="other", address=None, methods=(), expires_at=NOON)
        await change(unit_of_work, lambda uow: uow.sessions.use(seen))
        await assert_kept(unit_of_work, used, other)

    async def test_use_changes_nothing_of_a_session_that_has_ended(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        session = a_session(user.id)
        await keep(unit_of_work, user, session)
        await change(unit_of_work, lambda uow: uow.sessions.end(user.id, NOON, EndReason.REVOKED))
        used = replace(session, last_used_at=LATER, idle_expires_at=LATER)
        await change(unit_of_work, lambda uow: uow.sessions.use(used))
        await assert_kept(
            unit_of_work, replace(session, ended_at=NOON, end_reason=EndReason.REVOKED)
        )

    async def test_use_of_a_session_that_is_gone_brings_nothing_back(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user, gone := a_session(user.id))
        await change(unit_of_work, lambda uow: uow.sessions.end(user.id, NOON, EndReason.REVOKED))
        await change(unit_of_work, lambda uow: uow.sessions.purge(LATER, 100))
        used = replace(gone, last_used_at=LATER, idle_expires_at=LATER + INSTANT)
        await change(unit_of_work, lambda uow: uow.sessions.use(used))
        async with unit_of_work.view() as view:
            assert await view.sessions.find(gone.id) is None
            assert await view.sessions.list_live(user.id, LATER) == ()

    # --- prove ---

    async def test_prove_stores_how_and_when_alone_and_tells_that_it_did(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        session, other = a_full_session(user.id), a_session(user.id)
        await keep(unit_of_work, user, session, other)
        proved = session.proved(("pwd", "otp", "mfa"), LATER)
        instants = ("created_at", "last_used_at", "idle_expires_at", "expires_at")
        others = {name: LATER + INSTANT * n for n, name in enumerate(instants, 1)}
        seen = replace(proved, label="other", address=None, **others)  # type: ignore[arg-type]
        assert await change(unit_of_work, lambda uow: uow.sessions.prove(seen))
        await assert_kept(unit_of_work, proved, other)

    async def test_prove_tells_and_changes_nothing_of_a_session_that_has_ended(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        session = a_session(user.id)
        await keep(unit_of_work, user, session)
        await change(unit_of_work, lambda uow: uow.sessions.end(user.id, NOON, EndReason.REVOKED))
        proved = session.proved(("pwd", "otp"), LATER)
        assert not await change(unit_of_work, lambda uow: uow.sessions.prove(proved))
        await assert_kept(
            unit_of_work, replace(session, ended_at=NOON, end_reason=EndReason.REVOKED)
        )

    async def test_prove_of_no_session_tells_that_it_did_nothing(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, user := a_user())
        unknown = [a_session(user.id), a_session(a_user_id())]
        async with unit_of_work() as uow:
            for session in unknown:
                assert not await uow.sessions.prove(session.proved(("pwd", "otp", "mfa"), LATER))
            await uow.commit()
        async with unit_of_work.view() as view:
            assert [await view.sessions.find(session.id) for session in unknown] == [None, None]


class SessionEndingsContract(Contract):
    """Sessions that end and go. Fixture: `unit_of_work`."""

    async def test_end_ends_every_session_of_this_user(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user, other = a_user(), a_user()
        ours = [a_session(user.id), a_full_session(user.id)]
        await keep(unit_of_work, user, other, *ours, theirs := a_session(other.id))
        told = await change(
            unit_of_work, lambda uow: uow.sessions.end(user.id, LATER, EndReason.SUSPENDED)
        )
        assert sorted(told) == sorted(session.id for session in ours)
        ended = [replace(s, ended_at=LATER, end_reason=EndReason.SUSPENDED) for s in ours]
        await assert_kept(unit_of_work, *ended, theirs)

    async def test_end_only_ends_that_one(self, unit_of_work: UnitOfWorkFactory) -> None:
        user = a_user()
        ended, kept = a_session(user.id), a_session(user.id)
        await keep(unit_of_work, user, ended, kept)
        told = await change(
            unit_of_work,
            lambda uow: uow.sessions.end(user.id, LATER, EndReason.REVOKED, only=ended.id),
        )
        assert told == (ended.id,)
        await assert_kept(
            unit_of_work, replace(ended, ended_at=LATER, end_reason=EndReason.REVOKED), kept
        )

    async def test_end_never_ends_the_session_of_another_user(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user, other = a_user(), a_user()
        theirs = a_session(other.id)
        await keep(unit_of_work, user, other, theirs)
        told = await change(
            unit_of_work,
            lambda uow: uow.sessions.end(user.id, LATER, EndReason.REVOKED, only=theirs.id),
        )
        assert told == ()
        await assert_kept(unit_of_work, theirs)

    async def test_end_keeps_the_one_to_keep(self, unit_of_work: UnitOfWorkFactory) -> None:
        user = a_user()
        kept, *ended = (a_session(user.id) for _ in range(3))
        await keep(unit_of_work, user, kept, *ended)
        told = await change(
            unit_of_work,
            lambda uow: uow.sessions.end(user.id, LATER, EndReason.REVOKED, keep=kept.id),
        )
        assert sorted(told) == sorted(session.id for session in ended)
        await assert_kept(unit_of_work, kept)

    async def test_end_tells_and_changes_only_what_had_not_ended(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        session = a_session(user.id)
        await keep(unit_of_work, user, session, family := a_family(session.id))
        await change(
            unit_of_work, lambda uow: uow.sessions.end(user.id, NOON, EndReason.SIGNED_OUT)
        )
        told = await change(
            unit_of_work, lambda uow: uow.sessions.end(user.id, LATER, EndReason.DELETED)
        )
        assert told == ()
        ended = replace(session, ended_at=NOON, end_reason=EndReason.SIGNED_OUT)
        await assert_kept(unit_of_work, ended, replace(family, ended_at=NOON))
        endings = await look(unit_of_work, lambda view: view.sessions.list_endings(NOON))
        assert_same(endings, (Ending(session.id, NOON),))

    @pytest.mark.parametrize("reason", list(EndReason))
    async def test_every_reason_comes_back(
        self, unit_of_work: UnitOfWorkFactory, reason: EndReason
    ) -> None:
        user = a_user()
        session = a_session(user.id)
        await keep(unit_of_work, user, session)
        await change(unit_of_work, lambda uow: uow.sessions.end(user.id, LATER, reason))
        await assert_kept(unit_of_work, replace(session, ended_at=LATER, end_reason=reason))

    async def test_end_ends_the_refresh_families_too(self, unit_of_work: UnitOfWorkFactory) -> None:
        user = a_user()
        ended, kept = a_session(user.id), a_session(user.id)
        families = a_family(ended.id), a_family(kept.id)
        await keep(unit_of_work, user, ended, kept, *families)
        await change(
            unit_of_work,
            lambda uow: uow.sessions.end(user.id, LATER, EndReason.REVOKED, keep=kept.id),
        )
        await assert_kept(unit_of_work, replace(families[0], ended_at=LATER), families[1])

    # --- list_endings ---

    async def test_list_endings_returns_those_recorded_at_since_or_later(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        sessions = [a_session(user.id) for _ in range(3)]
        await keep(unit_of_work, user, *sessions)
        instants = [NOON - INSTANT, NOON, LATER]
        async with unit_of_work() as uow:
            for session, when in zip(sessions, instants, strict=True):
                await uow.sessions.end(user.id, when, EndReason.REVOKED, only=session.id)
            await uow.commit()
        endings = await look(unit_of_work, lambda view: view.sessions.list_endings(NOON))
        expected = [Ending(sessions[1].id, NOON), Ending(sessions[2].id, LATER)]
        assert_same(sorted(endings, key=lambda ending: ending.ended_at), expected)

    async def test_a_session_that_only_ran_out_has_no_ending(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user, a_session(user.id, expires_at=NOON))
        assert await look(unit_of_work, lambda v: v.sessions.list_endings(NOON)) == ()

    # --- purge ---

    async def test_purge_removes_what_ended_or_ran_out_before_and_its_family(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        idle = a_session(user.id, idle_expires_at=LATER - INSTANT)
        old = a_session(user.id, expires_at=LATER - INSTANT)
        ended = a_session(user.id)
        over = (idle, old, ended)
        await keep(unit_of_work, user, *over, *(a_family(session.id) for session in over))
        async with unit_of_work() as uow:
            await uow.sessions.end(user.id, NOON, EndReason.REVOKED, only=ended.id)
            await uow.commit()
        assert await change(unit_of_work, lambda uow: uow.sessions.purge(LATER, 100)) == 3
        async with unit_of_work.view() as view:
            for session in over:
                assert await view.sessions.find(session.id) is None
                assert await view.families.find_standing(session.id, NOON) is None

    async def test_purge_leaves_what_lives_or_was_over_later(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        live, idle = a_session(user.id), a_session(user.id, idle_expires_at=LATER)
        old = a_session(user.id, expires_at=LATER)
        ended = {when: a_session(user.id) for when in (LATER, LATER + INSTANT)}
        await keep(unit_of_work, user, live, idle, old, *ended.values())
        await keep(unit_of_work, family := a_family(live.id))
        async with unit_of_work() as uow:
            for when, session in ended.items():
                await uow.sessions.end(user.id, when, EndReason.REVOKED, only=session.id)
            await uow.commit()
        assert await change(unit_of_work, lambda uow: uow.sessions.purge(LATER, 100)) == 0
        revoked = EndReason.REVOKED
        over = [replace(s, ended_at=when, end_reason=revoked) for when, s in ended.items()]
        await assert_kept(unit_of_work, live, idle, old, *over, family)
        endings = await look(unit_of_work, lambda view: view.sessions.list_endings(NOON))
        by_instant = sorted(endings, key=lambda ending: ending.ended_at)
        assert_same(by_instant, [Ending(session.id, when) for when, session in ended.items()])

    async def test_what_a_purge_leaves_is_listed_and_can_be_ended(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        over, live = a_session(user.id, expires_at=NOON), a_session(user.id)
        await keep(unit_of_work, user, over, live)
        assert await change(unit_of_work, lambda uow: uow.sessions.purge(LATER, 100)) == 1
        listed = await look(unit_of_work, lambda view: view.sessions.list_live(user.id, LATER))
        assert_same(listed, (live,))
        told = await change(
            unit_of_work, lambda uow: uow.sessions.end(user.id, LATER, EndReason.SUSPENDED)
        )
        assert told == (live.id,)

    async def test_purge_removes_endings_from_before(self, unit_of_work: UnitOfWorkFactory) -> None:
        user = a_user()
        before, after = a_session(user.id), a_session(user.id)
        await keep(unit_of_work, user, before, after)
        async with unit_of_work() as uow:
            await uow.sessions.end(user.id, LATER - INSTANT, EndReason.REVOKED, only=before.id)
            await uow.sessions.end(user.id, LATER, EndReason.REVOKED, only=after.id)
            await uow.sessions.purge(LATER, 100)
            await uow.commit()
        endings = await look(unit_of_work, lambda view: view.sessions.list_endings(NOON))
        assert_same(endings, (Ending(after.id, LATER),))

    async def test_purge_removes_at_most_limit_and_tells_how_many(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user, *(a_session(user.id) for _ in range(5)))
        await change(unit_of_work, lambda uow: uow.sessions.end(user.id, NOON, EndReason.REVOKED))
        removed, endings_left = [], []
        for _ in range(4):
            removed.append(await change(unit_of_work, lambda uow: uow.sessions.purge(LATER, 2)))
            left = await look(unit_of_work, lambda view: view.sessions.list_endings(NOON))
            endings_left.append(len(left))
        assert removed == [2, 2, 1, 0]
        assert endings_left == [3, 1, 0, 0]
