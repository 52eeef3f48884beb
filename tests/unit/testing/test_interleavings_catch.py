"""The interleavings can fail: what one after the other is right, side by side is not."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from limen.adapters.memory.api_keys import MemoryApiKeys
from limen.adapters.memory.factor_resets import MemoryFactorResets
from limen.adapters.memory.factors import MemoryTotps
from limen.adapters.memory.families import MemoryFamilies
from limen.adapters.memory.partial_sessions import MemoryPartialSessions
from limen.adapters.memory.proofs import MemoryProofs
from limen.adapters.memory.sessions import MemorySessions
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.core.actor import Actor
from limen.core.api_keys.model import ApiKey
from limen.core.events import RefreshTokenRotated
from limen.core.factors.model import ResetRequest
from limen.core.ids import PartialSessionId, ProofId, TotpId
from limen.core.passwords.proving import PasswordProver
from limen.core.sessions.model import Session
from limen.core.signin.service import SignInService
from limen.core.tokens.family import RefreshFamily
from limen.core.tokens.service import TokenService
from limen.core.users.model import User
from limen.ports.families import Standing
from limen.ports.unit_of_work import UnitOfWork
from limen.testing.interleavings import row_locking, row_needs
from limen.testing.interleavings.__main__ import STORES, key
from limen.testing.interleavings.catalogue import SCENARIOS
from limen.testing.interleavings.exploration import Bound, Violation, explore, replay
from tests.unit.testing.faults import Fault, fault

ONE_AFTER_THE_OTHER = Bound(orders=100, preemptions=0, lots=0)
SIDE_BY_SIDE = Bound(orders=2_000, preemptions=2, lots=0)


# --- stores that decide on what was, not on what is ----------------------------------------------


@fault("memory: two-refreshes-with-one-token")
def every_rotation_gets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    async def rotate(self: MemoryFamilies, family: RefreshFamily) -> None:
        (await self._desk.write()).families.put(family.session_id, family)

    monkeypatch.setattr(MemoryFamilies, "rotate", rotate)


@fault("memory: a-refresh-and-a-revocation")
def a_rotation_revives_its_family(monkeypatch: pytest.MonkeyPatch) -> None:
    async def rotate(self: MemoryFamilies, family: RefreshFamily) -> None:
        rows = await self._desk.write()
        if rows.families[family.session_id].generation == family.generation - 1:
            rows.families.put(family.session_id, family)

    monkeypatch.setattr(MemoryFamilies, "rotate", rotate)


def _store_use_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(self: MemorySessions, session: Session) -> None:
        (await self._desk.write()).sessions.put(session.id, session)

    async def rotate(self: MemoryFamilies, family: RefreshFamily) -> None:
        rows = await self._desk.write()
        rows.families.put(family.session_id, replace(family, ended_at=None))

    monkeypatch.setattr(MemorySessions, "use", use)
    monkeypatch.setattr(MemoryFamilies, "rotate", rotate)


@fault("memory: a-refresh-and-a-suspension")
def a_used_session_lives_again(monkeypatch: pytest.MonkeyPatch) -> None:
    _store_use_whole(monkeypatch)


@fault("row-locking: a-refresh-and-a-password-change-elsewhere")
def a_used_session_lives_again_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    _store_use_whole(monkeypatch)


@fault("memory: two-registrations-of-one-address")
def nobody_minds_a_second_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limen.adapters.memory.users._refuse_taken", lambda *_, **__: None)


@fault("memory: two-refreshes-with-one-token")
def a_refusal_keeps_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = MemoryUnitOfWorkFactory._unit_of_work

    class Leaky:
        """A unit of work that gives the lock back only when all went well."""

        def __init__(self, factory: MemoryUnitOfWorkFactory) -> None:
            self._inner = opened(factory)
            self._lock = factory._store.lock

        async def __aenter__(self) -> UnitOfWork:
            return await self._inner.__aenter__()

        async def __aexit__(self, kind: type[BaseException] | None, *rest: object) -> None:
            await self._inner.__aexit__(None, None, None)
            if kind is not None:
                await self._lock.acquire()

    def open_leaky(factory: MemoryUnitOfWorkFactory) -> Leaky:
        return Leaky(factory)

    monkeypatch.setattr(MemoryUnitOfWorkFactory, "_unit_of_work", open_leaky)


# --- services that do not look again -------------------------------------------------------------


def _admit_blindly(monkeypatch: pytest.MonkeyPatch) -> None:
    async def admit(_self: SignInService, uow: UnitOfWork, user_id: Any, *_: object) -> User:
        return await uow.users.lock(user_id)

    monkeypatch.setattr(SignInService, "_admit", admit)


@fault("memory: a-password-change-and-a-sign-in")
def a_sign_in_believes_a_password_that_was(monkeypatch: pytest.MonkeyPatch) -> None:
    _admit_blindly(monkeypatch)


@fault("row-locking: a-sign-in-and-a-suspension")
def a_sign_in_believes_a_status_that_was(monkeypatch: pytest.MonkeyPatch) -> None:
    _admit_blindly(monkeypatch)


@fault("memory: two-changes-of-one-password")
def a_change_believes_a_password_that_was(monkeypatch: pytest.MonkeyPatch) -> None:
    prove = PasswordProver.prove

    async def prove_anew(self: PasswordProver, user_id: Any, password: Any, *, actor: Any) -> Any:
        """Return whatever the digest is by the time of the change."""
        await prove(self, user_id, password, actor=actor)
        return Anything()

    class Anything:
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, _: object) -> bool:
            return True

        def __ne__(self, _: object) -> bool:
            return False

    monkeypatch.setattr(PasswordProver, "prove", prove_anew)


@fault("row-locking: a-refresh-and-a-revocation")
def a_refresh_takes_the_family_before_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    async def store(
        self: TokenService, standing: Standing, family: RefreshFamily, actor: Actor
    ) -> Session:
        session = standing.session.used(family.rotated_at, self._policy.sessions)
        async with self._unit_of_work() as uow:
            await uow.families.rotate(family)
            await uow.sessions.use(session)
            rotated = RefreshTokenRotated(
                at=family.rotated_at,
                actor=actor,
                user_id=session.user_id,
                session_id=session.id,
                generation=family.generation,
            )
            uow.emit(rotated)
            await uow.commit()
        return session

    monkeypatch.setattr(TokenService, "_store", store)


# --- locks that are forgotten: only a store with units of work side by side shows it --------------


def _forget(monkeypatch: pytest.MonkeyPatch, repository: str, method: str) -> None:
    needs = {**row_needs.NEEDS[repository], method: row_locking._no_needs}
    monkeypatch.setitem(row_needs.NEEDS, repository, needs)


@fault("row-locking: two-administrators-who-demote-each-other")
def administrators_do_not_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    _forget(monkeypatch, "roles", "lock_administrators")


@fault("row-locking: a-sign-in-and-a-suspension")
def nobody_waits_for_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    _forget(monkeypatch, "users", "lock")


@fault("row-locking: two-registrations-of-one-address")
def nobody_waits_for_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    _forget(monkeypatch, "users", "add")


@fault("row-locking: a-grant-and-the-removal-of-its-role")
def a_grant_does_not_hold_on_to_its_role(monkeypatch: pytest.MonkeyPatch) -> None:
    _forget(monkeypatch, "grants", "put")


@fault("row-locking: two-refreshes-with-one-token")
def nobody_waits_for_a_family(monkeypatch: pytest.MonkeyPatch) -> None:
    _forget(monkeypatch, "families", "rotate")
    # The session is locked before its family whenever its use is stored too.
    _forget(monkeypatch, "sessions", "use")


@fault("row-locking: two-proofs-by-one-recovery-code")
def nobody_waits_for_a_recovery_code(monkeypatch: pytest.MonkeyPatch) -> None:
    _forget(monkeypatch, "recovery_codes", "consume")


@fault("row-locking: two-proofs-by-one-code")
def a_step_is_used_by_whoever_saw_it_free(monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(self: MemoryTotps, totp_id: TotpId, step: int) -> None:
        rows = await self._desk.write()
        for totp in list(rows.totps.values()):
            if totp.id == totp_id:
                rows.totps.put(totp.user_id, replace(totp, last_step=step))

    monkeypatch.setattr(MemoryTotps, "use", use)


# --- proofs, levels and keys that are believed by whoever saw them good ---------------------------


@fault("memory: two-proofs-of-one-address")
def a_letter_is_good_for_both_who_opened_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def consume(self: MemoryProofs, proof_id: ProofId, now: datetime) -> None:
        rows = await self._desk.write()
        found = rows.proofs.get(proof_id)
        if found is not None:
            rows.proofs.put(proof_id, replace(found, spent_at=now))

    monkeypatch.setattr(MemoryProofs, "consume", consume)


@fault("row-locking: both-ends-of-one-change")
def each_end_of_a_change_waits_for_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    _forget(monkeypatch, "users", "lock")


@fault("row-locking: a-reset-and-a-sign-in")
def a_sign_in_overtakes_a_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    _forget(monkeypatch, "users", "lock")


@fault("memory: two-ends-of-one-sign-in")
def a_sign_in_that_waits_becomes_two(monkeypatch: pytest.MonkeyPatch) -> None:
    async def consume(
        self: MemoryPartialSessions, partial_id: PartialSessionId, _now: datetime
    ) -> None:
        (await self._desk.write()).partial_sessions.pop(partial_id)

    monkeypatch.setattr(MemoryPartialSessions, "consume", consume)


@fault("row-locking: a-step-up-and-a-sign-out")
def a_session_rises_from_the_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    async def prove(self: MemorySessions, session: Session) -> bool:
        (await self._desk.write()).sessions.put(session.id, session)
        return True

    async def rotate(self: MemoryFamilies, family: RefreshFamily) -> None:
        (await self._desk.write()).families.put(family.session_id, family)

    monkeypatch.setattr(MemorySessions, "prove", prove)
    monkeypatch.setattr(MemoryFamilies, "rotate", rotate)


@fault("row-locking: a-rotation-and-a-revocation")
def a_rotation_revives_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    async def save(self: MemoryApiKeys, key: ApiKey) -> None:
        (await self._desk.write()).api_keys.put(key.id, key)

    monkeypatch.setattr(MemoryApiKeys, "save", save)


# --- resets of factors that others decide on at the same time -------------------------------------


@fault("row-locking: two-approvals-of-one-reset")
def two_approvals_count(monkeypatch: pytest.MonkeyPatch) -> None:
    async def consume(self: MemoryFactorResets, request: ResetRequest, _now: datetime) -> None:
        rows = await self._desk.write()
        if request.user_id in rows.factor_resets:
            rows.factor_resets.pop(request.user_id)

    _forget(monkeypatch, "users", "lock")
    monkeypatch.setattr(MemoryFactorResets, "consume", consume)


@fault("row-locking: an-approval-and-a-withdrawal")
def what_was_taken_back_is_approved(monkeypatch: pytest.MonkeyPatch) -> None:
    two_approvals_count.tell(monkeypatch)


@fault("row-locking: an-approval-and-the-removal-of-the-app")
def an_approval_does_not_wait_for_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    _forget(monkeypatch, "users", "lock")


@fault("row-locking: an-approval-and-another-password")
def another_password_does_not_wait_for_the_approval(monkeypatch: pytest.MonkeyPatch) -> None:
    _forget(monkeypatch, "users", "lock")


@fault("row-locking: two-requests-for-one-reset")
def who_asks_does_not_wait_for_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    _forget(monkeypatch, "users", "lock")


@fault("row-locking: a-recovery-and-the-removal-of-a-passkey")
def who_acts_in_a_session_does_not_wait_for_the_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    _forget(monkeypatch, "users", "lock")


FAULTS = [value for value in list(globals().values()) if isinstance(value, Fault)]
BY_KEY = {key(scenario): scenario for scenario in SCENARIOS}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_only_an_interleaving_shows_the_fault(
    fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _, name = fault.caught_by.partition(": ")
    scenario, open_store = BY_KEY[name], STORES[store]
    fault.tell(monkeypatch)
    explore(scenario, open_store, ONE_AFTER_THE_OTHER)
    with pytest.raises(Violation) as violation:
        explore(scenario, open_store, SIDE_BY_SIDE)
    # What was found is found again, from the schedule alone.
    again = replay(scenario, open_store, violation.value.schedule)
    assert again.failure is not None
    assert again.broken in str(violation.value)
