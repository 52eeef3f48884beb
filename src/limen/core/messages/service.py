"""What administrators do with messages."""

from typing import cast

from limen.core.access import authorise
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import MessageNotUndeliverable
from limen.core.events import MessageRequeued
from limen.core.ids import MessageId
from limen.core.messages.listing import FIELDS, NEWEST_FIRST, bounded
from limen.core.messages.model import Message, MessageState
from limen.core.page import Listing, ListQuery, Page, Position
from limen.core.query import Lists
from limen.core.roles.model import Permission
from limen.ports.unit_of_work import UnitOfWorkFactory


class MessageService:
    """Messages to people: looking at them, and sending them again.

    What a message says is shown to nobody: it may hold a link that lets one in.
    """

    def __init__(self, *, unit_of_work: UnitOfWorkFactory, ambient: Ambient, lists: Lists) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._lists = lists

    async def list(self, query: ListQuery, *, actor: Actor) -> Listing[Message]:
        """Return messages, the newest first, page by page; needs `messages.read`.

        The one filter is `state`. Raises `InvalidQuery` or `InvalidCursor`.
        """
        selection = self._lists.select(bounded(query), FIELDS, default_sort=NEWEST_FIRST)
        states = [condition.value for condition in selection.conditions]
        async with self._unit_of_work.view() as view:
            await authorise(view, actor, Permission.MESSAGES_READ, self._ambient.clock.now())
            found = await view.messages.list(
                state=cast("MessageState", states[0]) if states else None,
                before=cast("MessageId", selection.after.values[0]) if selection.after else None,
                limit=query.limit + 1,
            )
        items = found[: query.limit]
        is_more = len(found) > query.limit
        page = Page(items=items, next=Position((items[-1].id,)) if is_more else None)
        return self._lists.listing(page, query, selection)

    async def get(self, message_id: MessageId, *, actor: Actor) -> Message:
        """Return a message; needs `messages.read`. Raises `MessageNotFound`."""
        async with self._unit_of_work.view() as view:
            await authorise(view, actor, Permission.MESSAGES_READ, self._ambient.clock.now())
            return await view.messages.get(message_id)

    async def send_again(self, message_id: MessageId, *, actor: Actor) -> Message:
        """Have an undeliverable message tried again from now on; needs `messages.send`.

        Raises `MessageNotFound` or `MessageNotUndeliverable`.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            await authorise(uow, actor, Permission.MESSAGES_SEND, now)
            message = await uow.messages.get(message_id)
            if message.state is not MessageState.UNDELIVERABLE:
                raise MessageNotUndeliverable
            again = message.again(now)
            await uow.messages.save(again)
            uow.emit(
                MessageRequeued(at=now, actor=actor, user_id=message.user_id, message_id=message_id)
            )
            await uow.commit()
        return again
