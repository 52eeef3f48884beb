"""Sending messages as they come, beside the server."""

import asyncio
import logging
import traceback
from collections import Counter
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Final

from limen.core.ids import MessageId
from limen.core.messages.delivery import Delivery, Outcome
from limen.core.messages.model import MessageState
from limen.entrypoints.worker.regular import Rhythm, regularly

RHYTHM: Final = Rhythm(
    first_after=timedelta(seconds=1),
    every=timedelta(seconds=1),
    after_failure=timedelta(seconds=30),
    longest=timedelta(minutes=10),
)
# So many in one run: then it tells what became of them, and goes on in the next.
_MOST: Final = 100

_log = logging.getLogger(__name__)


def delivering(
    delivery: Delivery, *, lock: Path | None = None, rhythm: Rhythm = RHYTHM
) -> AbstractAsyncContextManager[None]:
    """Send what waits every second while the block runs, in one process of those with this `lock`.

    Processes without a common file may all send: the store gives each message to one. Leaving
    waits for the message at hand: half sent, it would be sent again.
    """

    async def deliver() -> None:
        done: Counter[MessageState] = Counter()
        for _ in range(_MOST):
            outcome = await _whole(delivery)
            if outcome is None:
                break
            done[outcome.state] += 1
            if outcome.cause is not None:
                _tell_cause(outcome.message_id, outcome.cause)
        failed = done[MessageState.WAITING] + done[MessageState.UNDELIVERABLE]
        if failed:
            _log.warning("%d messages could not be sent; limen mail list shows them", failed)

    return regularly("delivery of messages", deliver, rhythm, lock)


async def _whole(delivery: Delivery) -> Outcome | None:
    """Send one message; who is told to stop meanwhile stops behind it."""
    sending = asyncio.create_task(delivery.send_next())
    try:
        return await asyncio.shield(sending)
    except asyncio.CancelledError:
        await asyncio.wait([sending])
        raise


def _tell_cause(message_id: MessageId, cause: Exception) -> None:
    """Log where an error came from and what kind it is; its text may hold a link that lets in."""
    places = "".join(traceback.format_tb(cause.__traceback__))
    _log.error("Message %s is broken: %s at\n%s", message_id, type(cause).__name__, places)
