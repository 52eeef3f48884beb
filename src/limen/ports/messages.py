"""Where messages to people wait to be sent."""

from datetime import datetime
from typing import Protocol

from limen.core.ids import MessageId
from limen.core.messages.model import Message, MessageState


class Messages(Protocol):
    """Keeps messages, in the order of their ids."""

    async def add(self, message: Message) -> None:
        """Add a new message."""
        ...

    async def get(self, message_id: MessageId) -> Message:
        """Return the message; raise `MessageNotFound` if there is none."""
        ...

    async def list(
        self,
        *,
        state: MessageState | None = None,
        before: MessageId | None = None,
        limit: int = 100,
    ) -> tuple[Message, ...]:
        """Return up to `limit` messages older than `before`, the newest first.

        With `state` only those in it.
        """
        ...

    async def claim(self, now: datetime, until: datetime, limit: int) -> tuple[Message, ...]:
        """Take up to `limit` waiting messages that are due at `now`, those due longest first.

        They are stored and returned as claimed until `until`; parallel callers never get the same.
        """
        ...

    async def save(self, message: Message) -> None:
        """Store a changed message; raise `ConcurrentUpdate` unless it is one version on."""
        ...

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` messages that ended before `before`; return how many."""
        ...
