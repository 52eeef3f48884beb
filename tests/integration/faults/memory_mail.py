"""Messages, proofs and the removal of passwords in memory, broken on purpose."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from limen.adapters.memory.messages import MemoryMessages
from limen.adapters.memory.passwords import MemoryPasswords
from limen.adapters.memory.proofs import MemoryProofs
from limen.adapters.memory.users import MemoryUsers
from limen.core.errors import ConcurrentUpdate, MessageNotFound
from limen.core.ids import MessageId, ProofId, UserId
from limen.core.messages.model import Message, MessageState
from limen.core.proofs.model import Proof, Purpose
from tests.integration.faults.fault import faults_of
from tests.integration.faults.memory_answers import do_nothing, purge_everything
from tests.integration.faults.memory_losses import lose

fault = faults_of("memory")

INSTANT = timedelta(microseconds=1)


def purge_early(monkeypatch: pytest.MonkeyPatch, kind: type) -> None:
    """Let a purge take what is over an instant later."""
    purge = kind.purge  # type: ignore[attr-defined]

    async def purge_too_much(self: Any, before: datetime, limit: int) -> int:
        removed: int = await purge(self, before + INSTANT, limit)
        return removed

    monkeypatch.setattr(kind, "purge", purge_too_much)


# --- messages ------------------------------------------------------------------------------------


@fault("TestMessages::test_get_returns_a_message_as_it_was_added")
def a_message_loses_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemoryMessages, "add", sealed=None)


@fault("TestMessages::test_get_raises_message_not_found")
def an_unknown_message_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    get = MemoryMessages.get

    async def get_or_none(self: MemoryMessages, message_id: MessageId) -> Message | None:
        try:
            return await get(self, message_id)
        except MessageNotFound:
            return None

    monkeypatch.setattr(MemoryMessages, "get", get_or_none)


def list_otherwise(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Let messages be listed with other arguments."""
    list_ = MemoryMessages.list

    async def list_changed(self: MemoryMessages, **asked: Any) -> tuple[Message, ...]:
        found: tuple[Message, ...] = await list_(self, **change(asked))
        return found

    monkeypatch.setattr(MemoryMessages, "list", list_changed)


@fault("TestMessages::test_list_returns_100_messages_unless_asked_otherwise")
def every_message_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    list_otherwise(monkeypatch, lambda asked: {"limit": 10_000, **asked})


@fault("TestMessages::test_list_returns_the_newest_first_and_goes_on_before_one")
def every_page_of_messages_is_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    list_otherwise(monkeypatch, lambda asked: {**asked, "before": None})


@fault("TestMessages::test_list_returns_those_in_one_state")
def messages_of_all_states_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    list_otherwise(monkeypatch, lambda asked: {**asked, "state": None})


def claim_otherwise(monkeypatch: pytest.MonkeyPatch, choose: Any, claimed: Any) -> None:
    """Let messages be claimed by another rule."""

    async def claim(
        self: MemoryMessages, now: datetime, until: datetime, limit: int
    ) -> tuple[Message, ...]:
        rows = await self._desk.write()
        found = tuple(choose(list(rows.messages.values()), now, limit))
        for message in found:
            rows.messages.put(message.id, claimed(message, until))
        return tuple(message.claimed(until) for message in found)

    monkeypatch.setattr(MemoryMessages, "claim", claim)


def is_due(message: Message, now: datetime) -> bool:
    return message.state is MessageState.WAITING and message.due_at <= now


def due(messages: list[Message], now: datetime, limit: int) -> list[Message]:
    found = sorted((m for m in messages if is_due(m, now)), key=lambda m: (m.due_at, m.id))
    return found[:limit]


@fault("TestMessages::test_claim_never_takes_a_message_that_has_ended")
def what_was_sent_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    claim_otherwise(
        monkeypatch,
        lambda messages, now, limit: islice((m for m in messages if m.due_at <= now), limit),
        lambda message, until: message.claimed(until),
    )


@fault("TestMessages::test_claim_takes_those_due_longest_first_and_no_more_than_limit")
def the_last_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    claim_otherwise(
        monkeypatch,
        lambda messages, now, limit: due(messages, now, 10_000)[::-1][:limit],
        lambda message, until: message.claimed(until),
    )


