"""What `limen.ports.proofs.Proofs` promises; many coming at once: `concurrency`, `one_time`."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import pytest

from limen.core.errors import ProofInvalid, UserNotFound
from limen.core.ids import ProofId
from limen.core.proofs.model import Proof, Purpose
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_proof, a_user, a_user_id
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import assert_kept, change, keep, look
from limen.testing.fakes import NOON

INSTANT: Final = timedelta(microseconds=1)
END: Final = NOON + timedelta(hours=1)
HERE, THERE, NOWHERE = (bytes([place]) * 32 for place in range(3))


async def _kept(unit_of_work: UnitOfWorkFactory, purpose: Purpose = Purpose.SIGN_IN) -> Proof:
    user = a_user()
    proof = a_proof(user.id, purpose, expires_at=END)
    await keep(unit_of_work, user, proof)
    return proof


async def _find(unit_of_work: UnitOfWorkFactory, proof_id: ProofId) -> Proof | None:
    return await look(unit_of_work, lambda view: view.proofs.find(proof_id))


async def _consume(unit_of_work: UnitOfWorkFactory, proof: Proof, now: datetime) -> None:
    await change(unit_of_work, lambda uow: uow.proofs.consume(proof.id, now))


class ProofsContract(Contract):
    """One-time links and codes. Fixture: `unit_of_work`."""

    # --- put, find, find_of ---

    async def test_find_returns_a_proof_as_it_was_put(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        full = a_proof(
            user.id,
            email="zoë@xn--bcher-kva.example",
            new_email="Zoë@bücher.example",
            asker=b"\x00\xff" * 16,
            tries=3,
            spent_at=NOON + INSTANT,
        )
        await keep(unit_of_work, user, full, bare := a_proof(user.id, Purpose.SIGN_IN))
        await assert_kept(unit_of_work, full, bare)

    async def test_find_returns_none_for_an_unknown_proof(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        proof = await _kept(unit_of_work)
        other = a_proof(proof.user_id)
        assert await _find(unit_of_work, other.id) is None
        async with unit_of_work.view() as view:
            assert await view.proofs.find_of(proof.user_id, Purpose.VERIFY_EMAIL) is None
            assert await view.proofs.find_of(a_user_id(), Purpose.SIGN_IN) is None

    async def test_find_of_returns_the_proof_that_is_bound_to_this_browser_or_none(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        digests = (None, HERE, THERE)
        proofs = {each: a_proof(user.id, asker=each) for each in digests}
        await keep(unit_of_work, user, *proofs.values())
        purpose = Purpose.VERIFY_EMAIL
        async with unit_of_work.view() as view:
            for digest, proof in proofs.items():
                assert_same(await view.proofs.find_of(user.id, purpose, digest), proof)
            assert await view.proofs.find_of(user.id, purpose, NOWHERE) is None
            assert await view.proofs.find_of(user.id, Purpose.SIGN_IN, HERE) is None

    async def test_put_leaves_the_proofs_of_other_browsers_alone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        earlier, later = (a_proof(user.id, asker=HERE) for _ in range(2))
        others = [a_proof(user.id), a_proof(user.id, asker=THERE)]
        await keep(unit_of_work, user, *others, earlier, later)
        await assert_kept(unit_of_work, *others, later)
        assert await _find(unit_of_work, earlier.id) is None

    @pytest.mark.parametrize("purpose", Purpose)
    async def test_find_of_returns_the_proof_of_this_user_for_this_purpose(
        self, unit_of_work: UnitOfWorkFactory, purpose: Purpose
    ) -> None:
        user, other = a_user(), a_user()
        proofs = [a_proof(owner.id, each) for owner in (user, other) for each in Purpose]
        await keep(unit_of_work, user, other, *proofs)
        found = await look(unit_of_work, lambda view: view.proofs.find_of(user.id, purpose))
        assert_same(found, next(p for p in proofs if p.purpose is purpose))

    async def test_put_replaces_the_earlier_proof_for_this_purpose_and_no_other(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        earlier = await _kept(unit_of_work)
        other = a_proof(earlier.user_id, Purpose.RESET_PASSWORD)
        later = a_proof(earlier.user_id, Purpose.SIGN_IN, tries=2, expires_at=END + INSTANT)
        await keep(unit_of_work, other, later)
        await assert_kept(unit_of_work, other, later)
        assert await _find(unit_of_work, earlier.id) is None
        found = await look(
            unit_of_work, lambda v: v.proofs.find_of(earlier.user_id, Purpose.SIGN_IN)
        )
        assert_same(found, later)
        with pytest.raises(ProofInvalid):
            await _consume(unit_of_work, earlier, NOON)

    async def test_put_raises_user_not_found_for_somebody_who_is_gone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        with pytest.raises(UserNotFound):
            await keep(unit_of_work, a_proof(a_user_id()))

    # --- charge ---

    async def test_charge_counts_one_try_and_tells_that_there_were_fewer_than_most(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        proof, theirs = await _kept(unit_of_work), await _kept(unit_of_work)
        await keep(unit_of_work, other := a_proof(proof.user_id))
        told = [
            await change(unit_of_work, lambda uow: uow.proofs.charge(proof.id, 2)) for _ in range(3)
        ]
        assert told == [True, True, False]
        await assert_kept(unit_of_work, replace(proof, tries=2), other, theirs)

    async def test_charge_lets_nobody_through_who_has_tried_more_often_already(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user, proof := a_proof(user.id, tries=3))
        assert await change(unit_of_work, lambda uow: uow.proofs.charge(proof.id, 2)) is False
        await assert_kept(unit_of_work, proof)

    async def test_charge_of_an_unknown_proof_finds_no_try_left(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        unknown = a_proof(a_user_id())
        assert not await change(unit_of_work, lambda uow: uow.proofs.charge(unknown.id, 5))

    # --- consume ---

    async def test_consume_spends_a_proof(self, unit_of_work: UnitOfWorkFactory) -> None:
        proof = await _kept(unit_of_work)
        other = a_proof(proof.user_id, Purpose.RESET_PASSWORD)
        await keep(unit_of_work, other)
        await _consume(unit_of_work, proof, END - INSTANT)
        await assert_kept(unit_of_work, replace(proof, spent_at=END - INSTANT), other)

    async def test_consume_raises_proof_invalid_the_second_time(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        proof = await _kept(unit_of_work)
        await _consume(unit_of_work, proof, NOON)
        with pytest.raises(ProofInvalid):
            await _consume(unit_of_work, proof, NOON + INSTANT)
        await assert_kept(unit_of_work, replace(proof, spent_at=NOON))

    async def test_consume_raises_proof_invalid_from_its_end_on(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        proof = await _kept(unit_of_work)
        with pytest.raises(ProofInvalid):
            await _consume(unit_of_work, proof, END)
        await assert_kept(unit_of_work, proof)

    async def test_consume_raises_proof_invalid_for_an_unknown_proof(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        with pytest.raises(ProofInvalid):
            await _consume(unit_of_work, a_proof(a_user_id()), NOON)

    # --- remove, purge ---

    async def test_remove_removes_all_proofs_of_a_user_and_of_no_other(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        proofs = [a_proof(user.id, purpose) for purpose in Purpose]
        proofs.append(a_proof(user.id, asker=HERE))
        other = await _kept(unit_of_work)
        await keep(unit_of_work, user, *proofs)
        await change(unit_of_work, lambda uow: uow.proofs.remove(user.id))
        assert [await _find(unit_of_work, proof.id) for proof in proofs] == [None] * len(proofs)
        await assert_kept(unit_of_work, other)

    async def test_remove_does_nothing_for_somebody_without_proofs(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        proof, user = await _kept(unit_of_work), a_user()
        await keep(unit_of_work, user)
        await change(unit_of_work, lambda uow: uow.proofs.remove(user.id))
        await assert_kept(unit_of_work, proof)

    async def test_proofs_go_with_their_user(self, unit_of_work: UnitOfWorkFactory) -> None:
        proof = await _kept(unit_of_work)
        await change(unit_of_work, lambda uow: uow.users.remove(proof.user_id))
        assert await _find(unit_of_work, proof.id) is None

    async def test_purge_removes_what_was_over_before(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        over = a_proof(user.id, Purpose.SIGN_IN, expires_at=END - INSTANT)
        spent = a_proof(user.id, Purpose.RESET_PASSWORD, expires_at=END, spent_at=NOON)
        live = a_proof(user.id, Purpose.VERIFY_EMAIL, expires_at=END + INSTANT)
        await keep(unit_of_work, user, over, spent, live)
        assert await change(unit_of_work, lambda uow: uow.proofs.purge(END, 100)) == 1
        async with unit_of_work.view() as view:
            assert await view.proofs.find(over.id) is None
            assert await view.proofs.find_of(user.id, Purpose.SIGN_IN) is None
        await assert_kept(unit_of_work, spent, live)

    async def test_purge_removes_at_most_limit_and_tells_how_many(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user, *(a_proof(user.id, purpose) for purpose in Purpose))
        after = END + INSTANT
        removed = [
            await change(unit_of_work, lambda uow: uow.proofs.purge(after, 2)) for _ in range(4)
        ]
        assert removed == [2, 2, 1, 0]
