from dataclasses import replace

import pytest

from limen.core.actor import Actor
from limen.core.errors import (
    BeyondOwnPermissions,
    EmailTaken,
    HashingBusy,
    InvalidInput,
    LastAdministrator,
    NotSignedIn,
    PasswordRefused,
    PermissionMissing,
    RegistrationClosed,
    SessionEnded,
    TooManyAttempts,
    UsernameTaken,
    UserNotFound,
    VersionMismatch,
)
from limen.core.page import ListQuery
from limen.core.users.model import Status, UserPolicy
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting
from limen.testing.builders import a_user_id
from limen.testing.people import registered
from limen.testing.policies import Policies

NOBODY = Actor.anonymous()


async def test_who_registers_can_sign_in_and_holds_no_role() -> None:
    limen = Assembly()
    ada = await limen.register()
    tokens = await limen.enter("ADA@example.org")
    assert tokens.user.id == ada.id
    assert await limen.roles.list_grants(ada.id, actor=acting(tokens)) == ()
    assert (await limen.event_names(ada.id))[:1] == ["user.registered"]


async def test_registration_can_be_closed() -> None:
    limen = Assembly(policies=Policies(users=UserPolicy(is_registration_open=False)))
    with pytest.raises(RegistrationClosed):
        await limen.register()


async def test_a_registration_with_faults_names_them_all_and_changes_nothing() -> None:
    limen = Assembly()
    with pytest.raises(InvalidInput) as refused:
        await limen.users.register(email="x", username="!", name="\0", locale="_", password="short")
    fields = [fault.field for fault in refused.value.details]
    assert fields == ["email", "username", "name", "locale", "password"]
    assert await limen.event_names() == []


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "too_short"),
        ("x" * 257, "too_long"),
        ("PASSWORD1234", "common"),
        ("ada@example.org", "own_words"),
        ("\ud800" * 12, "not_text"),
    ],
)
async def test_a_bad_password_is_refused_with_the_reason(password: str, code: str) -> None:
    limen = Assembly()
    with pytest.raises(PasswordRefused) as refused:
        await limen.users.register(email="ada@example.org", password=password)
    assert [(fault.field, fault.code) for fault in refused.value.details] == [("password", code)]


async def test_a_second_account_with_the_same_address_or_username_is_refused() -> None:
    limen = Assembly()
    await limen.users.register(email="ada@example.org", username="ada", password=PASSWORD)
    with pytest.raises(EmailTaken):
        await limen.users.register(email="Ada@Example.ORG", password=PASSWORD)
    with pytest.raises(UsernameTaken):
        await limen.users.register(email="b@example.org", username="ADA", password=PASSWORD)


async def test_a_busy_hasher_refuses_registration_and_changes_nothing() -> None:
    limen = Assembly()
    limen.hasher.is_busy = True
    with pytest.raises(HashingBusy):
        await limen.register()
    limen.hasher.is_busy = False
    await limen.register()


async def test_an_administrator_creates_accounts_of_any_status() -> None:
    limen = Assembly()
    user = await limen.users.create(
        actor=OPERATOR,
        email="b@example.org",
        attributes={"team": "x"},
        status=Status.PENDING,
        is_email_verified=True,
    )
    assert (user.status, user.email_verified_at) == (Status.PENDING, limen.clock.now())
    assert user.attributes == {"team": "x"}
    with pytest.raises(InvalidInput):
        await limen.users.create(actor=OPERATOR, email="x")


async def test_creating_with_a_password_needs_the_permission_to_set_one() -> None:
    limen = Assembly()
    await limen.register()
    tokens = await limen.enter()
    await limen.roles.create(actor=OPERATOR, name="clerk", permissions=["users.write"])
    await limen.roles.grant(tokens.user.id, "clerk", actor=OPERATOR)
    await limen.users.create(actor=acting(tokens), email="b@example.org")
    with pytest.raises(PermissionMissing, match=r"passwords\.set"):
        await limen.users.create(actor=acting(tokens), email="c@example.org", password=PASSWORD)


