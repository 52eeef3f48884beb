"""Known devices in memory, broken on purpose."""

import pytest

from limen.adapters.memory.devices import MemoryDevices
from limen.adapters.memory.users import MemoryUsers
from limen.core.devices.model import MOST_LISTED, KnownDevice
from limen.core.ids import UserId
from tests.integration.faults.fault import faults_of
from tests.integration.faults.memory_answers import do_nothing, purge_everything
from tests.integration.faults.memory_losses import lose
from tests.integration.faults.memory_mail import purge_early

fault = faults_of("memory")


@fault("TestDevices::test_note_stores_a_new_device_and_tells_that_it_is_new")
def a_device_forgets_since_when_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemoryDevices, "note", last_seen_at=None)


@fault(
    "TestDevices::test_note_moves_the_last_sight_of_a_known_device_alone",
    "TestConcurrency::test_of_many_who_note_one_device_one_is_told_that_it_is_new",
)
def every_device_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    async def note(self: MemoryDevices, device: KnownDevice) -> bool:
        (await self._desk.write()).devices.put((device.user_id, device.digest), device)
        return True

    monkeypatch.setattr(MemoryDevices, "note", note)


@fault("TestDevices::test_a_device_of_somebody_else_is_another_one")
def a_device_is_known_for_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    right = MemoryDevices.note

    async def note(self: MemoryDevices, device: KnownDevice) -> bool:
        rows = await self._desk.read()
        is_known = any(known.digest == device.digest for known in rows.devices.values())
        return await right(self, device) and not is_known

    monkeypatch.setattr(MemoryDevices, "note", note)


@fault("TestDevices::test_note_raises_user_not_found_for_somebody_who_is_gone")
def nobody_has_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    async def note(self: MemoryDevices, device: KnownDevice) -> bool:
        (await self._desk.write()).devices.put((device.user_id, device.digest), device)
        return True

    monkeypatch.setattr(MemoryDevices, "note", note)


@fault("TestDevices::test_find_returns_the_device_of_this_user_or_none")
def a_device_is_found_for_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def find(self: MemoryDevices, _: UserId, digest: bytes) -> KnownDevice | None:
        rows = await self._desk.read()
        return next((known for known in rows.devices.values() if known.digest == digest), None)

    monkeypatch.setattr(MemoryDevices, "find", find)


@fault(
    "TestDevices::test_list_returns_those_of_the_user_the_last_seen_first",
    "TestDevices::test_list_returns_at_most_200",
)
def devices_are_listed_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    async def find(self: MemoryDevices, user_id: UserId) -> tuple[KnownDevice, ...]:
        rows = await self._desk.read()
        return tuple(device for device in rows.devices.values() if device.user_id == user_id)

    monkeypatch.setattr(MemoryDevices, "list", find)


@fault("TestDevices::test_remove_removes_those_of_this_user_alone")
def devices_are_never_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryDevices, "remove")


@fault("TestDevices::test_remove_keeps_those_that_were_last_seen")
def the_devices_last_seen_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    right = MemoryDevices.remove

    async def remove(self: MemoryDevices, user_id: UserId, *, keep: int = 0) -> None:  # noqa: ARG001
        await right(self, user_id)

    monkeypatch.setattr(MemoryDevices, "remove", remove)


@fault("TestDevices::test_remove_keeps_more_than_are_listed")
def a_device_beyond_the_list_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    right = MemoryDevices.remove

    async def remove(self: MemoryDevices, user_id: UserId, *, keep: int = 0) -> None:
        await right(self, user_id, keep=min(keep, MOST_LISTED))

    monkeypatch.setattr(MemoryDevices, "remove", remove)


@fault("TestDevices::test_devices_go_with_their_user")
def a_device_outlives_its_user(monkeypatch: pytest.MonkeyPatch) -> None:
    async def remove(self: MemoryUsers, user_id: UserId) -> None:
        rows = await self._desk.write()
        user = rows.users.pop(user_id)
        if user is not None:
            rows.emails.pop(user.email.key)

    monkeypatch.setattr(MemoryUsers, "remove", remove)


@fault("TestDevices::test_purge_removes_what_was_last_seen_before")
def a_purge_forgets_a_device_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_early(monkeypatch, MemoryDevices)


@fault("TestDevices::test_purge_removes_at_most_limit_and_tells_how_many")
def a_purge_of_devices_knows_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_everything(monkeypatch, MemoryDevices)
