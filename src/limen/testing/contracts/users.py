"""What `limen.ports.users.Users` promises, lists apart (see `directory`)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

import pytest
from hypothesis import given

from limen.core.errors import ConcurrentUpdate, EmailTaken, UsernameTaken, UserNotFound
from limen.core.sessions.model import EndReason
from limen.core.users.model import Email, Json, User, Username
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing import strategies
from limen.testing.builders import (
    a_credential,
    a_family,
    a_full_user,
    a_grant,
    a_session,
    a_user,
    a_user_id,
)
from limen.testing.contract import Contract, examples
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import assert_kept, change, keep, look
from limen.testing.fakes import NOON


class UsersContract(Contract):
    """Users, one at a time. Fixture: `unit_of_work`."""

    # --- get, lock ---

    @pytest.mark.parametrize("user", [a_user(), a_full_user()], ids=["bare", "full"])
    async def test_get_returns_the_user_as_it_was_added(
        self, unit_of_work: UnitOfWorkFactory, user: User
    ) -> None:
        await keep(unit_of_work, user)
        await assert_kept(unit_of_work, user)

    async def test_get_raises_user_not_found(self, unit_of_work: UnitOfWorkFactory) -> None:
        with pytest.raises(UserNotFound):
            await look(unit_of_work, lambda view: view.users.get(a_user_id()))

    async def test_lock_returns_the_user(self, unit_of_work: UnitOfWorkFactory) -> None:
        user = a_full_user()
        await keep(unit_of_work, user)
        assert_same(await change(unit_of_work, lambda uow: uow.users.lock(user.id)), user)

    async def test_lock_raises_user_not_found(self, unit_of_work: UnitOfWorkFactory) -> None:
        with pytest.raises(UserNotFound):
            await change(unit_of_work, lambda uow: uow.users.lock(a_user_id()))

    @examples(25)
    @given(name=strategies.names(), attributes=strategies.attributes(), when=strategies.instants())
    async def test_every_valid_text_attribute_and_instant_comes_back_as_it_was(
        self,
        unit_of_work: UnitOfWorkFactory,
        name: str,
        attributes: dict[str, Json],
        when: datetime,
    ) -> None:
        user = replace(
            a_full_user(), name=name, attributes=attributes, created_at=when, last_sign_in_at=when
        )
        await keep(unit_of_work, user)
        await assert_kept(unit_of_work, user)

    async def test_what_happens_to_a_value_outside_does_not_reach_the_store(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        attributes: dict[str, Json] = {"teams": ["red"]}
        user = a_user(attributes=attributes)
        await keep(unit_of_work, user)
        attributes["teams"] = ["blue"]
        found = await look(unit_of_work, lambda view: view.users.get(user.id))
        cast("list[Json]", found.attributes["teams"]).append("green")
        again = await look(unit_of_work, lambda view: view.users.get(user.id))
        assert again.attributes == {"teams": ["red"]}

    # --- find ---

    @pytest.mark.parametrize(
        "text", ["ADA.STRASSE@BÜCHER.EXAMPLE", "ada.straße@xn--bcher-kva.example"]
    )
    async def test_find_returns_the_user_by_address_in_any_case(
        self, unit_of_work: UnitOfWorkFactory, text: str
    ) -> None:
        user = a_user(email="Ada.Straße@Bücher.example")
        await keep(unit_of_work, user, a_user())
        found = await look(unit_of_work, lambda view: view.users.find(Email.parse(text)))
        assert_same(found, user)

    async def test_find_returns_the_user_by_username_in_any_case(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user(username="Ada.L-1")
        await keep(unit_of_work, user, a_user(username="ada"))
        found = await look(unit_of_work, lambda view: view.users.find(Username.parse("aDA.l-1")))
        assert_same(found, user)

    @pytest.mark.parametrize(
        "identifier",
        [
            Email.parse("ad@example.org"),
            Email.parse("_da@example.org"),
            Email.parse("%@example.org"),
            Username.parse("ad"),
            Username.parse("a_a"),
        ],
        ids=str,
    )
    async def test_find_returns_none_if_nobody_has_the_identifier(
        self, unit_of_work: UnitOfWorkFactory, identifier: Email | Username
    ) -> None:
        await keep(unit_of_work, a_user(email="ada@example.org", username="ada"))
        assert await look(unit_of_work, lambda view: view.users.find(identifier)) is None

    # --- add ---

    async def test_add_raises_email_taken_whatever_the_case(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, a_user(email="straße@example.org"))
        for text in ("straße@example.org", "STRASSE@EXAMPLE.ORG"):
            with pytest.raises(EmailTaken):
                await keep(unit_of_work, a_user(email=text))

    async def test_add_raises_username_taken_whatever_the_case(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, a_user(username="Ada"))
        for text in ("Ada", "aDA"):
            with pytest.raises(UsernameTaken):
                await keep(unit_of_work, a_user(username=text))

    async def test_a_name_taken_in_the_same_unit_of_work_is_taken(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        with pytest.raises(EmailTaken):
            await keep(unit_of_work, a_user(email="a@example.org"), a_user(email="A@example.org"))

    async def test_any_number_of_users_have_no_username(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        users = [a_user() for _ in range(3)]
        await keep(unit_of_work, *users)
        await assert_kept(unit_of_work, *users)

    async def test_a_refused_add_leaves_nothing_behind(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, a_user(username="ada"))
        refused = a_user(username="ada")
        with pytest.raises(UsernameTaken):
            await keep(unit_of_work, refused)
        with pytest.raises(UserNotFound):
            await look(unit_of_work, lambda view: view.users.get(refused.id))
        assert await look(unit_of_work, lambda view: view.users.find(refused.email)) is None

    # --- save ---

    async def test_save_stores_every_changed_field(self, unit_of_work: UnitOfWorkFactory) -> None:
        user = a_user()
        await keep(unit_of_work, user)
        full = a_full_user()
        changed = replace(
            full,
            id=user.id,
            created_at=user.created_at,
            last_sign_in_at=user.last_sign_in_at,
            version=user.version + 1,
        )
        await change(unit_of_work, lambda uow: uow.users.save(changed))
        await assert_kept(unit_of_work, changed)

    async def test_save_empties_what_was_taken_away(self, unit_of_work: UnitOfWorkFactory) -> None:
        user = a_full_user()
        await keep(unit_of_work, user)
        changed = replace(
            user,
            username=None,
            name="",
            locale=None,
            attributes={},
            email_verified_at=None,
            first_verified_at=None,
            version=8,
        )
        await change(unit_of_work, lambda uow: uow.users.save(changed))
        await assert_kept(unit_of_work, changed)

    @pytest.mark.parametrize("version", [4, 5, 7, 1])
    async def test_save_raises_concurrent_update_unless_the_stored_version_is_one_less(
        self, unit_of_work: UnitOfWorkFactory, version: int
    ) -> None:
        user = a_user(version=5)
        await keep(unit_of_work, user)
        with pytest.raises(ConcurrentUpdate):
            await change(
                unit_of_work,
                lambda uow: uow.users.save(replace(user, name="late", version=version)),
            )
        await assert_kept(unit_of_work, user)

    async def test_save_raises_concurrent_update_for_a_user_who_is_gone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        with pytest.raises(ConcurrentUpdate):
            await change(unit_of_work, lambda uow: uow.users.save(a_user(version=2)))

    async def test_save_raises_email_taken_or_username_taken(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user, a_user(email="taken@example.org", username="taken"))
        email = replace(user, email=Email.parse("Taken@example.org"), version=2)
        with pytest.raises(EmailTaken):
            await change(unit_of_work, lambda uow: uow.users.save(email))
        username = replace(user, username=Username.parse("Taken"), version=2)
        with pytest.raises(UsernameTaken):
            await change(unit_of_work, lambda uow: uow.users.save(username))
        await assert_kept(unit_of_work, user)

    async def test_a_user_may_write_their_own_names_otherwise(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user(email="ada@example.org", username="ada")
        await keep(unit_of_work, user)
        changed = replace(
            user, email=Email.parse("ADA@example.org"), username=Username.parse("ADA"), version=2
        )
        await change(unit_of_work, lambda uow: uow.users.save(changed))
        await assert_kept(unit_of_work, changed)

    async def test_names_that_were_given_up_are_free(self, unit_of_work: UnitOfWorkFactory) -> None:
        user = a_user(email="old@example.org", username="old")
        await keep(unit_of_work, user)
        changed = replace(user, email=Email.parse("new@example.org"), username=None, version=2)
        await change(unit_of_work, lambda uow: uow.users.save(changed))
        assert await look(unit_of_work, lambda view: view.users.find(user.email)) is None
        heir = a_user(email="old@example.org", username="old")
        await keep(unit_of_work, heir)
        assert_same(await look(unit_of_work, lambda view: view.users.find(user.email)), heir)

    # --- sign_in ---

    async def test_sign_in_stores_the_instant_alone(self, unit_of_work: UnitOfWorkFactory) -> None:
        user = a_full_user()
        await keep(unit_of_work, user)
        when = NOON + timedelta(microseconds=1)
        seen = replace(user, name="other", version=user.version + 5, last_sign_in_at=when)
        await change(unit_of_work, lambda uow: uow.users.sign_in(seen))
        expected = replace(user, last_sign_in_at=when)
        await assert_kept(unit_of_work, expected)

    async def test_a_sign_in_does_not_make_a_save_late(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user)
        seen = replace(user, last_sign_in_at=NOON)
        await change(unit_of_work, lambda uow: uow.users.sign_in(seen))
        await change(unit_of_work, lambda uow: uow.users.save(replace(seen, name="x", version=2)))
        found = await look(unit_of_work, lambda view: view.users.get(user.id))
        assert (found.name, found.version, found.last_sign_in_at) == ("x", 2, NOON)

    # --- remove ---

    async def test_remove_takes_everything_of_the_user_along(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user(username="gone")
        session = a_session(user.id)
        await keep(unit_of_work, user, a_credential(user.id), session, a_family(session.id))
        await keep(unit_of_work, a_grant(user.id))
        await change(unit_of_work, lambda uow: uow.users.remove(user.id))
        async with unit_of_work.view() as view:
            with pytest.raises(UserNotFound):
                await view.users.get(user.id)
            assert await view.users.find(user.email) is None
            assert await view.users.find(Username.parse("gone")) is None
            assert await view.passwords.find(user.id) is None
            assert await view.sessions.find(session.id) is None
            assert await view.sessions.list_live(user.id, NOON) == ()
            assert await view.families.find_standing(session.id, NOON) is None
            assert await view.grants.list(user.id) == ()
            assert await view.grants.count_administrators(besides=a_user_id()) == 0

    async def test_remove_leaves_others_alone(self, unit_of_work: UnitOfWorkFactory) -> None:
        gone, kept = a_user(), a_user()
        session = a_session(kept.id)
        things = (kept, a_credential(kept.id), session, a_family(session.id), a_grant(kept.id))
        await keep(unit_of_work, gone, *things)
        await change(unit_of_work, lambda uow: uow.users.remove(gone.id))
        await assert_kept(unit_of_work, *things)

    async def test_remove_leaves_the_endings_of_sessions(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        session = a_session(user.id)
        await keep(unit_of_work, user, session)
        async with unit_of_work() as uow:
            await uow.sessions.end(user.id, NOON, EndReason.DELETED)
            await uow.users.remove(user.id)
            await uow.commit()
        endings = await look(unit_of_work, lambda view: view.sessions.list_endings(NOON))
        assert [ending.session_id for ending in endings] == [session.id]

    async def test_remove_frees_the_names(self, unit_of_work: UnitOfWorkFactory) -> None:
        user = a_user(email="ada@example.org", username="ada")
        await keep(unit_of_work, user)
        await change(unit_of_work, lambda uow: uow.users.remove(user.id))
        await keep(unit_of_work, a_user(email="ada@example.org", username="ada"))

    async def test_remove_raises_user_not_found(self, unit_of_work: UnitOfWorkFactory) -> None:
        with pytest.raises(UserNotFound):
            await change(unit_of_work, lambda uow: uow.users.remove(a_user_id()))
