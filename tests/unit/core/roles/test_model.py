from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from limen.core.errors import BeyondOwnPermissions, PermissionMissing, RoleBuiltIn
from limen.core.ids import UserId
from limen.core.roles.model import (
    ADMIN,
    DESCRIPTIONS,
    ME_READ,
    NEVER_BY_KEY,
    OWN,
    RESERVED,
    Grant,
    Permission,
    Role,
    allowed_to_keys,
    parse_description,
    parse_permissions,
    parse_role_name,
    parse_scopes,
    permissions_of,
    refuse_beyond,
    refuse_more_by_key,
    require,
    role_name_or_none,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def a_role(name: str, *permissions: str) -> Role:
    return Role(name=name, permissions=frozenset(permissions), created_at=NOW, updated_at=NOW)


@pytest.mark.parametrize("name", ["admin", "support-desk", "a1", "a_b", "a" * 64])
def test_role_names(name: str) -> None:
    assert parse_role_name(name) == name


@pytest.mark.parametrize("name", ["", "a", "A", "1a", "a-", "a b", "ä", "a" * 65, "admin\n"])
def test_what_is_no_role_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="2 to 64"):
        parse_role_name(name)


def test_permissions_are_dotted_and_limens_own_words_are_limens() -> None:
    assert parse_permissions(["invoices.read", "users.read", "a.b.c"])
    for name in (
        "invoices",
        "Invoices.read",
        "invoices.",
        "users.fly",
        "roles.x",
        "a b.c",
        "x" * 101,
    ):
        with pytest.raises(ValueError, match="not possible"):
            parse_permissions([name])
    many = [f"app.p{number}" for number in range(201)]
    assert len(parse_permissions(many[:200])) == 200
    with pytest.raises(ValueError, match="at most 200"):
        parse_permissions(many)
    longest = f"a.{'x' * 98}"
    assert parse_permissions([longest]) == {longest}
    with pytest.raises(ValueError, match="not possible"):
        parse_permissions([f"{longest}x"])


def test_what_is_not_possible_is_named_with_the_words_that_are_limens() -> None:
    with pytest.raises(ValueError, match="not possible") as refused:
        parse_permissions(["users.fly", "a.b", "!"])
    assert str(refused.value) == (
        "not possible: !, users.fly; a permission is a dotted name such as invoices.read, "
        "and api_keys, factors, keys, maintenance, me, messages, passkeys, passwords, roles, "
        "service_accounts, sessions, users belong to limen"
    )


def test_limens_permissions_have_these_names() -> None:
    assert {
        "users.read",
        "users.write",
        "users.delete",
        "users.verify",
        "users.unlock",
        "users.import",
        "users.export",
        "passwords.set",
        "passwords.reset",
        "factors.read",
        "factors.reset",
        "passkeys.read",
        "passkeys.remove",
        "sessions.read",
        "sessions.revoke",
        "roles.read",
        "roles.manage",
        "roles.grant",
        "keys.read",
        "keys.rotate",
        "api_keys.read",
        "api_keys.revoke",
        "service_accounts.read",
        "service_accounts.manage",
        "messages.read",
        "messages.send",
        "maintenance.run",
    } == OWN
    words = (
        "api_keys factors keys maintenance me messages passkeys passwords roles service_accounts"
    )
    assert {*words.split(), "sessions", "users"} == RESERVED


def test_no_role_allows_what_is_everybodys_own() -> None:
    with pytest.raises(ValueError, match=r"me\.read"):
        parse_permissions([ME_READ])
    assert parse_scopes([ME_READ, "a.b"]) == {ME_READ, "a.b"}


def test_no_key_carries_what_is_a_matter_for_people_whoever_stored_it() -> None:
    with pytest.raises(ValueError, match=": ") as refused:
        parse_scopes([*NEVER_BY_KEY, "users.read"])
    assert str(refused.value) == f"not possible for a key: {', '.join(sorted(NEVER_BY_KEY))}"
    assert allowed_to_keys(OWN | {ME_READ}, OWN) == OWN - NEVER_BY_KEY | {ME_READ}


