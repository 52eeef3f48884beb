import asyncio
import os
import sys
import threading
import time
from collections.abc import AsyncIterator

import pytest

from limen.adapters.bcrypt import BcryptScheme
from limen.adapters.hashing_pool import HashingLoad, PooledHasher
from limen.core.errors import HashingBusy, PasswordHashUnknown, PasswordMismatch
from limen.core.secret import Secret
from limen.ports.password_hasher import PasswordScheme, PasswordVerifier
from limen.wiring.choices import ForeignHash
from limen.wiring.parts import foreign_scheme
from tests.waiting import PATIENCE

PASSWORD = Secret("correct horse")


class Gate:
    """A scheme whose work waits until it is told to go on."""

    def __init__(self, mark: str = "gate") -> None:
        self.mark = mark
        self.go = threading.Event()
        self.begun = threading.Semaphore(0)
        self.done: list[str] = []
        self.threads: set[int] = set()
        self.niceness = 0

    def recognises(self, digest: str) -> bool:
        return digest.startswith(f"{self.mark}:")

    def is_current(self, digest: str) -> bool:
        return digest.startswith(f"{self.mark}:")

    def hash(self, password: str) -> str:
        self._work("hash")
        return f"{self.mark}:{password}"

    def matches(self, password: str, digest: str) -> bool:
        self._work("matches")
        return digest == f"{self.mark}:{password}"

    def _work(self, what: str) -> None:
        self.threads.add(threading.get_ident())
        if sys.platform == "linux":
            self.niceness = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        self.begun.release()
        assert self.go.wait(PATIENCE)
        self.done.append(what)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def hasher(gate: Gate) -> AsyncIterator[PooledHasher]:
    made = PooledHasher(schemes=[gate, Gate("old")], threads=1, queue_limit=1, retry_after=3)
    yield made
    gate.go.set()
    await made.close()


async def begun(gate: Gate) -> None:
    assert await asyncio.to_thread(gate.begun.acquire, timeout=PATIENCE)


def load(active: int, waiting: int) -> HashingLoad:
    return HashingLoad(active=active, waiting=waiting, threads=1, queue_limit=1)


async def test_hashing_happens_off_the_event_loop(gate: Gate, hasher: PooledHasher) -> None:
    gate.go.set()
    digest = await hasher.hash(PASSWORD)
    await hasher.verify(PASSWORD, digest)
    assert gate.threads
    assert threading.get_ident() not in gate.threads


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux has a priority for each thread.")
async def test_hashing_threads_give_way_to_the_event_loop(gate: Gate, hasher: PooledHasher) -> None:
    gate.go.set()
    mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    await hasher.hash(PASSWORD)
    assert gate.niceness == min(mine + 10, 19) or gate.niceness == 10
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == mine


async def test_a_wrong_password_is_refused(gate: Gate, hasher: PooledHasher) -> None:
    gate.go.set()
    with pytest.raises(PasswordMismatch):
        await hasher.verify(Secret("wrong"), await hasher.hash(PASSWORD))


@pytest.mark.parametrize("digest", [None, Secret("unknown:digest")])
async def test_without_a_known_digest_the_work_is_done_all_the_same(
    gate: Gate, hasher: PooledHasher, digest: Secret[str] | None
) -> None:
    gate.go.set()
    with pytest.raises(PasswordMismatch):
        await hasher.verify(PASSWORD, digest)
    assert gate.done == ["hash"]


async def test_a_full_queue_is_refused_at_once(gate: Gate, hasher: PooledHasher) -> None:
    first = asyncio.create_task(hasher.hash(PASSWORD))
    await begun(gate)
    second = asyncio.create_task(hasher.hash(PASSWORD))
    await asyncio.sleep(0)
    assert hasher.load == load(active=1, waiting=1)
    with pytest.raises(HashingBusy) as refusal:
        await hasher.verify(PASSWORD, None)
    assert refusal.value.retry_after == 3
    gate.go.set()
    await asyncio.gather(first, second)
    assert hasher.load == load(active=0, waiting=0)
    await hasher.hash(PASSWORD)


async def test_a_caller_cancelled_at_work_keeps_the_place_until_the_thread_is_done(
    gate: Gate, hasher: PooledHasher
) -> None:
    first = asyncio.create_task(hasher.hash(PASSWORD))
    await begun(gate)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert hasher.load == load(active=1, waiting=0)
    gate.go.set()
    await hasher.hash(PASSWORD)
    assert hasher.load == load(active=0, waiting=0)


async def test_a_caller_cancelled_while_waiting_frees_the_place_at_once(
    gate: Gate, hasher: PooledHasher
) -> None:
    first = asyncio.create_task(hasher.hash(PASSWORD))
    await begun(gate)
    second = asyncio.create_task(hasher.hash(PASSWORD))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert hasher.load == load(active=1, waiting=0)
    gate.go.set()
    await first
    assert gate.done == ["hash"]


