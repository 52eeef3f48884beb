"""Posting a message in the transaction of the change it tells of.

A worker takes it from the store and sends it: no request ever waits for a mail server.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from limen.core.ids import MessageId, UserId
from limen.core.messages.model import Message, MessageKind
from limen.core.secret import Secret
from limen.ports.cipher import Cipher
from limen.ports.ids import IdSource
from limen.ports.unit_of_work import UnitOfWork


async def post(
    uow: UnitOfWork,
    ids: IdSource,
    kind: MessageKind,
    user_id: UserId | None,
    now: datetime,
    *,
    to: str | None = None,
) -> None:
    """Post a message to a user that needs no values, at their address or at `to`.

    One to nobody is stored like any other, and dropped by the worker.
    """
    message_id = MessageId(ids.new())
    await uow.messages.add(
        Message(id=message_id, kind=kind, user_id=user_id, to=to, created_at=now, due_at=now)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Postbox:
    """Posts messages with values, which are kept encrypted."""

    cipher: Cipher
    ids: IdSource

    async def post(
        self,
        uow: UnitOfWork,
        kind: MessageKind,
        now: datetime,
        *,
        values: Mapping[str, str],
        user_id: UserId | None = None,
        to: str | None = None,
    ) -> None:
        """Post a message to a user, at their address or at `to`, or to whom `values` name."""
        message_id = MessageId(self.ids.new())
        plain = Secret(json.dumps(dict(values)).encode())
        await uow.messages.add(
            Message(
                id=message_id,
                kind=kind,
                user_id=user_id,
                to=to,
                sealed=self.cipher.seal(plain, _place(message_id)),
                created_at=now,
                due_at=now,
            )
        )

    def values_of(self, message: Message) -> dict[str, str]:
        """Return the values of a message; raise `SealBroken` under another secret key."""
        if message.sealed is None:
            return {}
        plain = self.cipher.open(message.sealed, _place(message.id))
        values: dict[str, str] = json.loads(plain.reveal())
        return values


def _place(message_id: MessageId) -> str:
    return f"messages.sealed.{message_id}"