def test_a_key_gives_what_it_holds_and_no_more() -> None:
    held = frozenset({"roles.grant", "invoices.read"})
    refuse_more_by_key(held, held)
    with pytest.raises(BeyondOwnPermissions):
        refuse_more_by_key(held, held | {"invoices.write"})


def test_what_gives_power_or_cannot_be_undone_is_never_for_keys() -> None:
    assert sorted(NEVER_BY_KEY) == [
        *("api_keys.revoke", "factors.reset", "keys.rotate", "passkeys.remove"),
        *("passwords.reset", "passwords.set", "service_accounts.manage"),
        *("users.export", "users.import", "users.unlock", "users.verify"),
    ]
    assert allowed_to_keys(frozenset({"a.b"}), frozenset({"a.b", "a.c"})) == {"a.b"}
    assert allowed_to_keys(frozenset({"a.b", ME_READ}), frozenset()) == {ME_READ}


def test_a_role_has_no_description_of_its_own_accord() -> None:
    assert (a_role("a").description, a_role("a").version) == ("", 1)


def test_a_name_that_no_role_can_have_is_none() -> None:
    assert role_name_or_none("editor") == "editor"
    assert role_name_or_none("Editor") is None


def test_descriptions_are_short_and_visible() -> None:
    assert parse_description(" Helps people. ") == "Helps people."
    assert parse_description("x" * 400) == "x" * 400
    assert parse_description("") == ""
    for text in ("x" * 401, "x" * 100_000, "a\0b"):
        with pytest.raises(ValueError, match="at most 400"):
            parse_description(text)


def test_every_permission_is_described_in_words_of_its_own() -> None:
    assert set(DESCRIPTIONS) == set(Permission)
    assert all(len(words) > 10 for words in DESCRIPTIONS.values())
    assert len(set(DESCRIPTIONS.values())) == len(DESCRIPTIONS)


def test_admin_always_has_all_of_limens_permissions() -> None:
    assert permissions_of([a_role(ADMIN)]) == OWN
    assert permissions_of([a_role(ADMIN, "x.y")]) == OWN | {"x.y"}
    assert permissions_of([]) == frozenset()
    both = permissions_of([a_role("a", "x.y"), a_role("b", "x.z")])
    assert both == {"x.y", "x.z"}


def test_a_built_in_role_stays_as_it_is() -> None:
    with pytest.raises(RoleBuiltIn):
        a_role(ADMIN).replaced("", frozenset(), NOW)
    later = NOW + timedelta(1)
    replaced = a_role("a", "x.z").replaced("d", frozenset({"x.y"}), later)
    assert replaced == Role(
        name="a",
        description="d",
        permissions=frozenset({"x.y"}),
        created_at=NOW,
        updated_at=later,
        version=2,
    )


def test_a_missing_permission_is_named() -> None:
    require(Permission.USERS_READ, frozenset({"users.read"}))
    with pytest.raises(PermissionMissing, match=r"users\.write"):
        require(Permission.USERS_WRITE, frozenset({"users.read"}))


def test_limens_own_permissions_cannot_be_given_beyond_ones_own() -> None:
    refuse_beyond(frozenset({"users.read"}), frozenset({"users.read", "app.anything"}))
    with pytest.raises(BeyondOwnPermissions):
        refuse_beyond(frozenset({"users.read"}), frozenset({"users.write"}))


def test_a_grant_is_over_at_its_end() -> None:
    grant = Grant(user_id=UserId(UUID(int=1)), role="a", granted_at=NOW, ends_at=NOW + timedelta(1))
    assert grant.is_live(NOW)
    assert not grant.is_live(NOW + timedelta(1))
    assert Grant(user_id=UserId(UUID(int=1)), role="a", granted_at=NOW).is_live(NOW)
