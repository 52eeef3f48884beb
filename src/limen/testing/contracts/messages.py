"""What `limen.ports.messages.Messages` promises; many claiming at once: `concurrency`."""

from datetime import datetime, timedelta
from typing import Final

import pytest

from limen.core.errors import ConcurrentUpdate, MessageNotFound
from limen.core.ids import MessageId
from limen.core.messages.model import Message, MessageState
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_message, a_user_id
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import assert_kept, change, keep, look
from limen.testing.fakes import NOON

INSTANT: Final = timedelta(microseconds=1)
LATER: Final = NOON + timedelta(minutes=10)


async def _list(
    unit_of_work: UnitOfWorkFactory,
    state: MessageState | None = None,
    before: MessageId | None = None,
    limit: int = 100,
) -> list[MessageId]:
    found = await look(
        unit_of_work, lambda view: view.messages.list(state=state, before=before, limit=limit)
    )
    return [message.id for message in found]


async def _claim(
    unit_of_work: UnitOfWorkFactory, now: datetime = NOON, limit: int = 100
) -> tuple[Message, ...]:
    return await change(unit_of_work, lambda uow: uow.messages.claim(now, LATER, limit))


class MessagesContract(Contract):
    """Messages that wait, and those that ended. Fixture: `unit_of_work`."""

    # --- add, get, list ---

    @pytest.mark.parametrize(
        "message",
        [
            a_message(user_id=a_user_id(), sealed=b"\x00\xff"),
            a_message(to="zoë@bücher.example", sealed=None),
            a_message(tries=3, fault="mail.not_sent", due_at=NOON - INSTANT, version=7),
            a_message(state=MessageState.SENT, ended_at=NOON + INSTANT),
        ],
        ids=["full", "unicode", "failed", "ended"],
    )
    async def test_get_returns_a_message_as_it_was_added(
        self, unit_of_work: UnitOfWorkFactory, message: Message
    ) -> None:
        await keep(unit_of_work, message)
        await assert_kept(unit_of_work, message)

    async def test_get_raises_message_not_found(self, unit_of_work: UnitOfWorkFactory) -> None:
        await keep(unit_of_work, a_message())
        with pytest.raises(MessageNotFound):
            await look(unit_of_work, lambda view: view.messages.get(a_message().id))

    async def test_list_returns_the_newest_first_and_goes_on_before_one(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        kept = [a_message(due_at=NOON - INSTANT * n) for n in range(5)]
        await keep(unit_of_work, *kept)
        newest_first = [message.id for message in reversed(kept)]
        assert await _list(unit_of_work) == newest_first
        assert await _list(unit_of_work, limit=2) == newest_first[:2]
        assert await _list(unit_of_work, before=newest_first[1], limit=2) == newest_first[2:4]
        assert await _list(unit_of_work, before=newest_first[-1]) == []

    async def test_list_returns_those_in_one_state(self, unit_of_work: UnitOfWorkFactory) -> None:
        kept = {state: a_message(state=state, ended_at=NOON) for state in MessageState}
        await keep(unit_of_work, *kept.values())
        for state, message in kept.items():
            assert await _list(unit_of_work, state) == [message.id]
            assert await _list(unit_of_work, state, before=message.id) == []

    async def test_list_returns_100_messages_unless_asked_otherwise(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, *(a_message() for _ in range(101)))
        assert len(await look(unit_of_work, lambda view: view.messages.list())) == 100

    # --- claim ---

    async def test_claim_takes_what_is_due_as_claimed_and_stores_it(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        due, early = a_message(due_at=NOON, tries=2), a_message(due_at=NOON + INSTANT)
        await keep(unit_of_work, due, early)
        (claimed,) = await _claim(unit_of_work)
        assert_same(claimed, due.claimed(LATER))
        await assert_kept(unit_of_work, claimed, early)

    async def test_claim_takes_those_due_longest_first_and_no_more_than_limit(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        kept = [a_message(due_at=NOON - INSTANT * n) for n in range(5)]
        await keep(unit_of_work, *kept)
        claimed = await _claim(unit_of_work, limit=2)
        assert {message.id for message in claimed} == {kept[4].id, kept[3].id}

    async def test_claim_takes_a_message_again_when_its_time_is_over(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, a_message())
        assert len(await _claim(unit_of_work)) == 1
        assert await _claim(unit_of_work, LATER - INSTANT) == ()
        (again,) = await _claim(unit_of_work, LATER)
        assert again.tries == 2

    @pytest.mark.parametrize("state", [s for s in MessageState if s is not MessageState.WAITING])
    async def test_claim_never_takes_a_message_that_has_ended(
        self, unit_of_work: UnitOfWorkFactory, state: MessageState
    ) -> None:
        await keep(unit_of_work, a_message(state=state, ended_at=NOON - INSTANT))
        assert await _claim(unit_of_work) == ()

    # --- save ---

    @pytest.mark.parametrize("state", MessageState)
    async def test_save_stores_the_next_version(
        self, unit_of_work: UnitOfWorkFactory, state: MessageState
    ) -> None:
        before, other = a_message(sealed=b"link"), a_message()
        await keep(unit_of_work, before, other)
        after = a_message(
            message_id=before.id,
            state=state,
            sealed=None,
            tries=4,
            due_at=LATER,
            ended_at=LATER,
            fault="mail.not_sent",
            version=2,
        )
        await change(unit_of_work, lambda uow: uow.messages.save(after))
        await assert_kept(unit_of_work, after, other)

    @pytest.mark.parametrize("version", [1, 3])
    async def test_save_raises_concurrent_update_for_any_other_version(
        self, unit_of_work: UnitOfWorkFactory, version: int
    ) -> None:
        message = a_message(version=1)
        await keep(unit_of_work, message)
        other = a_message(message_id=message.id, version=version)
        with pytest.raises(ConcurrentUpdate):
            await change(unit_of_work, lambda uow: uow.messages.save(other))
        await assert_kept(unit_of_work, message)

    async def test_save_raises_concurrent_update_for_a_message_that_is_gone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        with pytest.raises(ConcurrentUpdate):
            await change(unit_of_work, lambda uow: uow.messages.save(a_message(version=2)))

    # --- purge ---

    async def test_purge_removes_what_ended_before_and_nothing_that_waits(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        ended = a_message(state=MessageState.SENT, ended_at=NOON - INSTANT)
        later = a_message(state=MessageState.SENT, ended_at=NOON)
        last = a_message(state=MessageState.SENT, ended_at=NOON + INSTANT)
        waiting = a_message(due_at=NOON - timedelta(days=1))
        await keep(unit_of_work, ended, later, last, waiting)
        assert await change(unit_of_work, lambda uow: uow.messages.purge(NOON, 100)) == 1
        assert await _list(unit_of_work) == [waiting.id, last.id, later.id]

    async def test_purge_removes_at_most_limit_and_tells_how_many(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        ended = [a_message(state=MessageState.SENT, ended_at=NOON) for _ in range(5)]
        await keep(unit_of_work, *ended)
        removed = [
            await change(unit_of_work, lambda uow: uow.messages.purge(LATER, 2)) for _ in range(4)
        ]
        assert removed == [2, 2, 1, 0]
