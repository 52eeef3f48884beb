"""The repositories in memory: what they say of people, passwords and whole accounts."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import pytest

from limen.adapters.memory import users
from limen.adapters.memory.accounts import MemoryAccounts
from limen.adapters.memory.passwords import MemoryPasswords
from limen.adapters.memory.sessions import MemorySessions
from limen.adapters.memory.store import Rows
from limen.adapters.memory.users import MemoryUsers
from limen.core.errors import ConcurrentUpdate, EmailTaken, UsernameTaken, UserNotFound
from limen.core.ids import SessionId, UserId
from limen.core.imports.model import ImportOutcome
from limen.core.passwords.model import PasswordCredential
from limen.core.secret import Secret
from limen.core.sessions.model import Session
from limen.core.users.model import Email, User, Username
from limen.ports.accounts import Account
from limen.testing.builders import a_session, a_user
from tests.integration.faults.fault import faults_of
from tests.integration.faults.memory_losses import lose

fault = faults_of("memory")

# --- users ---------------------------------------------------------------------------------------


@fault("TestUsers::test_get_raises_user_not_found")
def who_is_unknown_is_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def get(self: MemoryUsers, user_id: UserId) -> User:
        return (await self._desk.read()).users.get(user_id) or a_user()

    monkeypatch.setattr(MemoryUsers, "get", get)


@fault("TestUsers::test_lock_raises_user_not_found")
def who_is_unknown_is_made_up_for_a_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lock(self: MemoryUsers, user_id: UserId) -> User:
        return (await self._desk.write()).users.get(user_id) or a_user()

    monkeypatch.setattr(MemoryUsers, "lock", lock)


@fault("TestUsers::test_lock_returns_the_user")
def a_lock_returns_half_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = MemoryUsers.lock

    async def lock_half(self: MemoryUsers, user_id: UserId) -> User:
        return replace(await lock(self, user_id), attributes={})

    monkeypatch.setattr(MemoryUsers, "lock", lock_half)


@fault("TestUsers::test_find_returns_the_user_by_address_in_any_case")
def addresses_are_found_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    async def find(self: MemoryUsers, identifier: Email | Username) -> User | None:
        rows, wanted = await self._desk.read(), str(identifier)
        return next((u for u in rows.users.values() if u.email.address == wanted), None)

    monkeypatch.setattr(MemoryUsers, "find", find)


@fault("TestUsers::test_a_name_taken_in_the_same_unit_of_work_is_taken")
def what_the_same_change_took_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse_committed(rows: Rows, user: User, owners: set[UserId | None]) -> None:
        if rows.emails._rows.get(user.email.key) not in owners:
            raise EmailTaken

    monkeypatch.setattr(users, "_refuse_taken", refuse_committed)


@fault("TestUsers::test_any_number_of_users_have_no_username")
def no_username_is_a_name_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse_a_second(rows: Rows, user: User, owners: set[UserId | None]) -> None:
        for other in rows.users.values():
            if other.username == user.username and other.id not in owners:
                raise UsernameTaken

    monkeypatch.setattr(users, "_refuse_taken", refuse_a_second)


@fault("TestUsers::test_a_refused_add_leaves_nothing_behind")
def who_is_refused_is_there_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse = users._refuse_taken

    def put_and_refuse(rows: Rows, user: User, owners: set[UserId | None]) -> None:
        rows.users._rows[user.id] = user
        refuse(rows, user, owners)

    monkeypatch.setattr(users, "_refuse_taken", put_and_refuse)


@fault("TestUsers::test_save_stores_every_changed_field")
def a_save_loses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemoryUsers, "save", name="")


@fault("TestUsers::test_save_raises_concurrent_update_for_a_user_who_is_gone")
def a_save_brings_back_who_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def save(self: MemoryUsers, user: User) -> None:
        users._put(await self._desk.write(), user)

    monkeypatch.setattr(MemoryUsers, "save", save)


@fault("TestUsers::test_save_raises_email_taken_or_username_taken")
def a_save_takes_any_name(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse = users._refuse_taken

    def refuse_new_ones(rows: Rows, user: User, owners: set[UserId | None]) -> None:
        if owners == {None}:
            refuse(rows, user, owners)

    monkeypatch.setattr(users, "_refuse_taken", refuse_new_ones)


@fault("TestUsers::test_a_user_may_write_their_own_names_otherwise")
def ones_own_names_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse = users._refuse_taken

    def refuse_everybody(rows: Rows, user: User, owners: set[UserId | None]) -> None:
        assert None in owners
        refuse(rows, user, {None})

    monkeypatch.setattr(users, "_refuse_taken", refuse_everybody)


@fault("TestUsers::test_names_that_were_given_up_are_free")
def names_that_were_given_up_stay_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "_take_out_of_indexes", lambda _rows, _user: None)


@fault("TestUsers::test_sign_in_stores_the_instant_alone")
def a_sign_in_stores_the_whole_user(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sign_in(self: MemoryUsers, user: User) -> None:
        (await self._desk.write()).users.put(user.id, user)

    monkeypatch.setattr(MemoryUsers, "sign_in", sign_in)


@fault("TestUsers::test_remove_leaves_others_alone")
def a_removal_takes_the_passwords_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    remove = MemoryUsers.remove

    async def remove_too_much(self: MemoryUsers, user_id: UserId) -> None:
        await remove(self, user_id)
        rows = await self._desk.write()
        for credential in list(rows.passwords.values()):
            rows.passwords.pop(credential.user_id)

    monkeypatch.setattr(MemoryUsers, "remove", remove_too_much)


@fault("TestUsers::test_remove_raises_user_not_found")
def removing_nobody_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    async def remove(self: MemoryUsers, user_id: UserId) -> None:
        (await self._desk.write()).users.pop(user_id)

    monkeypatch.setattr(MemoryUsers, "remove", remove)


# --- passwords -----------------------------------------------------------------------------------


@fault("TestPasswords::test_find_returns_the_credential_as_it_was_added")
def digests_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    add = MemoryPasswords.add

    async def add_cut(self: MemoryPasswords, credential: PasswordCredential) -> None:
        await add(self, replace(credential, digest=Secret(credential.digest.reveal()[:60])))

    monkeypatch.setattr(MemoryPasswords, "add", add_cut)


@fault("TestPasswords::test_find_returns_none_without_a_credential")
def who_has_no_password_has_that_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    async def find(self: MemoryPasswords, user_id: UserId) -> PasswordCredential | None:
        kept = (await self._desk.read()).passwords
        return kept.get(user_id) or next(kept.values(), None)

    monkeypatch.setattr(MemoryPasswords, "find", find)


@fault("TestPasswords::test_save_stores_every_changed_field")
def a_changed_password_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemoryPasswords, "save", digest=Secret("lost"))


@fault("TestPasswords::test_save_stores_since_when_it_must_be_reset_and_that_it_need_not")
def a_password_is_good_whatever_an_administrator_says(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemoryPasswords, "save", reset_required_at=None)


@fault("TestPasswords::test_save_raises_concurrent_update_without_a_credential")
def a_save_adds_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    save = MemoryPasswords.save

    async def save_or_add(self: MemoryPasswords, credential: PasswordCredential) -> None:
        if credential.user_id in (await self._desk.write()).passwords:
            await save(self, credential)

    monkeypatch.setattr(MemoryPasswords, "save", save_or_add)


# --- sessions ------------------------------------------------------------------------------------


@fault("TestSessions::test_add_raises_user_not_found_if_the_user_is_gone")
def a_session_needs_no_user(monkeypatch: pytest.MonkeyPatch) -> None:
    add = MemorySessions.add

    async def add_in_silence(self: MemorySessions, session: Session) -> None:
        with suppress(UserNotFound):
            await add.__wrapped__(self, session)  # type: ignore[attr-defined]

    monkeypatch.setattr(MemorySessions, "add", add_in_silence)


@fault("TestSessions::test_find_returns_none_if_there_is_no_such_session")
def an_unknown_session_is_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def find(self: MemorySessions, session_id: SessionId) -> Session | None:
        return (await self._desk.read()).sessions.get(session_id) or a_session(a_user().id)

    monkeypatch.setattr(MemorySessions, "find", find)


@fault("TestSessions::test_find_returns_sessions_that_are_over")
def an_ended_session_cannot_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def find(self: MemorySessions, session_id: SessionId) -> Session | None:
        found = (await self._desk.read()).sessions.get(session_id)
        return found if found is not None and found.ended_at is None else None

    monkeypatch.setattr(MemorySessions, "find", find)


@fault("TestSessions::test_use_stores_the_two_instants_alone")
def a_use_stores_the_whole_session(monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(self: MemorySessions, session: Session) -> None:
        (await self._desk.write()).sessions.put(session.id, session)

    monkeypatch.setattr(MemorySessions, "use", use)


@fault("TestSessionEndings::test_a_session_that_only_ran_out_has_no_ending")
def every_session_has_an_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    list_endings = MemorySessions.list_endings

    async def list_all(self: MemorySessions, since: datetime) -> tuple[object, ...]:
        rows = await self._desk.read()
        return await list_endings(self, since) or tuple(rows.sessions.values())

    monkeypatch.setattr(MemorySessions, "list_endings", list_all)


# --- accounts ------------------------------------------------------------------------------------


def add_otherwise(monkeypatch: pytest.MonkeyPatch, **changed: object) -> None:
    """Let accounts be added with these fields instead of their own."""
    add = MemoryAccounts.add

    async def add_changed(
        self: MemoryAccounts, accounts: Sequence[Account]
    ) -> tuple[ImportOutcome, ...]:
        return await add(self, [replace(account, **changed) for account in accounts])  # type: ignore[arg-type]

    monkeypatch.setattr(MemoryAccounts, "add", add_changed)


@fault("TestAccounts::test_add_adds_user_credential_and_grants")
def an_import_forgets_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    add_otherwise(monkeypatch, credential=None)


@fault("TestAccounts::test_add_raises_role_not_found")
def an_import_passes_over_grants(monkeypatch: pytest.MonkeyPatch) -> None:
    add_otherwise(monkeypatch, grants=())


@fault("TestAccounts::test_add_does_nothing_for_no_accounts")
def no_accounts_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    add = MemoryAccounts.add

    async def add_some(
        self: MemoryAccounts, accounts: Sequence[Account]
    ) -> tuple[ImportOutcome, ...]:
        return await add(self, accounts) or (ImportOutcome.ADDED,)

    monkeypatch.setattr(MemoryAccounts, "add", add_some)


@fault("TestAccounts::test_add_tells_a_taken_address_first")
def an_import_tells_a_taken_username_first(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse = users._refuse_taken

    def refuse_the_other_way(rows: Rows, user: User, owners: set[UserId | None]) -> None:
        if user.username is not None and rows.usernames.get(user.username.key) not in owners:
            raise UsernameTaken
        refuse(rows, user, owners)

    monkeypatch.setattr(users, "_refuse_taken", refuse_the_other_way)


@fault("TestAccounts::test_the_unit_of_work_can_go_on_after_accounts_were_left_out")
def who_is_left_out_ends_the_unit_of_work(monkeypatch: pytest.MonkeyPatch) -> None:
    add = MemoryAccounts.add

    async def add_and_fail(
        self: MemoryAccounts, accounts: Sequence[Account]
    ) -> tuple[ImportOutcome, ...]:
        outcomes = await add(self, accounts)
        if set(outcomes) != {ImportOutcome.ADDED}:
            self._desk.fail()
        return outcomes

    monkeypatch.setattr(MemoryAccounts, "add", add_and_fail)


@fault("TestAccounts::test_add_takes_a_batch_of_a_thousand")
def a_large_batch_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    add = MemoryAccounts.add

    async def add_few(
        self: MemoryAccounts, accounts: Sequence[Account]
    ) -> tuple[ImportOutcome, ...]:
        if len(accounts) > 500:
            raise ConcurrentUpdate
        return await add(self, accounts)

    monkeypatch.setattr(MemoryAccounts, "add", add_few)


@fault("TestAccounts::test_list_returns_500_accounts_unless_asked_otherwise")
def an_export_is_given_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    list_ = MemoryAccounts.list

    async def list_all(
        self: MemoryAccounts, *, after: UserId | None = None, limit: int = 10_000
    ) -> tuple[Account, ...]:
        return await list_(self, after=after, limit=limit)

    monkeypatch.setattr(MemoryAccounts, "list", list_all)
