"""Passkeys and ceremonies in memory, broken on purpose."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from limen.adapters.memory.ceremonies import MemoryCeremonies
from limen.adapters.memory.passkeys import MemoryPasskeys
from limen.adapters.memory.users import MemoryUsers
from limen.core.errors import CeremonyOver, PasskeyNotFound
from limen.core.ids import PasskeyId, UserId
from limen.core.passkeys.model import Ceremony, CeremonyPurpose, Passkey
from tests.integration.faults.fault import faults_of
from tests.integration.faults.memory_answers import do_nothing, purge_everything
from tests.integration.faults.memory_losses import lose
from tests.integration.faults.memory_mail import INSTANT, purge_early

fault = faults_of("memory")


# --- passkeys ------------------------------------------------------------------------------------


@fault("TestPasskeys::test_find_returns_a_passkey_as_it_was_added")
def a_passkey_forgets_how_it_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemoryPasskeys, "add", transports=())


@fault("TestPasskeys::test_find_returns_none_for_an_unknown_credential_id")
def a_passkey_is_found_by_half_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    async def find(self: MemoryPasskeys, credential_id: bytes) -> Passkey | None:
        rows = await self._desk.read()
        everybodys = (one for kept in rows.passkeys.values() for one in kept)
        return next((p for p in everybodys if p.credential_id.startswith(credential_id)), None)

    monkeypatch.setattr(MemoryPasskeys, "find", find)


@fault("TestPasskeys::test_list_returns_the_passkeys_of_a_user_and_of_no_other_the_oldest_first")
def passkeys_are_listed_the_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    list_ = MemoryPasskeys.list

    async def list_backwards(self: MemoryPasskeys, user_id: UserId) -> tuple[Passkey, ...]:
        return (await list_(self, user_id))[::-1]

    monkeypatch.setattr(MemoryPasskeys, "list", list_backwards)


@fault(
    "TestPasskeys::test_add_raises_passkey_taken_for_a_credential_id_that_anybody_has",
    "TestPasskeys::test_add_raises_user_not_found_for_somebody_who_is_gone",
    "TestConcurrency::test_of_many_who_enrol_one_authenticator_one_gets_it",
)
def one_authenticator_is_good_for_many_users(monkeypatch: pytest.MonkeyPatch) -> None:
    async def add(self: MemoryPasskeys, passkey: Passkey) -> None:
        rows = await self._desk.write()
        rows.credentials.put(passkey.credential_id, passkey.user_id)
        kept = (*(rows.passkeys.get(passkey.user_id) or ()), passkey)
        rows.passkeys.put(passkey.user_id, tuple(sorted(kept, key=lambda one: one.id)))

    monkeypatch.setattr(MemoryPasskeys, "add", add)


def rewrite(
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    write: Callable[[Passkey, Passkey], Passkey],
    answer: object,
) -> None:
    """Let a changed passkey be written in another way, whatever was there."""

    async def save(self: MemoryPasskeys, passkey: Passkey) -> object:
        rows = await self._desk.write()
        kept = rows.passkeys.get(passkey.user_id) or ()
        written = tuple(write(one, passkey) if one.id == passkey.id else one for one in kept)
        rows.passkeys.put(passkey.user_id, written)
        return answer

    monkeypatch.setattr(MemoryPasskeys, method, save)


@fault(
    "TestPasskeys::test_save_leaves_a_use_meanwhile_as_it_is",
    "TestPasskeys::test_save_raises_concurrent_update_over_another_version",
    "TestPasskeys::test_save_raises_concurrent_update_for_a_passkey_that_is_gone",
)
def a_new_name_sets_the_counter_back(monkeypatch: pytest.MonkeyPatch) -> None:
    rewrite(monkeypatch, "save", lambda _present, given: given, None)


@fault("TestPasskeys::test_save_stores_the_name_over_the_version_before")
def a_passkey_keeps_its_first_name(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryPasskeys, "save")


@fault("TestPasskeys::test_use_stores_counter_backup_state_and_time_and_nothing_else")
def a_use_stores_whatever_comes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rewrite(monkeypatch, "use", lambda _present, given: given, answer=True)


@fault(
    "TestPasskeys::test_use_tells_whether_the_counter_may_follow",
    "TestPasskeys::test_use_of_a_passkey_that_is_gone_changes_nothing",
    "TestOneTime::test_of_many_uses_with_one_counter_one_gets_through",
)
def a_copied_authenticator_goes_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(present: Passkey, given: Passkey) -> Passkey:
        return replace(given, name=present.name)

    rewrite(monkeypatch, "use", write, answer=True)


@fault("TestPasskeys::test_remove_removes_this_passkey_and_no_other")
def a_passkey_outlives_its_removal(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryPasskeys, "remove")


@fault("TestPasskeys::test_remove_raises_passkey_not_found_for_a_passkey_of_somebody_else")
def a_passkey_of_somebody_else_goes_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    remove = MemoryPasskeys.remove

    async def remove_any(self: MemoryPasskeys, _user_id: UserId, passkey_id: PasskeyId) -> None:
        rows = await self._desk.write()
        for owner, kept in rows.passkeys.items():
            if any(one.id == passkey_id for one in kept):
                return await remove(self, owner, passkey_id)
        raise PasskeyNotFound

    monkeypatch.setattr(MemoryPasskeys, "remove", remove_any)


@fault("TestPasskeys::test_a_credential_id_is_free_again_once_its_passkey_is_removed")
def a_removed_authenticator_is_taken_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    async def remove(self: MemoryPasskeys, user_id: UserId, passkey_id: PasskeyId) -> None:
        rows = await self._desk.write()
        kept = rows.passkeys.get(user_id) or ()
        rows.passkeys.put(user_id, tuple(one for one in kept if one.id != passkey_id))

    monkeypatch.setattr(MemoryPasskeys, "remove", remove)


@fault("TestPasskeys::test_remove_all_removes_the_passkeys_of_a_user_and_tells_how_many")
def passkeys_survive_a_new_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryPasskeys, "remove_all")


@fault("TestPasskeys::test_passkeys_go_with_their_user")
def the_passkeys_of_who_is_gone_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    remove = MemoryUsers.remove

    async def keep_passkeys(self: MemoryUsers, user_id: UserId) -> None:
        rows = await self._desk.write()
        kept = rows.passkeys.get(user_id) or ()
        await remove(self, user_id)
        rows.passkeys.put(user_id, kept)

    monkeypatch.setattr(MemoryUsers, "remove", keep_passkeys)


# --- ceremonies ----------------------------------------------------------------------------------


def consume_otherwise(
    monkeypatch: pytest.MonkeyPatch,
    is_good: Callable[[Ceremony, CeremonyPurpose, datetime], bool],
    *,
    is_spent: bool = True,
) -> None:
    """Let ceremonies be taken out by another rule, or stay."""

    async def consume(
        self: MemoryCeremonies, digest: bytes, purpose: CeremonyPurpose, now: datetime
    ) -> Ceremony:
        rows = await self._desk.write()
        ceremony = rows.ceremonies.get(digest)
        if ceremony is None or not is_good(ceremony, purpose, now):
            raise CeremonyOver
        if is_spent:
            rows.ceremonies.pop(digest)
        return ceremony

    monkeypatch.setattr(MemoryCeremonies, "consume", consume)


@fault("TestCeremonies::test_consume_returns_a_ceremony_as_it_was_added")
def a_ceremony_forgets_who_may_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemoryCeremonies, "add", user_id=None)


@fault(
    "TestCeremonies::test_consume_raises_ceremony_over_the_second_time",
    "TestOneTime::test_of_many_who_answer_one_ceremony_one_wins",
)
def a_challenge_can_be_answered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    consume_otherwise(monkeypatch, Ceremony.is_live, is_spent=False)


@fault("TestCeremonies::test_consume_raises_ceremony_over_from_its_end_on")
def a_challenge_is_good_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    consume_otherwise(monkeypatch, lambda one, purpose, now: one.is_live(purpose, now - INSTANT))


@fault("TestCeremonies::test_consume_raises_ceremony_over_for_another_purpose_and_leaves_it")
def a_challenge_is_good_for_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    consume_otherwise(monkeypatch, lambda one, _, now: one.is_live(one.purpose, now))


@fault("TestCeremonies::test_consume_raises_ceremony_over_for_an_unknown_one")
def an_unknown_challenge_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryCeremonies, "consume")


@fault("TestCeremonies::test_purge_removes_what_was_over_before")
def a_ceremony_goes_an_instant_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_early(monkeypatch, MemoryCeremonies)


@fault("TestCeremonies::test_purge_removes_at_most_limit_and_tells_how_many")
def all_ceremonies_are_purged_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_everything(monkeypatch, MemoryCeremonies)
