"""What `limen.ports.devices.Devices` promises; many at once: `concurrency`."""

from datetime import timedelta
from typing import Final

import pytest

from limen.core.devices.model import KnownDevice
from limen.core.errors import UserNotFound
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_device, a_user, a_user_id
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import assert_kept, change, keep, look
from limen.testing.fakes import NOON

INSTANT: Final = timedelta(microseconds=1)
LATER: Final = NOON + timedelta(hours=1)
MOST: Final = 200


async def _kept(unit_of_work: UnitOfWorkFactory) -> KnownDevice:
    """Store a user and a device of theirs."""
    user = a_user()
    await keep(unit_of_work, user, device := a_device(user.id, last_seen_at=LATER))
    return device


class DevicesContract(Contract):
    """The devices that people have signed in from. Fixture: `unit_of_work`."""

    async def test_note_stores_a_new_device_and_tells_that_it_is_new(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        device = await _kept(unit_of_work)
        other = a_device(device.user_id)
        assert await change(unit_of_work, lambda uow: uow.devices.note(other)) is True
        await assert_kept(unit_of_work, device, other)

    async def test_note_moves_the_last_sight_of_a_known_device_alone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        device, theirs = await _kept(unit_of_work), await _kept(unit_of_work)
        await keep(unit_of_work, other := a_device(device.user_id))
        again = KnownDevice(
            user_id=device.user_id,
            digest=device.digest,
            first_seen_at=LATER + INSTANT,
            last_seen_at=LATER + 2 * INSTANT,
        )
        assert await change(unit_of_work, lambda uow: uow.devices.note(again)) is False
        seen = a_device(device.user_id, digest=device.digest, last_seen_at=LATER + 2 * INSTANT)
        await assert_kept(unit_of_work, seen, other, theirs)

    async def test_a_device_of_somebody_else_is_another_one(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        device, theirs = await _kept(unit_of_work), await _kept(unit_of_work)
        shared = a_device(theirs.user_id, digest=device.digest)
        assert await change(unit_of_work, lambda uow: uow.devices.note(shared)) is True
        await assert_kept(unit_of_work, device, theirs, shared)

    async def test_note_raises_user_not_found_for_somebody_who_is_gone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        with pytest.raises(UserNotFound):
            await keep(unit_of_work, a_device(a_user_id()))

    async def test_find_returns_the_device_of_this_user_or_none(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        device, theirs = await _kept(unit_of_work), await _kept(unit_of_work)
        async with unit_of_work.view() as view:
            found = await view.devices.find(device.user_id, device.digest)
            other = await view.devices.find(device.user_id, theirs.digest)
            another = await view.devices.find(theirs.user_id, device.digest)
        assert_same(found, device)
        assert (other, another) == (None, None)

    async def test_list_returns_those_of_the_user_the_last_seen_first(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        first, _ = await _kept(unit_of_work), await _kept(unit_of_work)
        last = a_device(first.user_id, last_seen_at=LATER + INSTANT)
        old = a_device(first.user_id, last_seen_at=NOON)
        await keep(unit_of_work, old, last)
        found = await look(unit_of_work, lambda view: view.devices.list(first.user_id))
        assert_same(found, (last, first, old))

    async def test_list_returns_at_most_200(self, unit_of_work: UnitOfWorkFactory) -> None:
        user = a_user()
        devices = [a_device(user.id, last_seen_at=NOON + n * INSTANT) for n in range(MOST + 1)]
        await keep(unit_of_work, user, *devices)
        found = await look(unit_of_work, lambda view: view.devices.list(user.id))
        assert_same(found, tuple(reversed(devices[1:])))

    async def test_remove_removes_those_of_this_user_alone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        device, theirs = await _kept(unit_of_work), await _kept(unit_of_work)
        await keep(unit_of_work, a_device(device.user_id))
        await change(unit_of_work, lambda uow: uow.devices.remove(device.user_id))
        assert await look(unit_of_work, lambda view: view.devices.list(device.user_id)) == ()
        await assert_kept(unit_of_work, theirs)

    async def test_remove_keeps_those_that_were_last_seen(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        last, theirs = await _kept(unit_of_work), await _kept(unit_of_work)
        older = [a_device(last.user_id, last_seen_at=LATER - n * INSTANT) for n in (1, 2, 3)]
        await keep(unit_of_work, *reversed(older))
        await change(unit_of_work, lambda uow: uow.devices.remove(last.user_id, keep=4))
        await assert_kept(unit_of_work, last, *older)
        await change(unit_of_work, lambda uow: uow.devices.remove(last.user_id, keep=2))
        found = await look(unit_of_work, lambda view: view.devices.list(last.user_id))
        assert_same(found, (last, older[0]))
        await assert_kept(unit_of_work, theirs)

    async def test_remove_keeps_more_than_are_listed(self, unit_of_work: UnitOfWorkFactory) -> None:
        user = a_user()
        devices = [a_device(user.id, last_seen_at=NOON + n * INSTANT) for n in range(MOST + 2)]
        await keep(unit_of_work, user, *devices)
        await change(unit_of_work, lambda uow: uow.devices.remove(user.id, keep=MOST + 1))
        async with unit_of_work.view() as view:
            found = [await view.devices.find(user.id, device.digest) for device in devices]
        assert_same(tuple(found), (None, *devices[1:]))

    async def test_devices_go_with_their_user(self, unit_of_work: UnitOfWorkFactory) -> None:
        device, theirs = await _kept(unit_of_work), await _kept(unit_of_work)
        await change(unit_of_work, lambda uow: uow.users.remove(device.user_id))
        assert await look(unit_of_work, lambda view: view.devices.list(device.user_id)) == ()
        await assert_kept(unit_of_work, theirs)

    async def test_purge_removes_what_was_last_seen_before(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        device = await _kept(unit_of_work)
        later = a_device(device.user_id, last_seen_at=LATER + INSTANT)
        await keep(unit_of_work, later, a_device(device.user_id, last_seen_at=LATER - INSTANT))
        assert await change(unit_of_work, lambda uow: uow.devices.purge(LATER, 100)) == 1
        found = await look(unit_of_work, lambda view: view.devices.list(device.user_id))
        assert_same(found, (later, device))

    async def test_purge_removes_at_most_limit_and_tells_how_many(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user, *(a_device(user.id) for _ in range(5)))
        removed = [
            await change(unit_of_work, lambda uow: uow.devices.purge(LATER, 2)) for _ in range(4)
        ]
        assert removed == [2, 2, 1, 0]
