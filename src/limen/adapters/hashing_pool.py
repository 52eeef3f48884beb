"""Hashing in threads: as many as there are cores, and only so many waiting."""

import asyncio
import contextlib
import hashlib
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from limen.core.errors import HashingBusy, PasswordHashUnknown, PasswordMismatch
from limen.core.secret import Secret
from limen.ports.password_hasher import PasswordHasher, PasswordScheme, PasswordVerifier

T = TypeVar("T")

# With this the scheduler gives the event loop ten times the share of a hashing thread.
_NICENESS: Final = 10
# Less than a thousandth of what a hash takes, and more than the time to look at the clock.
_MORSEL: Final = 200
_REMEMBERED: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class HashingLoad:
    """How busy the pool is: hashes being made, hashes waiting, and the bounds of both."""

    active: int
    waiting: int
    threads: int
    queue_limit: int


class Toll:
    """What a present hash takes, in seconds of a thread's work, and the means to spend as much."""

    def __init__(self) -> None:
        """Begin without having seen a hash being made."""
        # Put in place whole: other threads look at it at any time, and may miss one.
        self._seen: tuple[float, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether a hash was made yet."""
        return bool(self._seen)

    @contextlib.contextmanager
    def measured(self) -> Iterator[None]:
        """Learn from what is made meanwhile, in this thread."""
        begun = time.thread_time()
        yield
        self._seen = (*self._seen, time.thread_time() - begun)[-_REMEMBERED:]

    def pay(self, begun: float) -> None:
        """Work until this thread has spent a hash since `begun`."""
        end = begun + statistics.median(self._seen)
        while time.thread_time() < end:
            hashlib.pbkdf2_hmac("sha256", b"", b"", _MORSEL)


class PooledHasher:
    """Runs password schemes in a bounded pool of threads with a bounded queue.

    The first scheme makes new hashes; all of them verify, and the foreign ones too. The threads
    run at lower priority where the system can do that for a thread (Linux), so that the event loop
    stays quick beside them. A caller who is cancelled while waiting frees its place at once; one
    whose hash is being made frees it when the thread is done. Works from any event loop.
    """

    def __init__(
        self,
        *,
        schemes: Sequence[PasswordScheme],
        threads: int,
        queue_limit: int,
        foreign: Sequence[PasswordVerifier] = (),
        retry_after: float = 1.0,
    ) -> None:
        """Use `threads` threads; refuse when `queue_limit` more are waiting.

        `retry_after`, in seconds, is what a refused caller is told to wait.
        """
        self._present = schemes[0]
        self._schemes: tuple[PasswordVerifier, ...] = (*schemes, *foreign)
        self._toll = Toll()
        self._threads = threads
        self._queue_limit = queue_limit
        self._retry_after = retry_after
        self._executor = ThreadPoolExecutor(threads, "limen-hashing", _lower_priority)
        self._lock = threading.Lock()
        self._places = 0
        self._active = 0
        self._is_closed = False

    @property
    def load(self) -> HashingLoad:
        """How busy the pool is at this moment."""
        with self._lock:
            return HashingLoad(
                active=self._active,
                waiting=self._places - self._active,
                threads=self._threads,
                queue_limit=self._queue_limit,
            )

    async def hash(self, password: Secret[str]) -> Secret[str]:
        """Return a new hash of `password`, by the first scheme."""
        work = partial(self._make, password.reveal())
        return Secret(await self._run(work))

    async def verify(self, password: Secret[str], digest: Secret[str] | None) -> None:
        """Raise `PasswordMismatch` unless `digest` is a hash of `password`.

        With no digest, or one of no known scheme, a present hash is made all the same.
        """
        scheme = None if digest is None else self._find(digest)
        if digest is None or scheme is None:
            await self.hash(password)
            raise PasswordMismatch
        work = partial(self._judge, scheme, password.reveal(), digest.reveal())
        if not await self._run(work):
            raise PasswordMismatch

    def needs_upgrade(self, digest: Secret[str]) -> bool:
        """Tell whether `digest` was made by another scheme or cost than the present one."""
        return self._is_old(digest.reveal())

    def check_known(self, digest: Secret[str]) -> None:
        """Raise `PasswordHashUnknown` unless one of the schemes recognises `digest`."""
        if self._find(digest) is None:
            raise PasswordHashUnknown

    async def close(self) -> None:
        """Refuse whoever is waiting or still comes, and wait for the hashes being made."""
        self._is_closed = True
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)

    def _make(self, password: str) -> str:
        with self._toll.measured():
            return self._present.hash(password)

    def _judge(self, scheme: PasswordVerifier, password: str, digest: str) -> bool:
        """Compare, in a thread; refusing an old hash takes as long as refusing a present one.

        How long a refusal takes must not tell whose account was brought in from elsewhere. What
        costs more than a present hash cannot be hidden so.
        """
        begun = time.thread_time()
        is_match = scheme.matches(password, digest)
        if not is_match and self._is_old(digest):
            if self._toll.is_known:
                self._toll.pay(begun)
            else:
                self._make(password)
        return is_match

    def _is_old(self, digest: str) -> bool:
        return not self._present.recognises(digest) or not self._present.is_current(digest)

    def _find(self, digest: Secret[str]) -> PasswordVerifier | None:
        text = digest.reveal()
        return next((scheme for scheme in self._schemes if scheme.recognises(text)), None)

    async def _run(self, work: Callable[[], T]) -> T:
        future = self._submit(work)
        try:
            return await asyncio.wrap_future(future)
        except MemoryError as error:
            raise HashingBusy(retry_after=self._retry_after) from error
        except asyncio.CancelledError:
            if self._is_closed and not _is_being_cancelled():
                raise HashingBusy(retry_after=self._retry_after) from None
            raise

    def _submit(self, work: Callable[[], T]) -> Future[T]:
        with self._lock:
            if self._is_closed or self._places >= self._threads + self._queue_limit:
                raise HashingBusy(retry_after=self._retry_after)
            self._places += 1
        try:
            future = self._executor.submit(self._work, work)
        except RuntimeError:
            self._leave()
            raise HashingBusy(retry_after=self._retry_after) from None
        future.add_done_callback(lambda _: self._leave())
        return future

    def _work(self, work: Callable[[], T]) -> T:
        with self._lock:
            self._active += 1
        try:
            return work()
        finally:
            with self._lock:
                self._active -= 1

    def _leave(self) -> None:
        with self._lock:
            self._places -= 1


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _lower_priority() -> None:
    """Make this thread, and no other, give way to those that have work to do."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


_conforms: type[PasswordHasher] = PooledHasher
