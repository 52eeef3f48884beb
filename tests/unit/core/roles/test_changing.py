"""What changing roles and grants stores and tells, and with which permission."""

from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from limen.core.actor import Actor
from limen.core.errors import InvalidInput, NotSignedIn, PermissionMissing
from limen.core.ids import UserId
from limen.core.roles.model import ADMIN, Grant, Permission, Role
from limen.testing.assembly import OPERATOR, Assembly, acting

BOB = "bob@example.org"
Use = Callable[[Assembly, UserId, Actor], Coroutine[Any, Any, object]]

USES: dict[str, tuple[Permission, Use]] = {
    "list": (Permission.ROLES_READ, lambda limen, _, actor: limen.roles.list(actor=actor)),
    "get": (Permission.ROLES_READ, lambda limen, _, actor: limen.roles.get("free", actor=actor)),
    "list_permissions": (
        Permission.ROLES_READ,
        lambda limen, _, actor: limen.roles.list_permissions(actor=actor),
    ),
    "list_grants": (
        Permission.ROLES_READ,
        lambda limen, ada, actor: limen.roles.list_grants(ada, actor=actor),
    ),
    "create": (
        Permission.ROLES_MANAGE,
        lambda limen, _, actor: limen.roles.create(actor=actor, name="other"),
    ),
    "replace": (
        Permission.ROLES_MANAGE,
        lambda limen, _, actor: limen.roles.replace("free", actor=actor),
    ),
    "delete": (
        Permission.ROLES_MANAGE,
        lambda limen, _, actor: limen.roles.delete("free", actor=actor),
    ),
    "grant": (
        Permission.ROLES_GRANT,
        lambda limen, ada, actor: limen.roles.grant(ada, "free", actor=actor),
    ),
    "withdraw": (
        Permission.ROLES_GRANT,
        lambda limen, ada, actor: limen.roles.withdraw(ada, "held", actor=actor),
    ),
}


async def told(limen: Assembly) -> tuple[object, ...]:
    event = await limen.last_event()
    return event.name, event.at, event.actor, event.user_id, event.payload


@pytest.mark.parametrize("use", USES)
async def test_every_use_needs_exactly_its_permission(use: str) -> None:
    limen = Assembly()
    permission, call = USES[use]
    ada, bob = await limen.register(), await limen.register(BOB)
    await limen.roles.create(actor=OPERATOR, name="free")
    await limen.roles.create(actor=OPERATOR, name="held")
    await limen.roles.grant(ada.id, "held", actor=OPERATOR)
    rest = set(Permission) - {permission}
    await limen.roles.create(actor=OPERATOR, name="exact", permissions=rest)
    await limen.roles.grant(bob.id, "exact", actor=OPERATOR)
    actor = acting(await limen.enter(BOB))
    with pytest.raises(PermissionMissing, match=permission.value):
        await call(limen, ada.id, actor)
    with pytest.raises(NotSignedIn):
        await call(limen, ada.id, Actor.anonymous())
    await limen.roles.replace("exact", actor=OPERATOR, permissions=[permission])
    await call(limen, ada.id, actor)


async def test_a_role_is_stored_as_it_was_given_and_told() -> None:
    limen = Assembly()
    begun = limen.clock.now()
    made = await limen.roles.create(
        actor=OPERATOR, name="editor", description="Edits.", permissions=["posts.edit", "a.b"]
    )
    permissions = frozenset({"posts.edit", "a.b"})
    assert made == Role(
        name="editor",
        description="Edits.",
        permissions=permissions,
        created_at=begun,
        updated_at=begun,
        version=1,
    )
    payload: dict[str, object] = {"role": "editor", "permissions": ["a.b", "posts.edit"]}
    assert await told(limen) == ("role.created", begun, OPERATOR, None, payload)
    now = limen.clock.advance(timedelta(minutes=1))
    replaced = await limen.roles.replace(
        "editor", actor=OPERATOR, description="Reads.", permissions=["c.d", "a.b"]
    )
    assert replaced == Role(
        name="editor",
        description="Reads.",
        permissions=frozenset({"a.b", "c.d"}),
        created_at=begun,
        updated_at=now,
        version=2,
    )
    assert await limen.roles.get("editor", actor=OPERATOR) == replaced
    payload = {"role": "editor", "permissions": ["a.b", "c.d"]}
    assert await told(limen) == ("role.replaced", now, OPERATOR, None, payload)
    now = limen.clock.advance(timedelta(minutes=1))
    await limen.roles.delete("editor", actor=OPERATOR)
    assert await told(limen) == ("role.deleted", now, OPERATOR, None, {"role": "editor"})


