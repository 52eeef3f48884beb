"""Nothing is changed without a proof, a permission and a lock, whatever happens meanwhile."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from limen.adapters.memory.passwords import MemoryPasswords
from limen.adapters.memory.users import MemoryUsers
from limen.core.errors import (
    CurrentPasswordWrong,
    HashingBusy,
    PasswordRefused,
    PermissionMissing,
)
from limen.core.roles.model import Permission
from limen.core.secret import Secret
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting
from limen.testing.builders import a_user_id
from limen.testing.fakes import PlainHasher

NEW = "staple my other horse"


class SteeredHasher(PlainHasher):
    """Notes what it compares; can be busy comparing, believe everything, or be interrupted."""

    def __init__(self) -> None:
        super().__init__()
        self.compared: list[tuple[Secret[str], Secret[str] | None]] = []
        self.is_busy_comparing = False
        self.believes_everything = False
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def hash(self, password: Secret[str]) -> Secret[str]:
        if self.meanwhile is not None:
            await self.meanwhile()
        return await super().hash(password)

    async def verify(self, password: Secret[str], digest: Secret[str] | None) -> None:
        self.compared.append((password, digest))
        if self.is_busy_comparing:
            raise HashingBusy(retry_after=1)
        if not self.believes_everything:
            await super().verify(password, digest)


async def test_a_hasher_too_busy_to_compare_proves_nothing() -> None:
    hasher = SteeredHasher()
    limen = Assembly(hasher=hasher)
    await limen.register()
    mine = await limen.enter()
    hasher.is_busy_comparing = True
    with pytest.raises(HashingBusy):
        await limen.passwords.change(current="wrong one", new=NEW, actor=acting(mine))
    hasher.is_busy_comparing = False
    await limen.enter()


@pytest.mark.parametrize("current", ["\ud800", "x" * 257])
async def test_what_can_be_nobodys_password_proves_nothing(current: str) -> None:
    hasher = SteeredHasher()
    limen = Assembly(hasher=hasher)
    await limen.register()
    mine = await limen.enter()
    hasher.compared.clear()
    hasher.believes_everything = True
    with pytest.raises(CurrentPasswordWrong):
        await limen.passwords.change(current=current, new=NEW, actor=acting(mine))
    assert hasher.compared == [(Secret(""), None)]


async def test_guesses_at_the_current_password_are_told_with_whose_it_is() -> None:
    limen = Assembly()
    await limen.register()
    mine = await limen.enter()
    for _ in range(12):
        with pytest.raises(CurrentPasswordWrong):
            await limen.passwords.change(current="wrong one", new=NEW, actor=acting(mine))
        limen.clock.advance(timedelta(seconds=45))
    assert "signin.throttled" in await limen.event_names(mine.user.id)


async def test_who_may_not_set_a_password_learns_neither_of_users_nor_of_passwords() -> None:
    limen = Assembly()
    await limen.register()
    mine = await limen.enter()
    for user_id in (mine.user.id, a_user_id()):
        with pytest.raises(PermissionMissing):
            await limen.passwords.set(user_id, new="short", actor=acting(mine))


async def test_a_permission_that_was_withdrawn_meanwhile_is_none() -> None:
    hasher = SteeredHasher()
    limen = Assembly(hasher=hasher)
    ada, bob = await limen.register(), await limen.register("bob@example.org")
    await limen.roles.create(actor=OPERATOR, name="chief", permissions=[Permission.PASSWORDS_SET])
    await limen.roles.grant(bob.id, "chief", actor=OPERATOR)
    actor = acting(await limen.enter("bob@example.org"))
    hasher.meanwhile = lambda: limen.roles.withdraw(bob.id, "chief", actor=OPERATOR)
    with pytest.raises(PermissionMissing):
        await limen.passwords.set(ada.id, new=NEW, actor=actor)
    await limen.enter()


async def test_a_refused_password_is_a_fault_of_the_new_one() -> None:
    limen = Assembly()
    ada = await limen.register()
    with pytest.raises(PasswordRefused) as refused:
        await limen.passwords.set(ada.id, new="short", actor=OPERATOR)
    assert [fault.field for fault in refused.value.details] == ["new_password"]


async def test_the_user_is_locked_before_a_password_is_looked_at_and_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limen = Assembly()
    await limen.register()
    mine = await limen.enter()
    called: list[str] = []

    def note(kind: type, name: str) -> None:
        original = getattr(kind, name)

        async def noting(*arguments: Any) -> Any:
            called.append(name)
            return await original(*arguments)

        monkeypatch.setattr(kind, name, noting)

    note(MemoryUsers, "lock")
    note(MemoryPasswords, "save")
    await limen.passwords.set(mine.user.id, new=PASSWORD, actor=OPERATOR)
    assert called == ["lock", "save"]
    called.clear()
    await limen.register("bob@example.org")
    bobs = await limen.enter("bob@example.org")
    called.clear()
    await limen.passwords.change(current=PASSWORD, new=NEW, actor=acting(bobs))
    assert called == ["lock", "save"]
