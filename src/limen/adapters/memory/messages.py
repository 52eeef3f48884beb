"""Messages in memory."""

from datetime import datetime
from itertools import islice

from limen.adapters.memory.store import Desk, changes
from limen.core.errors import ConcurrentUpdate, MessageNotFound
from limen.core.ids import MessageId
from limen.core.messages.model import Message, MessageState
from limen.ports.messages import Messages


class MemoryMessages:
    """Keeps messages by id."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    @changes
    async def add(self, message: Message) -> None:
        """Add a new message."""
        rows = await self._desk.write()
        rows.messages.put(message.id, message)

    async def get(self, message_id: MessageId) -> Message:
        """Return the message."""
        rows = await self._desk.read()
        message = rows.messages.get(message_id)
        if message is None:
            raise MessageNotFound
        return message

    async def list(
        self,
        *,
        state: MessageState | None = None,
        before: MessageId | None = None,
        limit: int = 100,
    ) -> tuple[Message, ...]:
        """Return up to `limit` messages older than `before`, the newest first."""
        rows = await self._desk.read()
        found = [
            message
            for message in rows.messages.values()
            if state in {None, message.state} and (before is None or message.id < before)
        ]
        found.sort(key=lambda message: message.id, reverse=True)
        return tuple(found[:limit])

    @changes
    async def claim(self, now: datetime, until: datetime, limit: int) -> tuple[Message, ...]:
        """Take up to `limit` waiting messages that are due at `now`, those due longest first."""
        rows = await self._desk.write()
        due = [m for m in rows.messages.values() if _is_due(m, now)]
        due.sort(key=lambda message: (message.due_at, message.id))
        claimed = tuple(message.claimed(until) for message in due[:limit])
        for message in claimed:
            rows.messages.put(message.id, message)
        return claimed

    @changes
    async def save(self, message: Message) -> None:
        """Store a changed message over the version before it."""
        rows = await self._desk.write()
        present = rows.messages.get(message.id)
        if present is None or present.version != message.version - 1:
            raise ConcurrentUpdate
        rows.messages.put(message.id, message)

    @changes
    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` messages that ended before `before`."""
        rows = await self._desk.write()
        ended = (m.id for m in rows.messages.values() if _is_over(m, before))
        found = tuple(islice(ended, limit))
        for message_id in found:
            rows.messages.pop(message_id)
        return len(found)


def _is_due(message: Message, now: datetime) -> bool:
    return message.state is MessageState.WAITING and message.due_at <= now


def _is_over(message: Message, before: datetime) -> bool:
    return message.ended_at is not None and message.ended_at < before


_conforms: type[Messages] = MemoryMessages