async def test_permissions_are_told_in_order() -> None:
    limen = Assembly()
    ordered = [f"posts.{letter}" for letter in "abcdefghij"]
    made = await limen.roles.create(actor=OPERATOR, name="editor", permissions=ordered[::-1])
    assert made.description == ""
    assert (await limen.last_event()).payload["permissions"] == ordered
    await limen.roles.replace("editor", actor=OPERATOR, permissions=ordered[:0:-1])
    assert (await limen.last_event()).payload["permissions"] == ordered[1:]


async def test_a_role_of_this_very_version_is_changed() -> None:
    limen = Assembly()
    await limen.roles.create(actor=OPERATOR, name="editor")
    await limen.roles.replace("editor", actor=OPERATOR, expected_version=1)
    await limen.roles.delete("editor", actor=OPERATOR, expected_version=2)


async def test_grants_are_stored_as_they_were_given_and_told() -> None:
    limen = Assembly()
    ada = await limen.register()
    await limen.roles.create(actor=OPERATOR, name="editor")
    now = limen.clock.advance(timedelta(minutes=1))
    end = now + timedelta(microseconds=1)
    for ends_at in (end, None):
        grant = await limen.roles.grant(ada.id, "editor", actor=OPERATOR, ends_at=ends_at)
        assert grant == Grant(user_id=ada.id, role="editor", granted_at=now, ends_at=ends_at)
        assert await limen.roles.list_grants(ada.id, actor=OPERATOR) == (grant,)
        instant = None if ends_at is None else ends_at.isoformat()
        payload: dict[str, object] = {"role": "editor", "ends_at": instant}
        assert await told(limen) == ("role.granted", now, OPERATOR, ada.id, payload)
    now = limen.clock.advance(timedelta(minutes=1))
    await limen.roles.withdraw(ada.id, "editor", actor=OPERATOR)
    assert await limen.roles.list_grants(ada.id, actor=OPERATOR) == ()
    assert await told(limen) == ("role.withdrawn", now, OPERATOR, ada.id, {"role": "editor"})


async def test_an_administrator_may_be_granted_the_role_again_or_another_for_a_time() -> None:
    limen = Assembly()
    root = await limen.administrator()
    await limen.roles.grant(root.id, ADMIN, actor=OPERATOR)
    await limen.roles.create(actor=OPERATOR, name="editor")
    end = limen.clock.now() + timedelta(days=1)
    await limen.roles.grant(root.id, "editor", actor=OPERATOR, ends_at=end)
    await limen.roles.withdraw(root.id, "editor", actor=OPERATOR)


async def test_the_permissions_are_limens_and_those_of_all_roles_in_order() -> None:
    limen = Assembly()
    for name, permission in (("aa", "zebras.feed"), ("bb", "apes.feed")):
        await limen.roles.create(actor=OPERATOR, name=name, permissions=[permission])
    own = [permission.value for permission in Permission]
    listed = await limen.roles.list_permissions(actor=OPERATOR)
    assert listed == tuple(sorted([*own, "zebras.feed", "apes.feed"]))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "!"}, "name"),
        ({"name": "ok", "description": "\0"}, "description"),
        ({"name": "ok", "permissions": ["x"]}, "permissions"),
    ],
)
async def test_one_fault_is_enough_and_said_in_words(given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await Assembly().roles.create(actor=OPERATOR, **given)
    (fault,) = refused.value.details
    assert (fault.field, fault.code) == (field, "invalid")
    assert len(fault.message) > 20


@pytest.mark.parametrize(
    ("end", "code", "words"),
    [
        ("naive", "invalid", "must have an offset"),
        ("now", "in_the_past", "must lie in the future"),
        ("too late", "invalid", "before the year 10000"),
    ],
)
async def test_a_bad_end_of_a_grant_is_told_with_its_reason(
    end: str, code: str, words: str
) -> None:
    limen = Assembly()
    ada = await limen.register()
    now = limen.clock.now()
    west = timezone(timedelta(hours=-12))
    ends = {
        "naive": now.replace(tzinfo=None, year=2999),
        "now": now,
        "too late": datetime(9999, 12, 31, 23, tzinfo=west),
    }
    with pytest.raises(InvalidInput) as refused:
        await limen.roles.grant(ada.id, ADMIN, actor=OPERATOR, ends_at=ends[end])
    (fault,) = refused.value.details
    assert (fault.field, fault.code) == ("ends_at", code)
    assert words in fault.message