@fault(
    "TestMessages::test_claim_takes_what_is_due_as_claimed_and_stores_it",
    "TestConcurrency::test_of_many_workers_each_message_is_claimed_by_one",
)
def a_claim_is_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    claim_otherwise(monkeypatch, due, lambda message, _: message)


@fault("TestMessages::test_claim_takes_a_message_again_when_its_time_is_over")
def a_claim_is_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    never = timedelta(days=999)
    claim_otherwise(monkeypatch, due, lambda message, until: message.claimed(until + never))


@fault("TestMessages::test_save_stores_the_next_version")
def what_became_of_a_message_is_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryMessages, "save")


@fault(
    "TestMessages::test_save_raises_concurrent_update_for_any_other_version",
    "TestMessages::test_save_raises_concurrent_update_for_a_message_that_is_gone",
)
def a_message_is_saved_over_any_version(monkeypatch: pytest.MonkeyPatch) -> None:
    async def save(self: MemoryMessages, message: Message) -> None:
        (await self._desk.write()).messages.put(message.id, message)

    monkeypatch.setattr(MemoryMessages, "save", save)


@fault("TestMessages::test_purge_removes_what_ended_before_and_nothing_that_waits")
def a_message_goes_an_instant_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_early(monkeypatch, MemoryMessages)


@fault("TestMessages::test_purge_removes_at_most_limit_and_tells_how_many")
def all_messages_are_purged_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_everything(monkeypatch, MemoryMessages)


# --- proofs --------------------------------------------------------------------------------------


@fault("TestProofs::test_find_returns_a_proof_as_it_was_put")
def a_proof_forgets_its_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemoryProofs, "put", asker=None)


def find_otherwise(monkeypatch: pytest.MonkeyPatch, choose: Any) -> None:
    """Let the proof of a user be found by another rule."""

    async def find_of(
        self: MemoryProofs, user_id: UserId, purpose: Purpose, asker: bytes | None = None
    ) -> Proof | None:
        rows = await self._desk.read()
        place = (user_id, purpose, asker)
        return next((p for p in rows.proofs.values() if choose(p, *place)), None)

    monkeypatch.setattr(MemoryProofs, "find_of", find_of)


@fault(
    "TestProofs::test_find_of_returns_the_proof_of_this_user_for_this_purpose",
    "TestProofs::test_find_returns_none_for_an_unknown_proof",
)
def a_proof_is_good_for_any_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    find_otherwise(
        monkeypatch,
        lambda proof, user_id, _, browser: (proof.user_id, proof.asker) == (user_id, browser),
    )


@fault("TestProofs::test_find_of_returns_the_proof_that_is_bound_to_this_browser_or_none")
def a_proof_is_good_in_any_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    find_otherwise(
        monkeypatch,
        lambda proof, user_id, purpose, _: (proof.user_id, proof.purpose) == (user_id, purpose),
    )


@fault("TestProofs::test_put_leaves_the_proofs_of_other_browsers_alone")
def a_link_takes_away_those_of_other_browsers(monkeypatch: pytest.MonkeyPatch) -> None:
    put = MemoryProofs.put

    async def put_alone(self: MemoryProofs, proof: Proof) -> None:
        rows = await self._desk.write()
        for other in list(rows.proofs.values()):
            if (other.user_id, other.purpose) == (proof.user_id, proof.purpose):
                rows.proofs.pop(other.id)
                rows.user_proofs.put(proof.user_id, frozenset())
        await put(self, proof)

    monkeypatch.setattr(MemoryProofs, "put", put_alone)


