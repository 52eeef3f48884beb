"""One connection that asks, waits for the answer, and asks again."""

import asyncio
from array import array
from collections.abc import Callable
from time import perf_counter
from typing import Final, TypeAlias, cast

# Gets the last answer, whole, or nothing at the beginning; gives the next request.
Talk: TypeAlias = Callable[[bytes | None], bytes]

_LENGTH: Final = b"\r\ncontent-length:"


class UnexpectedAnswer(Exception):
    """The server answered something else than what was to be measured."""


class Speaker(asyncio.Protocol):
    """Talks HTTP/1.1 over one connection, one question at a time.

    `done_at` and `took` hold, for each answer that came in time, when it came and how many
    seconds after its question. With `interval` questions are due at fixed instants, and an
    answer's time counts from when its question was due, however late it could be sent.
    """

    def __init__(self, talk: Talk, status: int, *, interval: float | None = None) -> None:
        self._talk = talk
        self._expected = f"HTTP/1.1 {status}".encode()
        self._interval = interval
        self._until = 0.0
        self._asked_at = 0.0
        self._kept = b""
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[None] = self._loop.create_future()
        self.done_at = array("d")
        self.took = array("d")

    async def speak(self, begin: float, until: float) -> None:
        """Ask from the instant `begin` on, until `until`."""
        self._until = until
        self._loop.call_later(max(0.0, begin - perf_counter()), self._ask, None, begin)
        await self._over

    def close(self) -> None:
        """Hang up; nobody waits any more."""
        self._over.cancel()
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the line."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail if somebody is still waiting."""
        if not self._over.done():
            self._over.set_exception(UnexpectedAnswer(f"the server hung up: {exc}"))

    def data_received(self, data: bytes) -> None:
        """Take an answer, or a part of one."""
        if self._kept:
            data = self._kept + data
        if not is_whole(data):
            self._kept = data
            return
        self._kept = b""
        if not data.startswith(self._expected):
            self._fail(data)
            return
        now = perf_counter()
        if now >= self._until:
            # What comes too late does not count, but whoever talks may need what it says.
            self._talk(data)
            self._over.set_result(None)
            return
        self.done_at.append(now)
        self.took.append(now - self._asked_at)
        if self._interval is None:
            self._ask(data, now)
        else:
            due = self._asked_at + self._interval
            if due <= now:
                self._ask(data, due)
            else:
                self._loop.call_later(due - now, self._ask, data, due)

    def _ask(self, answer: bytes | None, due: float) -> None:
        if self._interval is not None and perf_counter() >= self._until:
            self._over.set_result(None)
            return
        question = self._talk(answer)
        self._asked_at = perf_counter() if self._interval is None else due
        assert self._transport is not None
        self._transport.write(question)

    def _fail(self, answer: bytes) -> None:
        if not self._over.done():
            text = answer[:600].decode(errors="replace")
            self._over.set_exception(UnexpectedAnswer(text))


def is_whole(data: bytes) -> bool:
    """Tell whether an answer is there to its end; without a stated length it has no body."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = data[:end].lower()
    at = head.find(_LENGTH)
    if at < 0:
        return True
    stated = head[at + len(_LENGTH) :].partition(b"\r\n")[0]
    return len(data) >= end + 4 + int(stated)