async def test_creating_with_a_proved_address_needs_the_permission_to_vouch() -> None:
    limen = Assembly()
    await limen.roles.create(actor=OPERATOR, name="clerk", permissions=["users.write"])
    ada = await limen.register()
    await limen.roles.grant(ada.id, "clerk", actor=OPERATOR)
    clerk = acting(await limen.enter())
    with pytest.raises(PermissionMissing, match=r"users\.verify"):
        await limen.users.create(actor=clerk, email="b@example.org", is_email_verified=True)
    await limen.roles.replace("clerk", actor=OPERATOR, permissions=["users.write", "users.verify"])
    made = await limen.users.create(actor=clerk, email="b@example.org", is_email_verified=True)
    assert made.first_verified_at == made.email_verified_at == limen.clock.now()


async def test_people_see_themselves_and_only_with_permission_others() -> None:
    limen = Assembly()
    ada, bob = await limen.register(), await limen.register("bob@example.org")
    actor = acting(await limen.enter())
    assert (await limen.users.get(ada.id, actor=actor)).id == ada.id
    for refused in (
        limen.users.get(bob.id, actor=actor),
        limen.users.find("bob@example.org", actor=actor),
        limen.users.list(ListQuery(filters={}), actor=actor),
    ):
        with pytest.raises(PermissionMissing):
            await refused
    with pytest.raises(NotSignedIn):
        await limen.users.get(ada.id, actor=NOBODY)


async def test_users_are_found_by_address_or_username_in_any_case() -> None:
    limen = Assembly()
    await limen.users.register(email="ada@example.org", username="Ada", password=PASSWORD)
    for text in ("ADA@example.org", "aDa"):
        assert (await limen.users.find(text, actor=OPERATOR)).email.address == "ada@example.org"
    for text in ("b@example.org", "bob", "@", ""):
        with pytest.raises(UserNotFound):
            await limen.users.find(text, actor=OPERATOR)


async def test_the_owner_may_change_names_and_locale_but_not_address_or_attributes() -> None:
    limen = Assembly()
    ada = await limen.register()
    actor = acting(await limen.enter())
    changed = await limen.users.update(ada.id, actor=actor, name="Ada", username="ada")
    assert (changed.name, str(changed.username), changed.version) == ("Ada", "ada", 2)
    assert (await limen.users.update(ada.id, actor=actor, locale="DE-at")).locale == "de-AT"
    with pytest.raises(PermissionMissing):
        await limen.users.update(ada.id, actor=actor, email="other@example.org")
    with pytest.raises(PermissionMissing):
        await limen.users.update(ada.id, actor=actor, attributes={"admin": True})


async def test_an_update_that_changes_nothing_has_no_new_version_and_no_event() -> None:
    limen = Assembly()
    ada = await limen.register()
    same = await limen.users.update(ada.id, actor=OPERATOR, name="")
    assert same.version == 1
    assert "user.updated" not in await limen.event_names()


async def test_a_language_is_kept_from_the_first_and_changed_and_taken_away() -> None:
    limen = Assembly()
    made = await limen.users.register(email="ada@example.org", password=PASSWORD, locale="EN-gb")
    ada = registered(made)
    bob = await limen.users.create(actor=OPERATOR, email="bob@example.org", locale="pt-br")
    assert [user.locale for user in (ada, bob)] == ["en-GB", "pt-BR"]
    assert (await limen.users.get(ada.id, actor=OPERATOR)).locale == "en-GB"
    named = await limen.users.update(ada.id, actor=OPERATOR, name="Ada")
    assert named.locale == "en-GB"
    assert (await limen.users.update(ada.id, actor=OPERATOR, locale="en-gb")).version == 2
    assert (await limen.users.update(ada.id, actor=OPERATOR, locale=None)).locale is None
    replaced = await limen.users.replace(
        bob.id, actor=OPERATOR, email="b@example.org", locale="gsw"
    )
    assert replaced.locale == "gsw"
    async with limen.unit_of_work.view() as view:
        told = [event.payload for event in await view.outbox.list() if event.payload]
    assert [payload["changed"] for payload in told] == [["name"], ["locale"], ["email", "locale"]]


