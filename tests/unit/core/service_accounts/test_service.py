"""Accounts without people: what can be done with them, and what can not."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from limen.core.actor import Actor
from limen.core.errors import (
    ApiKeyInvalid,
    BeyondOwnPermissions,
    InvalidCredentials,
    InvalidInput,
    InvalidQuery,
    LastAdministrator,
    NotAPerson,
    PermissionMissing,
    ServiceAccountNotFound,
    StepUpNeeded,
    UsernameTaken,
    VersionMismatch,
)
from limen.core.ids import UserId
from limen.core.page import ListQuery
from limen.core.roles.model import ADMIN
from limen.core.sessions.model import FRESH
from limen.core.users.model import Status, User, UserKind
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting
from limen.testing.builders import a_user_id

ALL = ListQuery(filters={})


async def robot(limen: Assembly, username: str = "robot", name: str = "") -> User:
    return await limen.service_accounts.create(actor=OPERATOR, username=username, name=name)


async def person(limen: Assembly, *permissions: str) -> Actor:
    user = await limen.register()
    await limen.roles.create(actor=OPERATOR, name="some", permissions=permissions)
    await limen.roles.grant(user.id, "some", actor=OPERATOR)
    return acting(await limen.enter())


async def test_a_sign_in_of_long_ago_suspends_and_neither_reactivates_nor_deletes() -> None:
    limen = Assembly()
    ada = await person(limen, "service_accounts.manage")
    made = await robot(limen)
    limen.clock.advance(FRESH)
    await limen.service_accounts.suspend(made.id, actor=ada)
    with pytest.raises(StepUpNeeded):
        await limen.service_accounts.reactivate(made.id, actor=ada)
    with pytest.raises(StepUpNeeded):
        await limen.service_accounts.delete(made.id, actor=ada)
    kept = await limen.service_accounts.find("robot", actor=OPERATOR)
    assert (kept.id, kept.status) == (made.id, Status.SUSPENDED)


async def test_an_account_is_made_found_listed_changed_and_deleted() -> None:
    limen = Assembly()
    ada = await person(limen, "service_accounts.manage", "service_accounts.read")
    accounts = limen.service_accounts
    made = await accounts.create(actor=ada, username="Robot", name="Builds at night")
    assert (made.kind, made.status) == (UserKind.SERVICE_ACCOUNT, Status.ACTIVE)
    assert made.email.address == f"{made.id}@service-accounts.invalid"
    assert await accounts.get(made.id, actor=ada) == made
    assert await accounts.find("robot", actor=ada) == made
    assert (await accounts.list(ALL, actor=ada)).items == (made,)
    changed = await accounts.update(made.id, actor=ada, name="Builds", expected_version=1)
    assert (str(changed.username), changed.name, changed.version) == ("Robot", "Builds", 2)
    assert await accounts.update(made.id, actor=ada, name="Builds") == changed
    suspended = await accounts.suspend(made.id, actor=ada)
    assert await accounts.suspend(made.id, actor=ada) == suspended
    active = await accounts.reactivate(made.id, actor=ada)
    assert await accounts.reactivate(made.id, actor=ada) == active
    await accounts.delete(made.id, actor=ada, expected_version=active.version)
    with pytest.raises(ServiceAccountNotFound):
        await accounts.get(made.id, actor=ada)
    assert await limen.event_names(made.id) == [
        f"service_account.{what}"
        for what in ("created", "updated", "suspended", "reactivated", "deleted")
    ]


async def test_each_use_case_needs_its_permission() -> None:
    limen = Assembly()
    account = await robot(limen)
    reader = await person(limen, "service_accounts.read")
    accounts = limen.service_accounts
    await accounts.get(account.id, actor=reader)
    for use_case in (
        accounts.create(actor=reader, username="x"),
        accounts.update(account.id, actor=reader, name="x"),
        accounts.suspend(account.id, actor=reader),
        accounts.reactivate(account.id, actor=reader),
        accounts.delete(account.id, actor=reader),
    ):
        with pytest.raises(PermissionMissing):
            await use_case
    await limen.roles.replace("some", actor=OPERATOR, permissions=["service_accounts.manage"])
    reading: list[Awaitable[Any]] = [
        accounts.get(account.id, actor=reader),
        accounts.find("robot", actor=reader),
        accounts.list(ALL, actor=reader),
    ]
    for asked in reading:
        with pytest.raises(PermissionMissing):
            await asked


async def test_nobody_manages_an_account_that_may_do_more_than_they() -> None:
    limen = Assembly()
    account = await robot(limen)
    await limen.roles.grant(account.id, ADMIN, actor=OPERATOR)
    ada = await person(limen, "service_accounts.manage")
    with pytest.raises(BeyondOwnPermissions):
        await limen.service_accounts.delete(account.id, actor=ada)


async def test_people_are_no_service_accounts() -> None:
    limen = Assembly()
    ada = await limen.register()
    await limen.users.update(ada.id, actor=OPERATOR, username="ada")
    accounts = limen.service_accounts
    for use_case in (
        accounts.get(ada.id, actor=OPERATOR),
        accounts.find("ada", actor=OPERATOR),
        accounts.find("no body", actor=OPERATOR),
        accounts.update(ada.id, actor=OPERATOR, name="x"),
        accounts.delete(ada.id, actor=OPERATOR),
        accounts.delete(a_user_id(), actor=OPERATOR),
        accounts.get(a_user_id(), actor=OPERATOR),
    ):
        with pytest.raises(ServiceAccountNotFound):
            await use_case
    assert (await accounts.list(ALL, actor=OPERATOR)).items == ()


Changing = Callable[[Assembly, UserId], Awaitable[Any]]
CHANGING: dict[str, Changing] = {
    "update": lambda limen, who: limen.users.update(who, actor=OPERATOR, name="x"),
    "replace": lambda limen, who: limen.users.replace(who, actor=OPERATOR, email="x@example.org"),
    "suspend": lambda limen, who: limen.users.suspend(who, actor=OPERATOR),
    "reactivate": lambda limen, who: limen.users.reactivate(who, actor=OPERATOR),
    "delete": lambda limen, who: limen.users.delete(who, actor=OPERATOR),
    "set": lambda limen, who: limen.passwords.set(who, actor=OPERATOR, new="a long enough one"),
}


@pytest.mark.parametrize("changing", CHANGING)
async def test_what_is_for_people_does_nothing_to_a_service_account(changing: str) -> None:
    limen = Assembly()
    account = await robot(limen)
    before = await limen.event_names()
    with pytest.raises(NotAPerson):
        await CHANGING[changing](limen, account.id)
    assert await limen.users.get(account.id, actor=OPERATOR) == account
    assert await limen.event_names() == before


async def test_nobody_signs_in_as_a_service_account_and_no_mail_goes_to_it() -> None:
    limen = Assembly()
    account = await robot(limen)
    with pytest.raises(InvalidCredentials):
        await limen.sign_in.sign_in(identifier="robot", password=PASSWORD)
    for name in ("robot", account.email.address):
        await limen.links.ask(identifier=name)
        await limen.recovery.forgot(identifier=name)
        await limen.emails.send_verification(identifier=name)
    await limen.delivery.deliver()
    assert not limen.mail.to(account.email.address)


async def test_all_users_are_listed_with_what_they_are() -> None:
    limen = Assembly()
    ada, account = await limen.register(), await robot(limen)
    everybody = await limen.users.list(ALL, actor=OPERATOR)
    assert {user.id for user in everybody.items} == {ada.id, account.id}
    people = ListQuery(filters={("kind", "eq"): "person"})
    assert [u.id for u in (await limen.users.list(people, actor=OPERATOR)).items] == [ada.id]
    with pytest.raises(InvalidQuery):
        await limen.users.list(ListQuery(filters={("kind", "eq"): "ghost"}), actor=OPERATOR)


async def test_an_export_is_of_people() -> None:
    limen = Assembly()
    await limen.register()
    await robot(limen)
    exported = await limen.imports.export(actor=OPERATOR)
    assert [row.email for row in exported.rows] == ["ada@example.org"]


async def test_names_are_one_for_people_and_accounts() -> None:
    limen = Assembly()
    await robot(limen)
    ada = await limen.register()
    with pytest.raises(UsernameTaken):
        await limen.users.update(ada.id, actor=OPERATOR, username="ROBOT")
    with pytest.raises(UsernameTaken):
        await robot(limen)
    with pytest.raises(InvalidInput) as refused:
        await limen.service_accounts.create(actor=OPERATOR, username="no name", name="a\u202eb")
    assert [fault.field for fault in refused.value.details] == ["username", "name"]
    other = await robot(limen, "other")
    with pytest.raises(InvalidInput):
        await limen.service_accounts.update(other.id, actor=OPERATOR, username="")
    with pytest.raises(VersionMismatch):
        await limen.service_accounts.update(other.id, actor=OPERATOR, name="x", expected_version=2)


async def test_a_machine_is_never_the_last_administrator() -> None:
    limen = Assembly()
    root, account = await limen.administrator(), await robot(limen)
    await limen.roles.grant(account.id, ADMIN, actor=OPERATOR)
    with pytest.raises(LastAdministrator):
        await limen.users.delete(root.id, actor=OPERATOR)
    await limen.service_accounts.delete(account.id, actor=OPERATOR)


async def test_a_suspended_account_has_no_keys_and_an_active_one_has_them_again() -> None:
    limen = Assembly()
    account = await robot(limen)
    made = await limen.api_keys.create(account.id, actor=OPERATOR, name="nightly")
    await limen.service_accounts.suspend(account.id, actor=OPERATOR)
    with pytest.raises(ApiKeyInvalid):
        await limen.api_keys.authenticate(made.text)
    await limen.service_accounts.reactivate(account.id, actor=OPERATOR)
    assert (await limen.api_keys.authenticate(made.text)).user_id == account.id
    await limen.service_accounts.delete(account.id, actor=OPERATOR)
    with pytest.raises(ApiKeyInvalid):
        await limen.api_keys.authenticate(made.text)
