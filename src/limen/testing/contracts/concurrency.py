"""What the store promises when many come at once. Runs on every adapter, the one in memory too."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from limen.core.api_keys.model import ApiKeyEnd
from limen.core.factors.model import RecoveryCode
from limen.core.sessions.model import EndReason
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from limen.testing.builders import (
    a_credential,
    a_device,
    a_family,
    a_grant,
    a_message,
    a_proof,
    a_recovery_code,
    a_role,
    a_session,
    a_signing_key,
    a_totp,
    a_user,
    an_account,
    an_attempt,
)
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.crowd import FEWER, MANY, adding, at_once, kinds, saving
from limen.testing.contracts.steps import assert_kept, change, keep, look
from limen.testing.fakes import NOON
from limen.testing.machine_builders import a_key
from limen.testing.passkeys import a_passkey

HOUR: Final = timedelta(hours=1)


class ConcurrencyContract(Contract):
    """Exactly one of many wins. Fixture: `unit_of_work`."""

    async def test_of_many_users_with_one_address_one_is_added(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        texts = [f"{'Ada' if n % 2 else 'ada'}@example.org" for n in range(MANY)]
        users = [a_user(email=text) for text in texts]
        outcomes = await at_once(unit_of_work, *(adding(user) for user in users))
        assert kinds(outcomes) == {"NoneType": 1, "EmailTaken": MANY - 1}
        await assert_kept(unit_of_work, users[outcomes.index(None)])
        assert len(await look(unit_of_work, lambda view: view.accounts.list())) == 1

    async def test_of_many_users_with_one_username_one_is_added(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        users = [a_user(username="Ada" if n % 2 else "ada") for n in range(MANY)]
        outcomes = await at_once(unit_of_work, *(adding(user) for user in users))
        assert kinds(outcomes) == {"NoneType": 1, "UsernameTaken": MANY - 1}
        await assert_kept(unit_of_work, users[outcomes.index(None)])

    async def test_of_many_users_who_take_one_address_one_gets_it(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        users = [a_user() for _ in range(FEWER)]
        await keep(unit_of_work, *users)
        wanted = a_user(email="wanted@example.org").email
        changed = [replace(user, email=wanted, version=2) for user in users]
        outcomes = await at_once(unit_of_work, *(saving(user) for user in changed))
        assert kinds(outcomes) == {"NoneType": 1, "EmailTaken": FEWER - 1}

    async def test_of_many_saves_of_one_version_one_is_kept(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user)
        changed = [replace(user, name=f"name {n}", version=2) for n in range(MANY)]
        outcomes = await at_once(unit_of_work, *(saving(user) for user in changed))
        assert kinds(outcomes) == {"NoneType": 1, "ConcurrentUpdate": MANY - 1}
        await assert_kept(unit_of_work, changed[outcomes.index(None)])

    async def test_of_many_saves_of_one_credential_one_is_kept(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user, a_credential(user.id))
        changed = [a_credential(user.id, digest=f"digest {n}", version=2) for n in range(MANY)]
        outcomes = await at_once(
            unit_of_work, *(lambda u, c=c: u.passwords.save(c) for c in changed)
        )
        assert kinds(outcomes) == {"NoneType": 1, "ConcurrentUpdate": MANY - 1}
        await assert_kept(unit_of_work, changed[outcomes.index(None)])

    async def test_of_many_saves_of_one_role_one_is_kept(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        role = a_role()
        await keep(unit_of_work, role)
        changed = [role.replaced(f"text {n}", role.permissions, NOON) for n in range(MANY)]
        outcomes = await at_once(unit_of_work, *(lambda u, r=r: u.roles.save(r) for r in changed))
        assert kinds(outcomes) == {"NoneType": 1, "ConcurrentUpdate": MANY - 1}
        await assert_kept(unit_of_work, changed[outcomes.index(None)])

    async def test_of_many_rotations_of_one_generation_one_gets_through(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        session = a_session(user.id)
        family = a_family(session.id)
        await keep(unit_of_work, user, session, family)
        successors = [
            replace(a_family(session.id, generation=2), digest=n.to_bytes(32, "little"))
            for n in range(MANY)
        ]
        outcomes = await at_once(
            unit_of_work, *(lambda u, f=f: u.families.rotate(f) for f in successors)
        )
        assert kinds(outcomes) == {"NoneType": 1, "ConcurrentUpdate": MANY - 1}
        await assert_kept(unit_of_work, successors[outcomes.index(None)])

    async def test_of_many_ends_each_ending_is_told_once(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        sessions = [a_session(user.id) for _ in range(10)]
        families = [a_family(session.id) for session in sessions]
        await keep(unit_of_work, user, *sessions, *families)

        def ending(number: int) -> Callable[[UnitOfWork], Awaitable[Any]]:
            only = sessions[number % 10].id if number % 3 == 0 else None
            keep_one = sessions[number % 10].id if number % 3 == 1 else None
            return lambda uow: uow.sessions.end(
                user.id, NOON, EndReason.REVOKED, only=only, keep=keep_one
            )

        outcomes = await at_once(unit_of_work, *(ending(number) for number in range(MANY)))
        assert set(kinds(outcomes)) == {"tuple"}
        told = sorted(session_id for outcome in outcomes for session_id in outcome)
        assert told == sorted(session.id for session in sessions)
        endings = await look(unit_of_work, lambda view: view.sessions.list_endings(NOON))
        assert sorted(ending.session_id for ending in endings) == told

    async def test_of_many_attempts_one_claims_the_scope(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        claims = [an_attempt(fingerprint=f"{n}".encode()) for n in range(MANY)]
        outcomes = await at_once(
            unit_of_work,
            *(lambda u, c=c: u.attempts.begin(c, abandoned_before=NOON) for c in claims),
        )
        assert kinds(outcomes) == {"NoneType": 1, "Attempt": MANY - 1}
        winner = claims[outcomes.index(None)]
        assert_same([found for found in outcomes if found is not None], [winner] * (MANY - 1))

    async def test_of_many_attempts_one_takes_an_expired_scope_over(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, an_attempt(expires_at=NOON, sealed=b"answer"))
        claims = [an_attempt(fingerprint=f"{n}".encode()) for n in range(MANY)]
        outcomes = await at_once(
            unit_of_work,
            *(lambda u, c=c: u.attempts.begin(c, abandoned_before=NOON) for c in claims),
        )
        assert kinds(outcomes) == {"NoneType": 1, "Attempt": MANY - 1}

    async def test_of_many_keys_with_one_id_one_is_added(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        keys = [a_signing_key("one", signs_from=NOON + timedelta(seconds=n)) for n in range(FEWER)]
        outcomes = await at_once(unit_of_work, *(lambda u, k=k: u.keys.add(k) for k in keys))
        assert kinds(outcomes) == {"NoneType": 1, "KeyTaken": FEWER - 1}

    async def test_of_many_first_credentials_one_is_added(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user)
        credentials = [a_credential(user.id, digest=f"digest {n}") for n in range(FEWER)]
        outcomes = await at_once(
            unit_of_work, *(lambda u, c=c: u.passwords.add(c) for c in credentials)
        )
        assert kinds(outcomes) == {"NoneType": 1, "ConcurrentUpdate": FEWER - 1}

    async def test_of_many_grants_of_one_role_one_is_left(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user)
        ends = [NOON + timedelta(seconds=n) for n in range(FEWER)]
        outcomes = await at_once(
            unit_of_work,
            *(lambda u, e=e: u.grants.put(a_grant(user.id, ends_at=e)) for e in ends),
        )
        assert kinds(outcomes) == {"NoneType": FEWER}
        assert len(await look(unit_of_work, lambda view: view.grants.list(user.id))) == 1

    async def test_of_many_imports_of_one_account_one_is_added(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        batches = [
            [an_account(a_user(email=f"user{n}@import.example")) for n in order]
            for order in (range(10), range(9, -1, -1)) * 5
        ]
        outcomes = await at_once(unit_of_work, *(lambda u, b=b: u.accounts.add(b) for b in batches))
        counted = Counter(str(one) for outcome in outcomes for one in outcome)
        assert counted == {"added": 10, "email_taken": 90}
        assert len(await look(unit_of_work, lambda view: view.accounts.list())) == 10

    async def test_of_many_who_rotate_or_revoke_one_key_one_wins(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user, key := a_key(user.id))
        successors = [a_key(user.id) for _ in range(MANY)]
        changed = [
            key.ended(NOON, ApiKeyEnd.REVOKED) if n % 2 else key.rotated(successor, HOUR, NOON)
            for n, successor in enumerate(successors)
        ]

        async def replace_key(uow: UnitOfWork, number: int) -> None:
            await uow.api_keys.add(successors[number])
            await uow.api_keys.save(changed[number])

        outcomes = await at_once(
            unit_of_work, *(lambda uow, n=n: replace_key(uow, n) for n in range(MANY))
        )
        assert kinds(outcomes) == {"NoneType": 1, "ConcurrentUpdate": MANY - 1}
        winner = outcomes.index(None)
        await assert_kept(unit_of_work, changed[winner], successors[winner])
        kept = await look(unit_of_work, lambda view: view.api_keys.list(user.id, limit=MANY))
        assert {one.id for one in kept} == {key.id, successors[winner].id}

    async def test_of_many_new_proofs_for_one_purpose_one_is_left(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user)
        proofs = [a_proof(user.id, tries=n) for n in range(MANY)]
        outcomes = await at_once(unit_of_work, *(lambda u, p=p: u.proofs.put(p) for p in proofs))
        assert kinds(outcomes) == {"NoneType": MANY}
        async with unit_of_work.view() as view:
            found = [await view.proofs.find(proof.id) for proof in proofs]
        assert len([proof for proof in found if proof is not None]) == 1

    async def test_of_many_who_note_one_device_one_is_told_that_it_is_new(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, user := a_user())
        device = a_device(user.id)
        outcomes = await at_once(unit_of_work, *[lambda uow: uow.devices.note(device)] * MANY)
        assert Counter(outcomes) == {True: 1, False: MANY - 1}
        await assert_kept(unit_of_work, device)

    async def test_of_many_who_enrol_one_authenticator_one_gets_it(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        users = [a_user() for _ in range(FEWER)]
        await keep(unit_of_work, *users)
        passkeys = [a_passkey(user.id, credential_id=b"one for all") for user in users]
        outcomes = await at_once(
            unit_of_work, *(lambda u, p=p: u.passkeys.add(p) for p in passkeys)
        )
        assert kinds(outcomes) == {"NoneType": 1, "PasskeyTaken": FEWER - 1}
        await assert_kept(unit_of_work, passkeys[outcomes.index(None)])

    async def test_of_many_who_confirm_one_secret_one_wins(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        former = a_totp(user.id, confirmed_at=NOON, last_step=6)
        await keep(unit_of_work, user, former, totp := a_totp(user.id))
        outcomes = await at_once(
            unit_of_work, *[lambda uow: uow.totps.confirm(totp.id, 7, NOON)] * MANY
        )
        assert kinds(outcomes) == {"NoneType": 1, "FactorInvalid": MANY - 1}
        await assert_kept(unit_of_work, totp.confirmed(7, NOON))

    async def test_of_many_new_secrets_one_waits(self, unit_of_work: UnitOfWorkFactory) -> None:
        user = a_user()
        await keep(unit_of_work, user)
        totps = [a_totp(user.id, sealed=b"%d" % n) for n in range(MANY)]
        outcomes = await at_once(unit_of_work, *(lambda u, t=t: u.totps.put(t) for t in totps))
        assert kinds(outcomes) == {"NoneType": MANY}
        assert await look(unit_of_work, lambda view: view.totps.find_waiting(user.id)) in totps

    async def test_of_many_who_replace_the_recovery_codes_the_codes_of_one_are_left(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user)
        sets = [[a_recovery_code(user.id) for _ in range(3)] for _ in range(MANY)]

        async def replace_codes(uow: UnitOfWork, codes: list[RecoveryCode]) -> None:
            await uow.users.lock(user.id)
            await uow.recovery_codes.replace(user.id, codes)

        outcomes = await at_once(
            unit_of_work, *(lambda u, c=codes: replace_codes(u, c) for codes in sets)
        )
        assert kinds(outcomes) == {"NoneType": MANY}
        left = await look(unit_of_work, lambda view: view.recovery_codes.list(user.id))
        assert set(left) in [set(codes) for codes in sets]

    async def test_of_many_workers_each_message_is_claimed_by_one(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        messages = [a_message() for _ in range(40)]
        await keep(unit_of_work, *messages)
        until = NOON + timedelta(minutes=1)
        outcomes = await at_once(
            unit_of_work, *[lambda uow: uow.messages.claim(NOON, until, 3)] * MANY
        )
        left = await change(unit_of_work, lambda uow: uow.messages.claim(NOON, until, 100))
        claimed = Counter(message.id for outcome in (*outcomes, left) for message in outcome)
        assert claimed == {message.id: 1 for message in messages}