async def test_closing_refuses_those_who_wait_and_those_who_come(
    gate: Gate, hasher: PooledHasher
) -> None:
    first = asyncio.create_task(hasher.hash(PASSWORD))
    await begun(gate)
    second = asyncio.create_task(hasher.hash(PASSWORD))
    await asyncio.sleep(0)
    closing = asyncio.create_task(hasher.close())
    with pytest.raises(HashingBusy):
        await second
    gate.go.set()
    await closing
    assert (await first).reveal() == "gate:correct horse"
    with pytest.raises(HashingBusy):
        await hasher.hash(PASSWORD)


async def test_whoever_comes_while_the_threads_end_is_refused(hasher: PooledHasher) -> None:
    hasher._executor.shutdown()
    with pytest.raises(HashingBusy):
        await hasher.hash(PASSWORD)
    assert hasher.load == load(active=0, waiting=0)


async def test_an_upgrade_is_due_for_every_digest_but_a_current_one(hasher: PooledHasher) -> None:
    assert not hasher.needs_upgrade(Secret("gate:x"))
    assert hasher.needs_upgrade(Secret("old:x"))
    assert hasher.needs_upgrade(Secret("unknown:x"))


async def test_a_known_digest_is_of_any_scheme(hasher: PooledHasher) -> None:
    hasher.check_known(Secret("gate:x"))
    hasher.check_known(Secret("old:x"))
    with pytest.raises(PasswordHashUnknown):
        hasher.check_known(Secret("unknown:x"))


async def test_want_of_memory_is_want_of_room(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> str:
        raise MemoryError

    monkeypatch.setattr(gate, "hash", fail)
    hasher = PooledHasher(schemes=[gate], threads=1, queue_limit=1)
    with pytest.raises(HashingBusy):
        await hasher.hash(PASSWORD)
    assert hasher.load == load(active=0, waiting=0)
    await hasher.close()


def work_of_refusal(present: PasswordScheme, other: PasswordVerifier, digest: str) -> float:
    """Return the seconds of this thread's work in refusing a digest of the other scheme."""
    hasher = PooledHasher(schemes=[present], foreign=[other], threads=1, queue_limit=1)
    hasher._make("whatever")
    begun = time.thread_time()
    assert not hasher._judge(other, "wrong", digest)
    return time.thread_time() - begun


class Slow:
    """A scheme that works for as many seconds as it is told."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def recognises(self, digest: str) -> bool:
        return digest in {"slow", "old"}

    def is_current(self, digest: str) -> bool:
        return digest == "slow"

    def hash(self, _: str) -> str:
        self.matches("", "")
        return "slow"

    def matches(self, _: str, __: str) -> bool:
        end = time.thread_time() + self.seconds
        while time.thread_time() < end:
            pass
        return False


@pytest.mark.parametrize(
    ("foreign", "least", "most"),
    [(0.0, 0.1, 0.15), (0.05, 0.1, 0.15), (0.099, 0.1, 0.15), (0.2, 0.2, 0.25)],
)
def test_refusing_a_foreign_hash_takes_a_present_one_or_what_it_takes_if_that_is_more(
    foreign: float, least: float, most: float
) -> None:
    assert least <= work_of_refusal(Slow(0.1), Slow(foreign), "old") <= most


@pytest.mark.parametrize(("digest", "least", "most"), [("slow", 0.0, 0.05), ("old", 0.1, 0.15)])
def test_refusing_a_cheaper_hash_of_the_present_scheme_takes_a_present_one_too(
    digest: str, least: float, most: float
) -> None:
    present = Slow(0.1)
    hasher = PooledHasher(schemes=[present], threads=1, queue_limit=1)
    hasher._make("whatever")
    present.seconds = 0.0
    begun = time.thread_time()
    assert not hasher._judge(present, "wrong", digest)
    assert least <= time.thread_time() - begun <= most


async def test_the_first_refusal_of_a_foreign_hash_makes_a_present_one(gate: Gate) -> None:
    gate.go.set()
    other = Slow(0.0)
    hasher = PooledHasher(schemes=[gate], foreign=[other], threads=1, queue_limit=1)
    with pytest.raises(PasswordMismatch):
        await hasher.verify(PASSWORD, Secret("slow"))
    assert gate.done == ["hash"]
    await hasher.close()


async def test_a_foreign_scheme_verifies_and_never_hashes(gate: Gate) -> None:
    gate.go.set()
    foreign = foreign_scheme(ForeignHash.SSHA)
    hasher = PooledHasher(schemes=[gate], foreign=[foreign], threads=1, queue_limit=1)
    digest = Secret("{SSHA}LnNV3hm2aicdmeYN8TiGO2Y7O5AoBWAM")
    hasher.check_known(digest)
    await hasher.verify(Secret("correct horse battery"), digest)
    assert hasher.needs_upgrade(digest)
    with pytest.raises(PasswordMismatch):
        await hasher.verify(PASSWORD, digest)
    await hasher.close()


async def test_real_hashes_pass_through() -> None:
    hasher = PooledHasher(schemes=[BcryptScheme(4)], threads=2, queue_limit=8)
    digest = await hasher.hash(PASSWORD)
    await asyncio.gather(*(hasher.verify(PASSWORD, digest) for _ in range(8)))
    assert "correct" not in repr(digest)
    await hasher.close()
