"""The repositories in memory once more: what is lost, left behind or put in the wrong order."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from limen.adapters.memory.families import MemoryFamilies
from limen.adapters.memory.grants import MemoryGrants
from limen.adapters.memory.keys import MemoryKeys
from limen.adapters.memory.passwords import MemoryPasswords
from limen.adapters.memory.roles import MemoryRoles
from limen.adapters.memory.sessions import MemorySessions
from limen.adapters.memory.users import MemoryUsers
from limen.core.ids import UserId
from limen.core.passwords.model import PasswordCredential
from limen.core.roles.model import Role
from limen.core.sessions.model import Session
from tests.integration.faults.fault import faults_of

fault = faults_of("memory")


def lose(monkeypatch: pytest.MonkeyPatch, kind: type, method: str, **lost: object) -> None:
    """Let a method of a repository store its value without these fields."""
    store = getattr(kind, method)

    async def store_without(self: Any, value: Any) -> None:
        await store(self, replace(value, **lost))

    monkeypatch.setattr(kind, method, store_without)


# --- lost on the way -----------------------------------------------------------------------------


@fault("TestSessions::test_find_returns_the_session_as_it_was_added")
def a_session_loses_its_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemorySessions, "add", methods=())


@fault("TestFamilies::test_find_standing_returns_the_family_as_it_was_added")
def a_family_loses_its_previous_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemoryFamilies, "add", previous_digest=None)


@fault("TestFamilies::test_rotate_stores_the_next_generation")
def a_rotation_forgets_the_token_before(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemoryFamilies, "rotate", previous_digest=None)


@fault("TestRoles::test_get_returns_the_role_as_it_was_added")
def a_role_loses_its_permissions(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemoryRoles, "add", permissions=frozenset())


@fault("TestSigningKeys::test_list_returns_keys_as_they_were_added")
def a_key_loses_its_private_half(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemoryKeys, "add", sealed=b"")


@fault("TestGrants::test_list_returns_grants_as_they_were_put_ended_ones_too_in_order_of_role")
def a_grant_loses_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemoryGrants, "put", ends_at=None)


# --- versions ------------------------------------------------------------------------------------


@fault("TestPasswords::test_save_raises_concurrent_update_unless_the_stored_version_is_one_less")
def a_password_is_saved_over_any_version(monkeypatch: pytest.MonkeyPatch) -> None:
    async def save(self: MemoryPasswords, credential: PasswordCredential) -> None:
        (await self._desk.write()).passwords.put(credential.user_id, credential)

    monkeypatch.setattr(MemoryPasswords, "save", save)


@fault("TestRoles::test_save_raises_concurrent_update_unless_the_stored_version_is_one_less")
def a_role_is_saved_over_any_version(monkeypatch: pytest.MonkeyPatch) -> None:
    async def save(self: MemoryRoles, role: Role) -> None:
        (await self._desk.write()).roles.put(role.name, role)

    monkeypatch.setattr(MemoryRoles, "save", save)


# --- left behind, or taken along -----------------------------------------------------------------


@fault("TestUsers::test_remove_leaves_the_endings_of_sessions")
def endings_go_with_their_user(monkeypatch: pytest.MonkeyPatch) -> None:
    remove = MemoryUsers.remove

    async def remove_all(self: MemoryUsers, user_id: UserId) -> None:
        rows = await self._desk.write()
        for session_id in rows.user_sessions.get(user_id) or ():
            rows.endings.pop(session_id)
        await remove(self, user_id)

    monkeypatch.setattr(MemoryUsers, "remove", remove_all)


@fault("TestUsers::test_remove_frees_the_names")
def the_names_of_who_is_gone_stay_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    remove = MemoryUsers.remove

    async def keep_address(self: MemoryUsers, user_id: UserId) -> None:
        rows = await self._desk.write()
        address = rows.users[user_id].email.key
        await remove(self, user_id)
        rows.emails.put(address, user_id)

    monkeypatch.setattr(MemoryUsers, "remove", keep_address)


@fault("TestSessionEndings::test_purge_removes_endings_from_before")
def endings_are_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    purge = MemorySessions.purge

    async def purge_sessions(self: MemorySessions, before: datetime, limit: int) -> int:
        rows = await self._desk.write()
        endings = list(rows.endings.values())
        removed = await purge(self, before, limit)
        for ending in endings:
            rows.endings.put(ending.session_id, ending)
        return removed

    monkeypatch.setattr(MemorySessions, "purge", purge_sessions)


# --- order ---------------------------------------------------------------------------------------


@fault("TestSessions::test_list_live_returns_the_live_ones_of_this_user_the_last_used_first")
def the_session_used_last_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    list_live = MemorySessions.list_live

    async def list_backwards(
        self: MemorySessions, user_id: UserId, now: datetime
    ) -> tuple[Session, ...]:
        return (await list_live(self, user_id, now))[::-1]

    monkeypatch.setattr(MemorySessions, "list_live", list_backwards)


@fault("TestRoles::test_list_returns_all_roles_in_order_of_name")
def roles_come_in_no_order(monkeypatch: pytest.MonkeyPatch) -> None:
    list_roles = MemoryRoles.list

    async def list_backwards(self: MemoryRoles) -> tuple[Role, ...]:
        return (await list_roles(self))[::-1]

    monkeypatch.setattr(MemoryRoles, "list", list_backwards)