def put_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a new proof lie beside the earlier one."""

    async def put(self: MemoryProofs, proof: Proof) -> None:
        rows = await self._desk.write()
        rows.proofs.put(proof.id, proof)
        known = rows.user_proofs.get(proof.user_id) or frozenset()
        rows.user_proofs.put(proof.user_id, known | {proof.id})

    monkeypatch.setattr(MemoryProofs, "put", put)


@fault(
    "TestProofs::test_put_replaces_the_earlier_proof_for_this_purpose_and_no_other",
    "TestProofs::test_put_raises_user_not_found_for_somebody_who_is_gone",
    "TestConcurrency::test_of_many_new_proofs_for_one_purpose_one_is_left",
)
def an_earlier_link_stays_good(monkeypatch: pytest.MonkeyPatch) -> None:
    put_beside(monkeypatch)


@fault(
    "TestProofs::test_charge_counts_one_try_and_tells_that_there_were_fewer_than_most",
    "TestProofs::test_charge_of_an_unknown_proof_finds_no_try_left",
    "TestOneTime::test_of_many_tries_at_one_proof_as_many_get_through_as_are_left",
)
def one_may_try_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    async def charge(_self: MemoryProofs, _proof_id: ProofId, _most: int) -> bool:
        return True

    monkeypatch.setattr(MemoryProofs, "charge", charge)


@fault("TestProofs::test_consume_spends_a_proof")
def a_proof_is_never_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryProofs, "consume")


@fault(
    "TestProofs::test_consume_raises_proof_invalid_the_second_time",
    "TestProofs::test_consume_raises_proof_invalid_for_an_unknown_proof",
    "TestOneTime::test_of_many_who_use_one_proof_one_wins",
)
def a_proof_can_be_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def consume(self: MemoryProofs, proof_id: ProofId, now: datetime) -> None:
        rows = await self._desk.write()
        for key, proof in list(rows.proofs.items()):
            if proof.id == proof_id:
                rows.proofs.put(key, replace(proof, spent_at=now))

    monkeypatch.setattr(MemoryProofs, "consume", consume)


@fault("TestProofs::test_consume_raises_proof_invalid_from_its_end_on")
def a_proof_is_good_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    consume = MemoryProofs.consume

    async def consume_late(self: MemoryProofs, proof_id: ProofId, now: datetime) -> None:
        await consume(self, proof_id, now - INSTANT)

    monkeypatch.setattr(MemoryProofs, "consume", consume_late)


@fault("TestProofs::test_remove_removes_all_proofs_of_a_user_and_of_no_other")
def one_kind_of_proof_survives_a_new_password(monkeypatch: pytest.MonkeyPatch) -> None:
    async def remove(self: MemoryProofs, user_id: UserId) -> None:
        rows = await self._desk.write()
        for proof_id in rows.user_proofs.get(user_id) or ():
            if rows.proofs[proof_id].purpose is not Purpose.SIGN_IN:
                rows.proofs.pop(proof_id)

    monkeypatch.setattr(MemoryProofs, "remove", remove)


@fault("TestProofs::test_proofs_go_with_their_user")
def the_links_of_who_is_gone_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    remove = MemoryUsers.remove

    async def keep_links(self: MemoryUsers, user_id: UserId) -> None:
        rows = await self._desk.write()
        kept = {key: proof for key, proof in rows.proofs.items() if proof.user_id == user_id}
        await remove(self, user_id)
        for key, proof in kept.items():
            rows.proofs.put(key, proof)

    monkeypatch.setattr(MemoryUsers, "remove", keep_links)


@fault("TestProofs::test_purge_removes_what_was_over_before")
def a_proof_goes_an_instant_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_early(monkeypatch, MemoryProofs)


@fault("TestProofs::test_purge_removes_at_most_limit_and_tells_how_many")
def all_proofs_are_purged_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_everything(monkeypatch, MemoryProofs)


# --- passwords -----------------------------------------------------------------------------------


@fault("TestPasswords::test_remove_removes_the_credential_of_this_user_and_of_no_other")
def a_password_outlives_its_removal(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryPasswords, "remove")


@fault("TestPasswords::test_remove_does_nothing_without_a_credential")
def nobody_can_be_without_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    remove = MemoryPasswords.remove

    async def remove_what_is_there(self: MemoryPasswords, user_id: UserId) -> None:
        if user_id not in (await self._desk.write()).passwords:
            raise ConcurrentUpdate
        await remove(self, user_id)

    monkeypatch.setattr(MemoryPasswords, "remove", remove_what_is_there)
