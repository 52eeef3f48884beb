"""Sending the messages that wait."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from limen.core.errors import (
    ConcurrentUpdate,
    MailNotSent,
    MailUnreachable,
    MessageNotWritten,
    SealBroken,
    StorageUnavailable,
)
from limen.core.ids import MessageId
from limen.core.messages.composing import Composer, Letter
from limen.core.messages.model import Message, MessageKind, MessageState
from limen.ports.clock import Clock
from limen.ports.mailer import Mail, Mailer
from limen.ports.message_writer import MessageWriter
from limen.ports.unit_of_work import UnitOfWorkFactory

# What nobody foresaw: the template, or the address, is not what it should be.
_BROKEN: Final = "message.broken"
# Far longer than a mailer takes for one mail.
_LEASE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a message; `cause` is what nobody foresaw, and its text may hold a secret."""

    message_id: MessageId
    state: MessageState
    cause: Exception | None = field(default=None, repr=False)


class Delivery:
    """Hands due messages to the mailer, one after the other, outside any transaction.

    A message is claimed just before it is sent, so several workers never send it at once. One whose
    worker dies is due again later: it may then reach people twice, and is never lost.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
        composer: Composer,
        writer: MessageWriter,
        mailer: Mailer,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._composer = composer
        self._writer = writer
        self._mailer = mailer

    async def deliver(self) -> Counter[MessageState]:
        """Send what is due until nothing is; tell what became of each. Raises as `send_next` does.

        Those that are `WAITING` after all met a fault, and are tried again later.
        """
        done: Counter[MessageState] = Counter()
        while outcome := await self.send_next():
            done[outcome.state] += 1
        return done

    async def send_next(self) -> Outcome | None:
        """Send the message that is due longest; return what became of it, `None` if none is due.

        Whoever stops this in its midst may have the message sent twice. Raises
        `StorageUnavailable`.
        """
        claimed = await self._claim()
        if not claimed:
            return None
        # A second one would be nobody's until its claim lapses.
        (message,) = claimed
        after, cause = await self._try(message)
        await self._save(after)
        return Outcome(message_id=message.id, state=after.state, cause=cause)

    async def _claim(self) -> tuple[Message, ...]:
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            messages = await uow.messages.claim(now, now + _LEASE, 1)
            await uow.commit()
        return messages

    async def _try(self, message: Message) -> tuple[Message, Exception | None]:
        try:
            return await self._attempt(message), None
        except StorageUnavailable:
            raise  # The message is as good as ever; it is due again when its claim has lapsed.
        except Exception as cause:  # noqa: BLE001 - one message that cannot be sent must not stop the others
            return message.failed(_BROKEN, self._clock.now()), cause

    async def _attempt(self, message: Message) -> Message:
        if message.is_worn_out:
            return message.failed(_BROKEN, self._clock.now())
        try:
            letter = await self._composer.compose(message)
            if letter is None:
                return message.dropped(self._clock.now())
            await self._send(message.kind, letter)
        except MailUnreachable as error:
            return message.given_up(error.code, self._clock.now())
        except (MailNotSent, MessageNotWritten, SealBroken, ConcurrentUpdate) as error:
            return message.failed(error.code, self._clock.now())
        return message.sent(self._clock.now())

    async def _send(self, kind: MessageKind, letter: Letter) -> None:
        wording = self._writer.write(kind, letter.locale, letter.values)
        await self._mailer.send(
            Mail(to=letter.to, subject=wording.subject, text=wording.text, html=wording.html)
        )

    async def _save(self, message: Message) -> None:
        # Who was so slow that another worker has the message by now leaves it to that one.
        with suppress(ConcurrentUpdate):
            async with self._unit_of_work() as uow:
                await uow.messages.save(message)
                await uow.commit()
