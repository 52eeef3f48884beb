"""Faults about proofs of addresses, lost passwords and links; only sequences show them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from limen.adapters.memory.proofs import MemoryProofs
from limen.core.emails import service as emails
from limen.core.ids import ProofId, UserId
from limen.core.messages import composing
from limen.core.proofs.making import ProofMaker
from limen.core.proofs.model import LIFETIMES, Proof, Purpose
from limen.core.recovery import service as recovery
from limen.core.signin import links
from limen.core.signin.entering import Entrance
from limen.core.users import ownership
from tests.unit.testing.faults import fault


async def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


def _live_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Proof, "is_live", lambda self, _now: self.spent_at is None)

    async def consume(self: MemoryProofs, proof_id: ProofId, now: datetime) -> None:
        rows = await self._desk.write()
        rows.proofs.put(proof_id, replace(rows.proofs[proof_id], spent_at=now))

    monkeypatch.setattr(MemoryProofs, "consume", consume)


def _good_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryProofs, "consume", _nothing)


def _spent_and_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Proof, "is_live", lambda self, now: now < self.expires_at)

    async def consume(self: MemoryProofs, proof_id: ProofId, now: datetime) -> None:
        rows = await self._desk.write()
        rows.proofs.put(proof_id, replace(rows.proofs[proof_id], spent_at=now))

    monkeypatch.setattr(MemoryProofs, "consume", consume)


def _tries_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async def charge(*_: Any) -> bool:
        return True

    monkeypatch.setattr(MemoryProofs, "charge", charge)


# --- addresses ---


@fault("EmailMachine")
def a_letter_is_good_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    _live_for_ever(monkeypatch)


@fault("EmailMachine")
def a_letter_is_good_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    _spent_and_believed(monkeypatch)


@fault("EmailMachine")
def codes_may_be_guessed_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    _tries_without_end(monkeypatch)


@fault("EmailMachine")
def another_letter_brings_new_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Proof, "after", lambda self, _earlier, _now: self)


@fault("EmailMachine")
def one_end_of_a_change_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emails, "_is_enough", lambda *_: True)


@fault("EmailMachine")
def ends_of_two_changes_make_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def is_enough(user: Any, proof: Proof, other: Proof | None, now: datetime) -> bool:
        is_agreed = other is not None and other.spent_at is not None and now < other.expires_at
        is_new = proof.purpose is Purpose.CONFIRM_EMAIL_CHANGE
        return is_agreed or (is_new and user.email_verified_at is None)

    monkeypatch.setattr(emails, "_is_enough", is_enough)


@fault("EmailMachine")
def whoever_reads_the_mail_changes_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    class Owners:
        """Purposes, of which none needs the owner of the account."""

        VERIFY_EMAIL = Purpose.VERIFY_EMAIL
        RESET_PASSWORD = Purpose.RESET_PASSWORD
        CONFIRM_EMAIL_CHANGE = None

    monkeypatch.setattr(emails, "Purpose", Owners)


@fault("EmailMachine")
def an_account_in_wait_keeps_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    prove = ownership.prove_address

    async def prove_as_maker(*about: Any, **_: Any) -> Any:
        return await prove(*about, is_maker=True)

    monkeypatch.setattr(emails, "prove_address", prove_as_maker)


@fault("EmailMachine")
def a_change_leaves_letters_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryProofs, "remove", _nothing)


@fault("EmailMachine")
def a_change_leaves_other_sessions_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emails, "leave_address", _nothing)


@fault("EmailMachine")
def a_late_letter_changes_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    async def is_stale(*_: Any) -> bool:
        return False

    monkeypatch.setattr(composing, "_is_stale", is_stale)


@fault("EmailMachine")
def an_address_can_be_flooded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def allow(*_: Any, **__: Any) -> bool:
        return True

    monkeypatch.setattr(composing, "allow", allow)


@fault("EmailMachine")
def an_address_is_changed_long_after_the_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lock(uow: Any, actor: Any, _: datetime) -> Any:
        return await uow.users.lock(actor.user_id)

    monkeypatch.setattr(emails, "lock_fresh", lock)


# --- lost passwords ---


@fault("RecoveryMachine")
def networks_share_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composing, "_asker", lambda *_: None)


@fault("RecoveryMachine")
def a_code_is_good_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limen.core.messages.composing.network_digest", lambda _: b"n" * 32)
    monkeypatch.setattr("limen.core.proofs.checking.network_digest", lambda _: b"n" * 32)


@fault("RecoveryMachine")
def a_reset_is_good_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    _live_for_ever(monkeypatch)


@fault("RecoveryMachine")
def a_reset_link_lives_a_minute_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    longer = LIFETIMES[Purpose.RESET_PASSWORD] + timedelta(minutes=1)
    monkeypatch.setitem(LIFETIMES, Purpose.RESET_PASSWORD, longer)


@fault("RecoveryMachine")
def the_former_link_lives_on(monkeypatch: pytest.MonkeyPatch) -> None:
    put = MemoryProofs.put

    async def put_beside(self: MemoryProofs, proof: Proof) -> None:
        rows = await self._desk.write()
        before = dict(rows.proofs.items())
        await put(self, proof)
        for proof_id, former in before.items():
            rows.proofs.put(proof_id, former)

    monkeypatch.setattr(MemoryProofs, "put", put_beside)


@fault("RecoveryMachine")
def a_reset_leaves_sessions_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "end_everything", _nothing)


@fault("RecoveryMachine")
def a_reset_proves_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    async def prove_nothing(_uow: Any, user: Any, *_: Any, **__: Any) -> Any:
        return user

    monkeypatch.setattr(recovery, "prove_address", prove_nothing)


@fault("RecoveryMachine")
def whoever_is_shut_out_sets_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    async def spend_anyway(uow: Any, proof: Proof, now: datetime) -> Any:
        user = await uow.users.lock(proof.user_id)
        await uow.proofs.consume(proof.id, now)
        return user

    monkeypatch.setattr(recovery, "spend", spend_anyway)
    monkeypatch.setattr(MemoryProofs, "remove", _nothing)


@fault("RecoveryMachine")
def any_letter_sets_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    class Resets:
        """Every purpose is that of a reset."""

        RESET_PASSWORD = Purpose.VERIFY_EMAIL

    monkeypatch.setattr(recovery, "Purpose", Resets)


@fault("RecoveryMachine")
def a_password_that_must_go_lets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "limen.core.passwords.model.PasswordCredential.marked", lambda self, _now: self
    )


# --- links ---


@fault("LinkMachine")
def a_link_opens_in_every_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ProofMaker, "is_browser_of", lambda *_: True)


@fault("LinkMachine")
def a_link_lets_in_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    _good_twice(monkeypatch)


@fault("LinkMachine")
def a_link_lets_in_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    _live_for_ever(monkeypatch)


@fault("LinkMachine")
def a_code_is_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    _tries_without_end(monkeypatch)


@fault("LinkMachine")
def browsers_share_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    find_of = MemoryProofs.find_of
    put = MemoryProofs.put

    async def put_for_all(self: MemoryProofs, proof: Proof) -> None:
        await put(self, replace(proof, asker=None))

    async def find_for_all(
        self: MemoryProofs, user_id: UserId, purpose: Purpose, _browser: bytes | None = None
    ) -> Proof | None:
        return await find_of(self, user_id, purpose, None)

    monkeypatch.setattr(MemoryProofs, "put", put_for_all)
    monkeypatch.setattr(MemoryProofs, "find_of", find_for_all)


@fault("LinkMachine")
def whoever_is_shut_out_comes_in_by_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    async def spend_anyway(uow: Any, proof: Proof, now: datetime) -> Any:
        user = await uow.users.lock(proof.user_id)
        await uow.proofs.consume(proof.id, now)
        return user

    monkeypatch.setattr(links, "spend", spend_anyway)
    monkeypatch.setattr(Entrance, "let_in", _nothing)
    monkeypatch.setattr(MemoryProofs, "remove", _nothing)


@fault("LinkMachine")
def a_link_leaves_a_trap_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    prove = ownership.prove_address

    async def prove_as_maker(*about: Any, **_: Any) -> Any:
        return await prove(*about, is_maker=True)

    monkeypatch.setattr(links, "prove_address", prove_as_maker)
