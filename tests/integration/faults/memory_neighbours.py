"""Repositories in memory that change what lies beside, or take a limit for a single number."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from limen.adapters.memory import idempotency, passkeys, proofs
from limen.adapters.memory.api_keys import MemoryApiKeys
from limen.adapters.memory.devices import MemoryDevices
from limen.adapters.memory.factors import MemoryRecoveryCodes
from limen.adapters.memory.partial_sessions import MemoryPartialSessions
from limen.adapters.memory.passkeys import MemoryPasskeys
from limen.adapters.memory.proofs import MemoryProofs
from limen.adapters.memory.remembered import MemoryRemembered
from limen.adapters.memory.store import Rows
from limen.core.api_keys.model import ApiKey
from limen.core.devices.model import KnownDevice
from limen.core.errors import ConcurrentUpdate, ProofInvalid
from limen.core.idempotency.model import Attempt
from limen.core.ids import PartialSessionId, ProofId, UserId
from limen.core.passkeys.model import Passkey
from limen.core.proofs.model import Proof
from limen.core.remembered.model import Remembered
from tests.integration.faults.fault import faults_of

fault = faults_of("memory")


# --- neighbours ----------------------------------------------------------------------------------


@fault("TestProofs::test_charge_counts_one_try_and_tells_that_there_were_fewer_than_most")
def a_try_is_counted_at_every_proof_of_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    async def charge(self: MemoryProofs, proof_id: ProofId, most: int) -> bool:
        rows = await self._desk.write()
        proof = rows.proofs.get(proof_id)
        if proof is None or proof.tries >= most:
            return False
        for other in [one for one in rows.proofs.values() if one.user_id == proof.user_id]:
            rows.proofs.put(other.id, replace(other, tries=other.tries + 1))
        return True

    monkeypatch.setattr(MemoryProofs, "charge", charge)


@fault("TestPartialSessions::test_charge_counts_one_try_and_tells_that_there_were_fewer_than_most")
def a_code_is_counted_at_every_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    async def charge(self: MemoryPartialSessions, partial_id: PartialSessionId, most: int) -> bool:
        rows = await self._desk.write()
        partial = rows.partial_sessions.get(partial_id)
        if partial is None or partial.tries >= most:
            return False
        for other in list(rows.partial_sessions.values()):
            rows.partial_sessions.put(other.id, replace(other, tries=other.tries + 1))
        return True

    monkeypatch.setattr(MemoryPartialSessions, "charge", charge)


def replace_all(rows: Rows, passkey: Passkey) -> None:
    """Store the name and the last use of a passkey with all of its user."""
    name, used = passkey.name, passkey.last_used_at
    kept = passkeys._of(rows, passkey.user_id)
    same = tuple(replace(one, name=name, last_used_at=used) for one in kept)
    rows.passkeys.put(passkey.user_id, same)


@fault(
    "TestPasskeys::test_save_stores_the_name_over_the_version_before",
    "TestPasskeys::test_use_stores_counter_backup_state_and_time_and_nothing_else",
)
def all_passkeys_of_a_user_are_changed_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    put = passkeys._replace

    def put_all(rows: Rows, passkey: Passkey) -> None:
        replace_all(rows, passkey)
        put(rows, passkey)

    monkeypatch.setattr(passkeys, "_replace", put_all)


@fault("TestDevices::test_note_moves_the_last_sight_of_a_known_device_alone")
def one_sight_is_of_all_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    note = MemoryDevices.note

    async def note_all(self: MemoryDevices, device: KnownDevice) -> bool:
        rows = await self._desk.write()
        for key, other in list(rows.devices.items()):
            if other.user_id == device.user_id:
                rows.devices.put(key, replace(other, last_seen_at=device.last_seen_at))
        return await note(self, device)

    monkeypatch.setattr(MemoryDevices, "note", note_all)


@fault("TestRemembered::test_renew_stores_what_a_use_changes")
def a_renewal_is_of_whoever_has_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    async def renew(self: MemoryRemembered, remembered: Remembered) -> None:
        rows = await self._desk.write()
        found = [o for o in rows.remembered.values() if o.digest == remembered.previous_digest]
        if not found:
            raise ConcurrentUpdate
        for other in found:
            rows.remembered.put(other.id, replace(remembered, id=other.id))

    monkeypatch.setattr(MemoryRemembered, "renew", renew)


@fault("TestPasskeys::test_list_returns_the_passkeys_of_a_user_and_of_no_other_the_oldest_first")
def passkeys_are_in_order_of_their_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    async def listed(self: MemoryPasskeys, user_id: UserId) -> tuple[Passkey, ...]:
        kept = passkeys._of(await self._desk.read(), user_id)
        return tuple(sorted(kept, key=lambda one: one.credential_id))

    monkeypatch.setattr(MemoryPasskeys, "list", listed)


@fault("TestDevices::test_note_moves_the_last_sight_of_a_known_device_alone")
def a_known_device_is_seen_when_it_was_first_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    note = MemoryDevices.note

    async def note_first(self: MemoryDevices, device: KnownDevice) -> bool:
        return await note(self, replace(device, last_seen_at=device.first_seen_at))

    monkeypatch.setattr(MemoryDevices, "note", note_first)


# --- one number for all behind it ----------------------------------------------------------------


@fault("TestProofs::test_charge_lets_nobody_through_who_has_tried_more_often_already")
def more_tries_at_a_proof_than_there_are_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    charge = MemoryProofs.charge

    async def charge_unless_even(self: MemoryProofs, proof_id: ProofId, most: int) -> bool:
        proof = (await self._desk.write()).proofs.get(proof_id)
        is_beyond = proof is not None and proof.tries > most
        return await charge(self, proof_id, 2**31 if is_beyond else most)

    monkeypatch.setattr(MemoryProofs, "charge", charge_unless_even)


@fault("TestPartialSessions::test_charge_lets_nobody_through_who_has_tried_more_codes_already")
def more_codes_than_there_are_tries_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    charge = MemoryPartialSessions.charge

    async def charge_unless_even(
        self: MemoryPartialSessions, partial_id: PartialSessionId, most: int
    ) -> bool:
        partial = (await self._desk.write()).partial_sessions.get(partial_id)
        is_beyond = partial is not None and partial.tries > most
        return await charge(self, partial_id, 2**31 if is_beyond else most)

    monkeypatch.setattr(MemoryPartialSessions, "charge", charge_unless_even)


@fault("TestAttempts::test_begin_replaces_an_attempt_that_has_expired")
def an_attempt_expires_for_an_instant(monkeypatch: pytest.MonkeyPatch) -> None:
    def is_over(present: Attempt, now: datetime, abandoned_before: datetime) -> bool:
        is_abandoned = present.sealed is None and present.begun_at < abandoned_before
        return is_abandoned or present.expires_at == now

    monkeypatch.setattr(idempotency, "_is_over", is_over)


@fault("TestDevices::test_purge_removes_what_was_last_seen_before")
def a_purge_of_devices_spares_one_instant(monkeypatch: pytest.MonkeyPatch) -> None:
    async def purge(self: MemoryDevices, before: datetime, limit: int) -> int:
        rows = await self._desk.write()
        found = [k for k, one in rows.devices.items() if one.last_seen_at != before][:limit]
        for key in found:
            rows.devices.pop(key)
        return len(found)

    monkeypatch.setattr(MemoryDevices, "purge", purge)


# --- nothing to find -----------------------------------------------------------------------------


@fault(
    "TestProofs::test_put_replaces_the_earlier_proof_for_this_purpose_and_no_other",
    "TestProofs::test_purge_removes_what_was_over_before",
)
def the_index_of_proofs_keeps_what_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    gone: dict[tuple[Any, ...], Proof] = {}
    remove, find_of = proofs._remove, proofs._find_of

    def remove_and_keep(rows: Rows, proof: Proof) -> None:
        gone[proof.user_id, proof.purpose, proof.asker] = proof
        remove(rows, proof)

    def find_any(rows: Rows, *key: Any) -> Proof | None:
        return gone.get(key) or find_of(rows, *key)

    monkeypatch.setattr(proofs, "_remove", remove_and_keep)
    monkeypatch.setattr(proofs, "_find_of", find_any)


@fault("TestProofs::test_remove_does_nothing_for_somebody_without_proofs")
def who_has_no_proofs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    remove = MemoryProofs.remove

    async def remove_some(self: MemoryProofs, user_id: UserId) -> None:
        if not (await self._desk.write()).user_proofs.get(user_id):
            raise ProofInvalid
        await remove(self, user_id)

    monkeypatch.setattr(MemoryProofs, "remove", remove_some)


@fault(
    "TestRecoveryCodes::test_consume_raises_factor_invalid_the_second_time_and_for_an_unknown_code"
)
def who_has_no_recovery_codes_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    consume = MemoryRecoveryCodes.consume

    async def consume_some(self: MemoryRecoveryCodes, user_id: UserId, digest: bytes) -> None:
        if user_id in (await self._desk.write()).recovery_codes:
            await consume(self, user_id, digest)

    monkeypatch.setattr(MemoryRecoveryCodes, "consume", consume_some)


@fault("TestPasskeys::test_a_credential_id_is_free_again_once_its_passkey_is_removed")
def all_passkeys_go_and_their_credentials_stay_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    async def remove_all(self: MemoryPasskeys, user_id: UserId) -> int:
        return len((await self._desk.write()).passkeys.pop(user_id) or ())

    monkeypatch.setattr(MemoryPasskeys, "remove_all", remove_all)


@fault("TestApiKeys::test_list_returns_100_keys_unless_asked_otherwise")
def a_hundredth_key_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def listed(self: MemoryApiKeys, owner_id: UserId, **asked: Any) -> tuple[ApiKey, ...]:
        return await list_some(self, owner_id, **{"limit": 99, **asked})

    list_some = MemoryApiKeys.list
    monkeypatch.setattr(MemoryApiKeys, "list", listed)
