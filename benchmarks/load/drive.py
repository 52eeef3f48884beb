"""Driving a server with many connections at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter, process_time
from typing import Final

from benchmarks.figures import percentile, rate
from benchmarks.load.requests import HOST
from benchmarks.load.speaker import Speaker, Talk, UnexpectedAnswer, is_whole

# How long after the end of a measurement the last answers may come.
_PATIENCE_SECONDS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What came of it. `generator` is the share of its core the load generator itself needed."""

    done_at: Sequence[float]
    took: Sequence[float]
    generator: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return rate(self.done_at)

    def percentile(self, share: float) -> float:
        """Return the seconds within which this share of the answers came."""
        return percentile(self.took, share)


async def drive(
    port: int,
    talks: Sequence[Talk],
    seconds: float,
    *,
    status: int = 200,
    per_second: float | None = None,
) -> Load:
    """Ask over one connection for each talk, each as fast as answers come.

    With `per_second` all together ask that often, evenly. Raises `UnexpectedAnswer` at the first
    answer with another status.
    """
    loop = asyncio.get_running_loop()
    interval = None if per_second is None else len(talks) / per_second
    speakers = [Speaker(talk, status, interval=interval) for talk in talks]
    try:
        for speaker in speakers:
            await loop.create_connection(partial(_itself, speaker), HOST, port)
        computed, begin = process_time(), perf_counter()
        step = 0.0 if interval is None else interval / len(speakers)
        speaking = (
            speaker.speak(begin + place * step, begin + seconds)
            for place, speaker in enumerate(speakers)
        )
        async with asyncio.timeout(seconds + _PATIENCE_SECONDS):
            await asyncio.gather(*speaking)
        share = (process_time() - computed) / (perf_counter() - begin)
    finally:
        for speaker in speakers:
            speaker.close()
    return Load(
        done_at=[at for speaker in speakers for at in speaker.done_at],
        took=[time for speaker in speakers for time in speaker.took],
        generator=share,
    )


def _itself(speaker: Speaker) -> Speaker:
    return speaker


async def ask(port: int, question: bytes, status: int = 200) -> bytes:
    """Ask once and return the whole answer."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(question)
        answer = b""
        while not is_whole(answer):
            part = await reader.read(1 << 16)
            if not part:
                raise UnexpectedAnswer("the server hung up")
            answer += part
    finally:
        writer.close()
    if not answer.startswith(f"HTTP/1.1 {status}".encode()):
        raise UnexpectedAnswer(answer[:600].decode(errors="replace"))
    return answer


def body_of(answer: bytes) -> bytes:
    """Return what stands behind the head of an answer."""
    return answer.partition(b"\r\n\r\n")[2]
