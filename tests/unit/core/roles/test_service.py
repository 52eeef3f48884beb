from datetime import datetime, timedelta, timezone

import pytest

from limen.core.errors import (
    BeyondOwnPermissions,
    GrantNotFound,
    InvalidInput,
    LastAdministrator,
    PermissionMissing,
    RoleBuiltIn,
    RoleInUse,
    RoleNotFound,
    RoleTaken,
    StepUpNeeded,
    UserNotFound,
    VersionMismatch,
)
from limen.core.page import ListQuery
from limen.core.roles.model import ADMIN
from limen.testing.assembly import OPERATOR, Assembly, acting
from limen.testing.builders import a_user_id


async def test_the_life_of_a_role() -> None:
    limen = Assembly()
    made = await limen.roles.create(
        actor=OPERATOR, name="editor", description="Edits.", permissions=["posts.edit"]
    )
    assert await limen.roles.get("editor", actor=OPERATOR) == made
    replaced = await limen.roles.replace("editor", actor=OPERATOR, permissions=["posts.read"])
    assert (replaced.version, replaced.description) == (2, "")
    assert "posts.read" in await limen.roles.list_permissions(actor=OPERATOR)
    assert [role.name for role in await limen.roles.list(actor=OPERATOR)] == ["admin", "editor"]
    await limen.roles.delete("editor", actor=OPERATOR)
    with pytest.raises(RoleNotFound):
        await limen.roles.get("editor", actor=OPERATOR)
    assert await limen.event_names() == ["role.created", "role.replaced", "role.deleted"]


async def test_a_bad_role_names_every_fault() -> None:
    with pytest.raises(InvalidInput) as refused:
        await Assembly().roles.create(
            actor=OPERATOR, name="!", description="\0", permissions=["users.fly"]
        )
    assert [fault.field for fault in refused.value.details] == [
        "name",
        "description",
        "permissions",
    ]


async def test_a_name_is_taken_once() -> None:
    limen = Assembly()
    await limen.roles.create(actor=OPERATOR, name="editor")
    with pytest.raises(RoleTaken):
        await limen.roles.create(actor=OPERATOR, name="editor")


async def test_a_role_that_changed_since_is_not_changed() -> None:
    limen = Assembly()
    await limen.roles.create(actor=OPERATOR, name="editor")
    with pytest.raises(VersionMismatch):
        await limen.roles.replace("editor", actor=OPERATOR, expected_version=2)
    with pytest.raises(VersionMismatch):
        await limen.roles.delete("editor", actor=OPERATOR, expected_version=2)


async def test_the_built_in_role_stays() -> None:
    limen = Assembly()
    with pytest.raises(RoleBuiltIn):
        await limen.roles.delete(ADMIN, actor=OPERATOR)
    with pytest.raises(RoleBuiltIn):
        await limen.roles.replace(ADMIN, actor=OPERATOR)


async def test_a_role_in_use_is_not_deleted() -> None:
    limen = Assembly()
    ada = await limen.register()
    await limen.roles.create(actor=OPERATOR, name="editor")
    await limen.roles.grant(ada.id, "editor", actor=OPERATOR)
    with pytest.raises(RoleInUse):
        await limen.roles.delete("editor", actor=OPERATOR)
    await limen.roles.withdraw(ada.id, "editor", actor=OPERATOR)
    await limen.roles.delete("editor", actor=OPERATOR)


async def test_a_grant_counts_at_once_and_until_its_end() -> None:
    limen = Assembly()
    ada = await limen.register()
    tokens = await limen.enter()
    query = ListQuery(filters={})
    await limen.roles.create(actor=OPERATOR, name="reader", permissions=["users.read"])
    end = limen.clock.now() + timedelta(minutes=5)
    await limen.roles.grant(ada.id, "reader", actor=OPERATOR, ends_at=end)
    await limen.users.list(query, actor=acting(tokens))
    renewed = await limen.tokens.refresh(refresh_token=tokens.refresh_token)
    assert (await limen.tokens.authenticate(renewed.access_token)).roles == ("reader",)
    limen.clock.advance(timedelta(minutes=5))
    with pytest.raises(PermissionMissing):
        await limen.users.list(query, actor=acting(tokens))
    renewed = await limen.tokens.refresh(refresh_token=renewed.refresh_token)
    assert (await limen.tokens.authenticate(renewed.access_token)).roles == ()


async def test_a_withdrawn_role_counts_no_more_at_once() -> None:
    limen = Assembly()
    await limen.administrator("second@example.org")
    root = await limen.administrator()
    actor = acting(await limen.enter("root@example.org"))
    await limen.roles.list(actor=actor)
    await limen.roles.withdraw(root.id, ADMIN, actor=OPERATOR)
    with pytest.raises(PermissionMissing):
        await limen.roles.list(actor=actor)


async def test_what_cannot_be_granted_or_withdrawn() -> None:
    limen = Assembly()
    ada = await limen.register()
    with pytest.raises(RoleNotFound):
        await limen.roles.grant(ada.id, "nothing", actor=OPERATOR)
    with pytest.raises(UserNotFound):
        await limen.roles.grant(a_user_id(), ADMIN, actor=OPERATOR)
    with pytest.raises(GrantNotFound):
        await limen.roles.withdraw(ada.id, ADMIN, actor=OPERATOR)
    with pytest.raises(UserNotFound):
        await limen.roles.withdraw(a_user_id(), ADMIN, actor=OPERATOR)
    with pytest.raises(UserNotFound):
        await limen.roles.list_grants(a_user_id(), actor=OPERATOR)


