"""What PostgreSQL does is not to depend on how it plans to do it."""

from datetime import timedelta

import asyncpg

from limen.testing.builders import a_message
from limen.testing.contracts.steps import keep
from limen.testing.fakes import NOON
from tests.integration.stores import open_sql


async def test_one_message_is_claimed_where_the_planner_takes_them_for_one(
    postgres_url: str,
) -> None:
    messages = [a_message(due_at=NOON - timedelta(minutes=9 - n)) for n in range(4)]
    async with open_sql(postgres_url) as unit_of_work:
        await keep(unit_of_work, messages[0])
        connection = await asyncpg.connect(postgres_url)
        try:
            await connection.execute("ANALYZE messages")
        finally:
            await connection.close()
        await keep(unit_of_work, *messages[1:])
        for expected in messages:
            async with unit_of_work() as uow:
                claimed = await uow.messages.claim(NOON, NOON + timedelta(minutes=10), 1)
                await uow.commit()
            assert [message.id for message in claimed] == [expected.id]
