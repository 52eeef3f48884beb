"""The signing keys at hand, while the store is out and when it is back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.core.errors import SealBroken, StorageUnavailable, TokenInvalid
from limen.core.keys.model import SigningKey
from limen.core.secret import Secret
from limen.ports.keys import SigningKeys
from limen.ports.unit_of_work import View
from limen.testing.assembly import OPERATOR, Assembly
from limen.testing.fakes import CountingIds, FrozenClock, PlainCipher

A_REPLACED_KEY_IS_FORGOTTEN = timedelta(minutes=30)
PAUSE = timedelta(seconds=1)


class _SlowKeys:
    """Keys as they were when they were asked for, told when they may be."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys
        self.are_read = asyncio.Event()
        self.may_be_told = asyncio.Event()

    async def list(self) -> tuple[SigningKey, ...]:
        found = await self._keys.list()
        self.are_read.set()
        await self.may_be_told.wait()
        return found


class _Units(MemoryUnitOfWorkFactory):
    """A store whose views can be out, or slow once."""

    is_out = False
    slow: asyncio.Future[_SlowKeys] | None = None

    @asynccontextmanager
    async def _view(self) -> AsyncIterator[View]:
        if self.is_out:
            raise StorageUnavailable
        async with super()._view() as view:
            if self.slow is None or self.slow.done():
                yield view
            else:
                keys = _SlowKeys(view.keys)
                self.slow.set_result(keys)
                yield cast("View", SimpleNamespace(keys=keys))


class _Nodes:
    """Two nodes over one store, of which one cannot reach it now and then."""

    def __init__(self) -> None:
        store, self.clock = MemoryStore(), FrozenClock()
        self.units = _Units(store, CountingIds())
        self.node = Assembly(self.units, clock=self.clock, seed=1)
        other = MemoryUnitOfWorkFactory(store, self.node.ids)
        self.other = Assembly(other, clock=self.clock, seed=2)


@pytest.fixture
async def nodes() -> _Nodes:
    """Two nodes that know the first key."""
    nodes = _Nodes()
    await nodes.node.keys.ensure(actor=OPERATOR)
    await nodes.node.ring.signing()
    return nodes


async def test_keys_at_hand_sign_on_for_a_while_without_the_store(nodes: _Nodes) -> None:
    first = await nodes.node.ring.signing()
    nodes.units.is_out = True
    nodes.clock.advance(timedelta(minutes=9))
    assert await nodes.node.ring.signing() == first


async def test_a_key_that_may_have_been_replaced_signs_nothing(nodes: _Nodes) -> None:
    await nodes.other.keys.rotate(actor=OPERATOR)
    nodes.clock.advance(A_REPLACED_KEY_IS_FORGOTTEN)
    nodes.units.is_out = True
    with pytest.raises(StorageUnavailable):
        await nodes.node.ring.signing()
    nodes.units.is_out = False
    assert await nodes.node.ring.signing() == await nodes.other.ring.signing()


async def test_keys_at_hand_verify_until_the_store_is_back(nodes: _Nodes) -> None:
    first = await nodes.node.ring.signing()
    nodes.units.is_out = True
    nodes.clock.advance(timedelta(hours=1))
    assert (await nodes.node.ring.verifying(first.id)).id == first.id


async def test_of_a_slow_store_one_caller_waits_and_the_others_go_on(nodes: _Nodes) -> None:
    first = await nodes.node.ring.signing()
    waiting, slow = await _somebody_waits(nodes, first.id)
    async with asyncio.timeout(10):
        assert (await nodes.node.ring.verifying(first.id)).id == first.id
        assert await nodes.node.ring.signing() == first
    assert not waiting.done()
    slow.may_be_told.set()
    assert (await waiting).id == first.id


async def test_what_was_read_before_the_keys_changed_is_not_kept(nodes: _Nodes) -> None:
    first = await nodes.node.ring.signing()
    waiting, slow = await _somebody_waits(nodes, first.id)
    added = await nodes.node.keys.rotate(actor=OPERATOR)
    slow.may_be_told.set()
    await waiting
    assert added.id in {key["kid"] for key in await nodes.node.ring.public()}


async def _somebody_waits(nodes: _Nodes, key_id: str) -> tuple[asyncio.Task[SigningKey], _SlowKeys]:
    """Have somebody ask when the keys at hand are old, and the store be slow to tell them."""
    nodes.clock.advance(timedelta(minutes=2))
    slow = nodes.units.slow = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(nodes.node.ring.verifying(key_id))
    keys = await slow
    await keys.are_read.wait()
    return waiting, keys


async def test_an_unknown_key_is_no_invalid_token_while_the_store_is_out(nodes: _Nodes) -> None:
    added = await nodes.other.keys.rotate(actor=OPERATOR)
    nodes.clock.advance(timedelta(minutes=15))
    nodes.units.is_out = True
    for _ in range(2):
        with pytest.raises(StorageUnavailable):
            await nodes.node.ring.verifying(added.id)
    nodes.units.is_out = False
    nodes.clock.advance(PAUSE)
    assert (await nodes.node.ring.verifying(added.id)).id == added.id


async def test_an_unknown_key_is_an_invalid_token_while_the_store_answers(nodes: _Nodes) -> None:
    with pytest.raises(TokenInvalid):
        await nodes.node.ring.verifying("nobody's")


async def test_a_key_announced_before_the_secret_key_was_lost_does_not_come_in_the_way() -> None:
    limen = Assembly()
    await limen.keys.ensure(actor=OPERATOR)
    await limen.keys.rotate(actor=OPERATOR)
    limen.clock.advance(timedelta(minutes=1))
    lost = {used.key.sealed for used in await limen.keys.list(actor=OPERATOR)}
    opening = PlainCipher.open

    def open_(cipher: PlainCipher, sealed: bytes, place: str) -> Secret[bytes]:
        if sealed in lost:
            raise SealBroken
        return opening(cipher, sealed, place)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PlainCipher, "open", open_)
        with pytest.raises(SealBroken):
            await limen.keys.rotate(actor=OPERATOR)
        made = await limen.keys.rotate(actor=OPERATOR, secret_is_lost=True)
        limen.clock.advance(timedelta(minutes=10))
        for _ in range(3):
            assert (await limen.ring.signing()).id == made.id
            limen.clock.advance(timedelta(minutes=30))
        await limen.keys.rotate(actor=OPERATOR)