@pytest.mark.parametrize("is_naive", [True, False])
async def test_an_end_lies_in_the_future_and_has_an_offset(is_naive: bool) -> None:
    limen = Assembly()
    ada = await limen.register()
    now = limen.clock.now()
    end: datetime = now.replace(tzinfo=None) + timedelta(days=1) if is_naive else now
    with pytest.raises(InvalidInput):
        await limen.roles.grant(ada.id, ADMIN, actor=OPERATOR, ends_at=end)


async def test_the_last_administrator_is_neither_demoted_nor_given_an_end() -> None:
    limen = Assembly()
    root = await limen.administrator()
    end = limen.clock.now() + timedelta(days=1)
    with pytest.raises(LastAdministrator):
        await limen.roles.withdraw(root.id, ADMIN, actor=OPERATOR)
    with pytest.raises(LastAdministrator):
        await limen.roles.grant(root.id, ADMIN, actor=OPERATOR, ends_at=end)
    second = await limen.register("second@example.org")
    await limen.roles.grant(second.id, ADMIN, actor=OPERATOR, ends_at=end)
    with pytest.raises(LastAdministrator):
        await limen.roles.withdraw(root.id, ADMIN, actor=OPERATOR)
    await limen.roles.grant(second.id, ADMIN, actor=OPERATOR)
    await limen.roles.withdraw(root.id, ADMIN, actor=OPERATOR)


async def test_nobody_gives_takes_or_shapes_what_they_do_not_have() -> None:
    limen = Assembly()
    await limen.administrator("second@example.org")
    root = await limen.administrator()
    ada = await limen.register()
    await limen.roles.create(
        actor=OPERATOR, name="chief", permissions=["roles.manage", "roles.grant", "roles.read"]
    )
    await limen.roles.create(actor=OPERATOR, name="reader", permissions=["users.read"])
    await limen.roles.grant(ada.id, "chief", actor=OPERATOR)
    actor = acting(await limen.enter())
    await limen.roles.create(actor=actor, name="free", permissions=["posts.edit"])
    await limen.roles.grant(ada.id, "free", actor=actor)
    for call in (
        limen.roles.create(actor=actor, name="more", permissions=["users.delete"]),
        limen.roles.replace("chief", actor=actor, permissions=["users.delete"]),
        limen.roles.replace("reader", actor=actor, permissions=[]),
        limen.roles.delete("reader", actor=actor),
        limen.roles.grant(ada.id, ADMIN, actor=actor),
        limen.roles.grant(ada.id, "reader", actor=actor),
        limen.roles.grant(root.id, "free", actor=actor),
        limen.roles.withdraw(root.id, ADMIN, actor=actor),
    ):
        with pytest.raises(BeyondOwnPermissions):
            await call


async def test_people_see_their_own_grants_and_only_with_permission_others() -> None:
    limen = Assembly()
    ada, bob = await limen.register(), await limen.register("bob@example.org")
    actor = acting(await limen.enter())
    assert await limen.roles.list_grants(ada.id, actor=actor) == ()
    with pytest.raises(PermissionMissing):
        await limen.roles.list_grants(bob.id, actor=actor)


async def test_an_end_is_kept_in_utc_and_within_what_stores_can_hold() -> None:
    limen = Assembly()
    ada = await limen.register()
    await limen.roles.create(actor=OPERATOR, name="editor")
    west = timezone(timedelta(hours=-12))
    with pytest.raises(InvalidInput):
        await limen.roles.grant(
            ada.id, "editor", actor=OPERATOR, ends_at=datetime(9999, 12, 31, 23, tzinfo=west)
        )
    end = datetime(2999, 1, 1, tzinfo=west)
    grant = await limen.roles.grant(ada.id, "editor", actor=OPERATOR, ends_at=end)
    assert grant.ends_at is not None
    assert grant.ends_at.isoformat() == "2999-01-01T12:00:00+00:00"


@pytest.mark.parametrize("name", ["\0", "a\0b", "x" * 1000, "Admin", ""])
async def test_no_role_can_be_called_that(name: str) -> None:
    limen = Assembly()
    ada = await limen.register()
    for call in (
        limen.roles.get(name, actor=OPERATOR),
        limen.roles.delete(name, actor=OPERATOR),
        limen.roles.grant(ada.id, name, actor=OPERATOR),
        limen.roles.withdraw(ada.id, name, actor=OPERATOR),
    ):
        with pytest.raises(RoleNotFound):
            await call


async def test_a_sign_in_of_long_ago_gives_and_takes_no_roles() -> None:
    limen = Assembly()
    ada = await limen.register()
    await limen.roles.create(actor=OPERATOR, name="editor")
    await limen.roles.grant(ada.id, "editor", actor=OPERATOR)
    await limen.administrator()
    root = acting(await limen.enter("root@example.org"))
    limen.clock.advance(timedelta(minutes=10))
    with pytest.raises(StepUpNeeded):
        await limen.roles.grant(ada.id, ADMIN, actor=root)
    with pytest.raises(StepUpNeeded):
        await limen.roles.withdraw(ada.id, "editor", actor=root)
    with pytest.raises(StepUpNeeded):
        await limen.roles.replace("editor", permissions=("users.read",), actor=root)
    assert (await limen.roles.get("editor", actor=OPERATOR)).permissions == frozenset()
