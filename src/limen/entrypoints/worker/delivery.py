"""Sending messages as they come, beside the server."""

import logging
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Final

from limen.core.messages.delivery import Delivery
from limen.core.messages.model import MessageState
from limen.entrypoints.worker.regular import Rhythm, regularly

RHYTHM: Final = Rhythm(
    first_after=timedelta(seconds=1),
    every=timedelta(seconds=1),
    after_failure=timedelta(seconds=30),
    longest=timedelta(minutes=10),
)

_log = logging.getLogger(__name__)


def delivering(
    delivery: Delivery, *, lock: Path | None = None, rhythm: Rhythm = RHYTHM
) -> AbstractAsyncContextManager[None]:
    """Send what waits every second while the block runs, in one process of those with this `lock`.

    Processes without a common file may all send: the store gives each message to one.
    """

    async def deliver() -> None:
        done = await delivery.deliver()
        failed = done[MessageState.WAITING] + done[MessageState.UNDELIVERABLE]
        if failed:
            _log.warning("%d messages could not be sent; limen mail list shows them", failed)

    return regularly("delivery of messages", deliver, rhythm, lock)
