"""What administrators do with messages."""

from limen.core.access import authorise
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import MessageNotUndeliverable
from limen.core.events import MessageRequeued
from limen.core.ids import MessageId
from limen.core.messages.model import Message, MessageState
from limen.core.roles.model import Permission
from limen.ports.unit_of_work import UnitOfWorkFactory


class MessageService:
    """Messages to people: looking at them, and sending them again.

    What a message says is shown to nobody: it may hold a link that lets one in.
    """

    def __init__(self, *, unit_of_work: UnitOfWorkFactory, ambient: Ambient) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient

    async def list(
        self,
        *,
        actor: Actor,
        state: MessageState | None = None,
        before: MessageId | None = None,
        limit: int = 100,
    ) -> tuple[Message, ...]:
        """Return up to `limit` messages older than `before`, newest first; needs `messages.read`.

        With `state` only those in it.
        """
        async with self._unit_of_work.view() as view:
            await authorise(view, actor, Permission.MESSAGES_READ, self._ambient.clock.now())
            return await view.messages.list(state=state, before=before, limit=limit)

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
