"""What `limen.ports.unit_of_work` promises: one change, whole or not at all."""

import asyncio

import pytest

from limen.core.errors import ConcurrentUpdate, EmailTaken, UserNotFound
from limen.core.events import Event
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import (
    a_credential,
    a_family,
    a_full_user,
    a_grant,
    a_session_id,
    a_user,
    a_user_id,
    an_event,
)
from limen.testing.contract import Contract
from limen.testing.contracts.calls import WRITES
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.everything import Everything
from limen.testing.contracts.steps import assert_kept, keep, look


class Stop(Exception):
    """Raised to leave a unit of work."""


class UnitOfWorkContract(Contract):
    """Transactions, seen from one caller. Fixture: `unit_of_work`."""

    # --- commit ---

    async def test_what_was_committed_is_there_for_everybody(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_full_user()
        async with unit_of_work() as uow:
            await uow.users.add(user)
            await uow.commit()
            # At once, not only when the unit of work is left.
            await assert_kept(unit_of_work, user)
        await assert_kept(unit_of_work, user)

    async def test_a_commit_is_of_everything_that_was_written(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        everything = Everything()
        await everything.fill(unit_of_work)
        before = await everything.committed(unit_of_work)
        async with unit_of_work() as uow:
            await everything.change(uow)
            await uow.commit()
        after = await everything.committed(unit_of_work)
        assert [name for name in before if before[name] == after[name]] == []

    async def test_what_was_committed_stays_when_an_error_follows(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()

        async def commit_and_stop() -> None:
            async with unit_of_work() as uow:
                await uow.users.add(user)
                await uow.commit()
                raise Stop

        with pytest.raises(Stop):
            await commit_and_stop()
        await assert_kept(unit_of_work, user)

    async def test_an_empty_change_commits(self, unit_of_work: UnitOfWorkFactory) -> None:
        async with unit_of_work() as uow:
            await uow.commit()
        assert uow.committed == ()

    @pytest.mark.parametrize("write", sorted(WRITES))
    async def test_nothing_may_follow_a_commit(
        self, unit_of_work: UnitOfWorkFactory, write: str
    ) -> None:
        async with unit_of_work() as uow:
            await uow.users.add(a_user())
            await uow.commit()
            with pytest.raises(RuntimeError):
                await WRITES[write](uow)

    async def test_a_commit_happens_once_and_nothing_is_emitted_after_it(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        async with unit_of_work() as uow:
            uow.emit(an_event())
            await uow.commit()
            with pytest.raises(RuntimeError):
                await uow.commit()
            with pytest.raises(RuntimeError):
                uow.emit(an_event())
        assert len(await look(unit_of_work, lambda view: view.outbox.list())) == 1

    async def test_nothing_may_be_asked_of_what_was_left(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        async with unit_of_work() as uow:
            pass
        async with unit_of_work.view() as view:
            pass
        with pytest.raises(RuntimeError):
            await uow.users.add(user)
        with pytest.raises(RuntimeError):
            uow.emit(an_event())
        with pytest.raises(RuntimeError):
            await uow.commit()
        with pytest.raises(RuntimeError):
            await view.users.find(user.email)

    # --- no commit ---

    async def test_leaving_without_commit_undoes_all_of_it(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        everything = Everything()
        await everything.fill(unit_of_work)
        before = await everything.committed(unit_of_work)
        async with unit_of_work() as uow:
            await everything.change(uow)
        assert_same(await everything.committed(unit_of_work), before)

    async def test_leaving_by_an_error_undoes_all_of_it_and_lets_the_error_through(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        everything = Everything()
        await everything.fill(unit_of_work)
        before = await everything.committed(unit_of_work)

        async def change_and_stop() -> None:
            async with unit_of_work() as uow:
                await everything.change(uow)
                raise Stop

        with pytest.raises(Stop):
            await change_and_stop()
        assert_same(await everything.committed(unit_of_work), before)

    async def test_a_refusal_half_way_undoes_what_went_before(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        present, user, event = a_user(), a_user(), an_event()
        rival = a_user(email=present.email.address)
        await keep(unit_of_work, present)
        with pytest.raises(EmailTaken):
            await keep(unit_of_work, event, user, a_credential(user.id), rival)
        async with unit_of_work.view() as view:
            with pytest.raises(UserNotFound):
                await view.users.get(user.id)
            assert await view.outbox.list() == ()

    async def test_after_a_refused_write_a_unit_of_work_goes_on_or_raises_runtime_error(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        present, user = a_user(), a_user()
        await keep(unit_of_work, present)
        goes_on = True
        async with unit_of_work() as uow:
            with pytest.raises(EmailTaken):
                await uow.users.add(a_user(email=present.email.address))
            try:
                await uow.users.add(user)
                await uow.commit()
            except RuntimeError:
                goes_on = False
        async with unit_of_work.view() as view:
            kept = [account.user.id for account in await view.accounts.list()]
        assert kept == ([present.id, user.id] if goes_on else [present.id])

    async def test_a_failed_commit_changes_nothing(self, unit_of_work: UnitOfWorkFactory) -> None:
        everything = Everything()
        await everything.fill(unit_of_work)
        before = await everything.committed(unit_of_work)
        async with unit_of_work() as uow:
            uow.emit(an_event())
            await uow.users.add(a_user())

            async def fail_at_the_latest_at_the_commit() -> None:
                await uow.families.rotate(a_family(a_session_id(), generation=2))
                await uow.commit()

            with pytest.raises(ConcurrentUpdate):
                await fail_at_the_latest_at_the_commit()
            assert uow.committed == ()
        assert_same(await everything.committed(unit_of_work), before)

    async def test_being_cancelled_undoes_all_of_it_and_frees_every_lock(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        everything = Everything()
        await everything.fill(unit_of_work)
        before = await everything.committed(unit_of_work)
        is_there = asyncio.Event()

        async def hang() -> None:
            async with unit_of_work() as uow:
                await uow.keys.lock()
                await uow.roles.lock_administrators()
                await everything.change(uow)
                is_there.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(hang())
        await is_there.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert_same(await everything.committed(unit_of_work), before)
        async with asyncio.timeout(30):
            async with unit_of_work() as uow:
                await uow.keys.lock()
                await uow.roles.lock_administrators()
                await everything.change(uow)
                await uow.commit()

    @pytest.mark.parametrize("steps", range(12))
    async def test_being_cancelled_anywhere_leaves_all_or_nothing(
        self, unit_of_work: UnitOfWorkFactory, steps: int
    ) -> None:
        user = a_user()
        task = asyncio.create_task(keep(unit_of_work, user, a_credential(user.id)))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        # Who comes next waits for a commit that was under way: then its outcome is settled.
        await keep(unit_of_work, a_user())
        async with unit_of_work.view() as view:
            found = await view.users.find(user.email)
            assert (found is None) == (await view.passwords.find(user.id) is None)

    async def test_a_unit_of_work_that_was_undone_leaves_the_next_one_free(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        async with unit_of_work() as uow:
            await uow.users.add(user)
        await keep(unit_of_work, user)
        await assert_kept(unit_of_work, user)

    # --- what is seen ---

    async def test_a_unit_of_work_sees_its_own_writes(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        async with unit_of_work() as uow:
            user = a_user(username="ada")
            await uow.users.add(user)
            await uow.passwords.add(a_credential(user.id))
            await uow.grants.put(a_grant(user.id))
            assert_same(await uow.users.get(user.id), user)
            assert_same(await uow.users.find(user.email), user)
            assert_same(await uow.passwords.find(user.id), a_credential(user.id))
            assert await uow.grants.count_administrators(besides=a_user_id()) == 1
            await uow.users.remove(user.id)
            assert await uow.users.find(user.email) is None

    async def test_what_a_unit_of_work_sees_is_what_it_commits(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        everything = Everything()
        await everything.fill(unit_of_work)
        async with unit_of_work() as uow:
            await everything.change(uow)
            seen = await everything.shown(uow)
            await uow.commit()
        assert_same(seen, await look(unit_of_work, everything.shown))

    async def test_nobody_else_sees_a_write_before_its_commit(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        everything = Everything()
        await everything.fill(unit_of_work)
        before = await look(unit_of_work, everything.shown)
        async with unit_of_work() as uow:
            await everything.change(uow)
            assert_same(await look(unit_of_work, everything.shown), before)
            await uow.commit()
        assert await look(unit_of_work, everything.shown) != before

    # --- events ---

    async def test_events_are_in_the_outbox_once_the_change_is_committed(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        first, second = an_event(a_user_id()), an_event(a_user_id())
        async with unit_of_work() as uow:
            uow.emit(first)
            uow.emit(second)
            assert await look(unit_of_work, lambda view: view.outbox.list()) == ()
            await uow.commit()
        stored = await look(unit_of_work, lambda view: view.outbox.list())
        assert [event.user_id for event in stored] == [first.user_id, second.user_id]

    async def test_events_of_a_change_that_was_undone_are_never_told(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        async def emit_and_stop() -> None:
            async with unit_of_work() as uow:
                uow.emit(an_event())
                raise Stop

        with pytest.raises(Stop):
            await emit_and_stop()
        async with unit_of_work() as uow:
            uow.emit(an_event())
        assert uow.committed == ()
        assert await look(unit_of_work, lambda view: view.outbox.list()) == ()

    async def test_committed_tells_the_events_after_commit_and_none_before(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        events = (an_event(a_user_id()), an_event(a_user_id()))
        told: list[tuple[Event, ...]] = []
        async with unit_of_work() as uow:
            for event in events:
                uow.emit(event)
            told.append(uow.committed)
            await uow.commit()
            told.append(uow.committed)
        told.append(uow.committed)
        assert told == [(), events, events]