async def test_replacing_sets_everything() -> None:
    limen = Assembly()
    ada = await limen.register()
    await limen.users.update(ada.id, actor=OPERATOR, name="Ada", locale="de", attributes={"a": 1})
    replaced = await limen.users.replace(ada.id, actor=OPERATOR, email="new@example.org")
    assert (replaced.name, replaced.locale, replaced.attributes) == ("", None, {})
    assert replaced.email.address == "new@example.org"
    with pytest.raises(InvalidInput):
        await limen.users.replace(ada.id, actor=OPERATOR, email="x")


@pytest.mark.parametrize("verb", ["update", "replace", "suspend", "reactivate", "delete"])
async def test_a_change_of_what_has_changed_since_is_refused(verb: str) -> None:
    limen = Assembly()
    ada = await limen.register()
    await limen.users.update(ada.id, actor=OPERATOR, name="Ada")
    more = {"email": "new@example.org"} if verb == "replace" else {}
    with pytest.raises(VersionMismatch):
        await getattr(limen.users, verb)(ada.id, actor=OPERATOR, expected_version=1, **more)
    await getattr(limen.users, verb)(ada.id, actor=OPERATOR, expected_version=2, **more)


async def test_suspending_ends_every_session_and_reactivating_brings_none_back() -> None:
    limen = Assembly()
    ada = await limen.register()
    tokens = await limen.enter()
    await limen.tokens.authenticate(tokens.access_token)
    await limen.users.suspend(ada.id, actor=OPERATOR)
    with pytest.raises(SessionEnded):
        await limen.tokens.authenticate(tokens.access_token)
    await limen.users.reactivate(ada.id, actor=OPERATOR)
    with pytest.raises(SessionEnded):
        await limen.tokens.authenticate(tokens.access_token)
    await limen.enter()


async def test_suspending_or_reactivating_twice_changes_nothing_more() -> None:
    limen = Assembly()
    ada = await limen.register()
    once = await limen.users.suspend(ada.id, actor=OPERATOR)
    assert await limen.users.suspend(ada.id, actor=OPERATOR) == once
    active = await limen.users.reactivate(ada.id, actor=OPERATOR)
    assert await limen.users.reactivate(ada.id, actor=OPERATOR) == active


async def test_deleting_ends_sessions_and_frees_the_address() -> None:
    limen = Assembly()
    ada = await limen.register()
    tokens = await limen.enter()
    await limen.users.delete(ada.id, actor=acting(tokens))
    with pytest.raises(SessionEnded):
        await limen.tokens.authenticate(tokens.access_token)
    with pytest.raises(UserNotFound):
        await limen.users.get(ada.id, actor=OPERATOR)
    assert (await limen.register()).id != ada.id


async def test_what_concerns_nobody_is_not_found() -> None:
    limen = Assembly()
    nobody = a_user_id()
    for call in (
        limen.users.get(nobody, actor=OPERATOR),
        limen.users.update(nobody, actor=OPERATOR, name="x"),
        limen.users.suspend(nobody, actor=OPERATOR),
        limen.users.delete(nobody, actor=OPERATOR),
    ):
        with pytest.raises(UserNotFound):
            await call


@pytest.mark.parametrize("verb", ["suspend", "delete"])
async def test_the_last_administrator_stays(verb: str) -> None:
    limen = Assembly()
    root = await limen.administrator()
    with pytest.raises(LastAdministrator):
        await getattr(limen.users, verb)(root.id, actor=OPERATOR)
    await limen.administrator("second@example.org")
    await getattr(limen.users, verb)(root.id, actor=OPERATOR)


