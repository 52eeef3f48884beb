"""Sending the messages that wait."""

from collections import Counter
from contextlib import suppress
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
from limen.core.messages.composing import Composer, Letter
from limen.core.messages.model import Message, MessageKind, MessageState
from limen.ports.clock import Clock
from limen.ports.mailer import Mail, Mailer
from limen.ports.message_writer import MessageWriter
from limen.ports.unit_of_work import UnitOfWorkFactory

_BATCH: Final = 20
# What nobody foresaw: the template, or the address, is not what it should be.
_BROKEN: Final = "message.broken"
# Longer than a mail server may take for a whole batch.
_LEASE: Final = timedelta(minutes=10)


class Delivery:
    """Hands due messages to the mailer, outside any transaction.

    A message is claimed first, so several workers never send it at once. One whose worker dies
    is due again later: it may then reach people twice, and is never lost.
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
        """Send what is due, a batch at a time, until nothing is; tell what became of each.

        Those that are `WAITING` after all met a fault, and are tried again later. Raises
        `StorageUnavailable`.
        """
        done: Counter[MessageState] = Counter()
        while messages := await self._claim():
            for message in messages:
                after = await self._try(message)
                await self._save(after)
                done[after.state] += 1
        return done

    async def _claim(self) -> tuple[Message, ...]:
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            messages = await uow.messages.claim(now, now + _LEASE, _BATCH)
            await uow.commit()
        return messages

    async def _try(self, message: Message) -> Message:
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
        except StorageUnavailable:
            raise  # The message is as good as ever; it is due again when its claim has lapsed.
        except Exception:  # noqa: BLE001 - one message that cannot be sent must not stop the others
            return message.failed(_BROKEN, self._clock.now())
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
