"""What is good once, or for so many tries, when many come at once; every adapter, memory too."""

from collections import Counter
from dataclasses import replace

from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import (
    a_partial_session,
    a_proof,
    a_recovery_code,
    a_remembered,
    a_totp,
    a_user,
)
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.crowd import MANY, at_once, kinds
from limen.testing.contracts.steps import assert_kept, keep, look
from limen.testing.fakes import NOON
from limen.testing.machine_builders import a_reset_request
from limen.testing.passkeys import a_ceremony, a_passkey


class OneTimeContract(Contract):
    """Of many who use one thing, one wins. Fixture: `unit_of_work`."""

    async def test_of_many_who_use_one_proof_one_wins(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user, proof := a_proof(user.id))
        outcomes = await at_once(
            unit_of_work, *[lambda uow: uow.proofs.consume(proof.id, NOON)] * MANY
        )
        assert kinds(outcomes) == {"NoneType": 1, "ProofInvalid": MANY - 1}

    async def test_of_many_tries_at_one_proof_as_many_get_through_as_are_left(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user, proof := a_proof(user.id, tries=2))
        outcomes = await at_once(unit_of_work, *[lambda uow: uow.proofs.charge(proof.id, 5)] * MANY)
        assert Counter(outcomes) == {True: 3, False: MANY - 3}
        await assert_kept(unit_of_work, replace(proof, tries=5))

    async def test_of_many_codes_for_one_partial_session_as_many_get_through_as_tries_are_left(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user, partial := a_partial_session(user.id, tries=2))
        charging = [lambda uow: uow.partial_sessions.charge(partial.id, 5)] * MANY
        outcomes = await at_once(unit_of_work, *charging)
        assert Counter(outcomes) == {True: 3, False: MANY - 3}
        await assert_kept(unit_of_work, replace(partial, tries=5))

    async def test_of_many_who_finish_one_sign_in_one_wins(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user, partial := a_partial_session(user.id))
        outcomes = await at_once(
            unit_of_work, *[lambda uow: uow.partial_sessions.consume(partial.id, NOON)] * MANY
        )
        assert kinds(outcomes) == {"NoneType": 1, "PartialSessionInvalid": MANY - 1}

    async def test_of_many_who_use_one_remembered_browser_one_gets_through(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, user := a_user(), remembered := a_remembered(user.id))
        renewed = [remembered.renewed(bytes([n]), remembered.session_id, NOON) for n in range(MANY)]
        outcomes = await at_once(
            unit_of_work, *(lambda u, one=one: u.remembered.renew(one) for one in renewed)
        )
        assert kinds(outcomes) == {"NoneType": 1, "ConcurrentUpdate": MANY - 1}
        await assert_kept(unit_of_work, renewed[outcomes.index(None)])

    async def test_of_many_who_answer_one_ceremony_one_wins(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        ceremony = a_ceremony()
        await keep(unit_of_work, ceremony)
        outcomes = await at_once(
            unit_of_work,
            *[lambda uow: uow.ceremonies.consume(ceremony.digest, ceremony.purpose, NOON)] * MANY,
        )
        assert kinds(outcomes) == {"Ceremony": 1, "CeremonyOver": MANY - 1}

    async def test_of_many_uses_with_one_counter_one_gets_through(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user, passkey := a_passkey(user.id, sign_count=7))
        used = passkey.used(8, NOON, is_backed_up=False)
        outcomes = await at_once(unit_of_work, *[lambda uow: uow.passkeys.use(used)] * MANY)
        assert Counter(outcomes) == {True: 1, False: MANY - 1}
        await assert_kept(unit_of_work, used)

    async def test_of_many_who_use_one_time_step_one_wins(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        totp = a_totp(user.id, confirmed_at=NOON, last_step=6)
        await keep(unit_of_work, user, totp)
        outcomes = await at_once(unit_of_work, *[lambda uow: uow.totps.use(totp.id, 7)] * MANY)
        assert kinds(outcomes) == {"NoneType": 1, "FactorInvalid": MANY - 1}
        await assert_kept(unit_of_work, replace(totp, last_step=7))

    async def test_of_many_who_use_one_recovery_code_one_wins(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        code, other = a_recovery_code(user.id), a_recovery_code(user.id)
        await keep(unit_of_work, user, code, other)
        outcomes = await at_once(
            unit_of_work, *[lambda uow: uow.recovery_codes.consume(user.id, code.digest)] * MANY
        )
        assert kinds(outcomes) == {"NoneType": 1, "FactorInvalid": MANY - 1}
        left = await look(unit_of_work, lambda view: view.recovery_codes.list(user.id))
        assert_same(left, (other,))

    async def test_of_many_who_approve_one_reset_one_wins(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user, request := a_reset_request(user.id))
        outcomes = await at_once(
            unit_of_work, *[lambda uow: uow.factor_resets.consume(request, NOON)] * MANY
        )
        assert kinds(outcomes) == {"NoneType": 1, "FactorResetNotFound": MANY - 1}