async def test_nobody_reaches_a_user_who_may_do_more() -> None:
    limen = Assembly()
    root = await limen.administrator()
    await limen.administrator("second@example.org")
    await limen.register()
    clerk = acting(await limen.enter())
    await limen.roles.create(
        actor=OPERATOR,
        name="clerk",
        permissions=["users.write", "users.delete", "passwords.set", "sessions.revoke"],
    )
    assert clerk.user_id is not None
    await limen.roles.grant(clerk.user_id, "clerk", actor=OPERATOR)
    bob = await limen.register("bob@example.org")
    await limen.users.suspend(bob.id, actor=clerk)
    for call in (
        limen.users.suspend(root.id, actor=clerk),
        limen.users.update(root.id, actor=clerk, name="x"),
        limen.users.delete(root.id, actor=clerk),
        limen.passwords.set(root.id, new=PASSWORD, actor=clerk),
        limen.sessions.revoke_all(root.id, actor=clerk),
    ):
        with pytest.raises(BeyondOwnPermissions):
            await call


async def test_a_suspended_user_may_nothing_any_more() -> None:
    limen = Assembly()
    root = await limen.administrator()
    await limen.administrator("second@example.org")
    actor = acting(await limen.enter("root@example.org"))
    await limen.users.suspend(root.id, actor=OPERATOR)
    with pytest.raises(PermissionMissing):
        await limen.users.list(ListQuery(filters={}), actor=actor)


async def test_a_list_is_walked_by_cursor_and_counted_by_page() -> None:
    limen = Assembly()
    for number in range(5):
        await limen.register(f"user{number}@example.org")
    query = ListQuery(filters={}, sort="email", limit=2)
    seen = []
    while True:
        listing = await limen.users.list(query, actor=OPERATOR)
        seen += [user.email.address for user in listing.items]
        if listing.next_cursor is None:
            break
        query = replace(query, cursor=listing.next_cursor)
    assert seen == [f"user{number}@example.org" for number in range(5)]
    page = await limen.users.list(ListQuery(filters={}, page=3, limit=2), actor=OPERATOR)
    assert (page.total, page.page, len(page.items)) == (5, 3, 1)


async def test_one_address_registers_so_many_and_no_more() -> None:
    policy = UserPolicy(registrations_per_address=3)
    limen = Assembly(policies=Policies(users=policy))
    here = Actor.anonymous(address="192.0.2.1")
    for number in range(3):
        await limen.users.register(email=f"user{number}@example.org", password=PASSWORD, actor=here)
    with pytest.raises(TooManyAttempts):
        await limen.users.register(email="more@example.org", password=PASSWORD, actor=here)
    there = Actor.anonymous(address="192.0.2.2")
    await limen.users.register(email="more@example.org", password=PASSWORD, actor=there)
    limen.clock.advance(policy.registration_window)
    await limen.users.register(email="again@example.org", password=PASSWORD, actor=here)


async def test_a_registration_is_one_of_the_mails_that_an_address_may_ask_for() -> None:
    limen = Assembly()
    here = Actor.anonymous(address="192.0.2.1")
    for _ in range(29):
        await limen.recovery.forgot(identifier="nobody@example.org", actor=here)
    await limen.users.register(email="ada@example.org", password=PASSWORD, actor=here)
    with pytest.raises(TooManyAttempts):
        await limen.users.register(email="eve@example.org", password=PASSWORD, actor=here)


async def test_a_taken_name_is_refused_before_any_hashing() -> None:
    limen = Assembly()
    await limen.users.register(email="ada@example.org", username="ada", password=PASSWORD)
    limen.hasher.is_busy = True
    with pytest.raises(EmailTaken):
        await limen.users.register(email="ada@example.org", password=PASSWORD)
    with pytest.raises(UsernameTaken):
        await limen.users.register(email="b@example.org", username="ada", password=PASSWORD)


@pytest.mark.parametrize("verb", ["suspend", "delete"])
async def test_what_has_changed_since_is_told_before_who_is_the_last(verb: str) -> None:
    limen = Assembly()
    root = await limen.administrator()
    with pytest.raises(VersionMismatch):
        await getattr(limen.users, verb)(root.id, actor=OPERATOR, expected_version=7)
