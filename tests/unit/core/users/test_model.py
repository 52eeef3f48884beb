import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.core.errors import InvalidInput
from limen.core.ids import UserId
from limen.core.reading import Reader
from limen.core.signin.admission import reason_to_refuse
from limen.core.users.model import (
    Email,
    Json,
    Profile,
    Status,
    User,
    Username,
    UserPolicy,
    parse_attributes,
    parse_name,
    read_identifier,
)
from limen.core.users.profile import changed_fields, merge_patch, patch_profile, read_profile

NOW = datetime(2026, 1, 2, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def a_user(**changes: Any) -> User:
    fields = {
        "id": UserId(UUID(int=1)),
        "email": Email.parse("ada@example.org"),
        "created_at": NOW,
        "updated_at": NOW,
    }
    return User(**{**fields, **changes})


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("ada@example.org", "ada@example.org"),
        (" Ada@Example.ORG ", "ada@example.org"),
        ("ada+tag@example.org", "ada+tag@example.org"),
        ("o'hara@example.co.uk", "o'hara@example.co.uk"),
        ("jörg@bücher.example", "jörg@xn--bcher-kva.example"),
        ("JO\u0308RG@BÜCHER.example", "jörg@xn--bcher-kva.example"),
        ("ﬁne@example.org", "fine@example.org"),
        ("用户@例子.测试", "用户@xn--fsqu00a.xn--0zwm56d"),
        ("a" * 64 + "@example.org", "a" * 64 + "@example.org"),
    ],
)
def test_an_address_keeps_its_written_form_and_has_one_key(written: str, key: str) -> None:
    assert Email.parse(written).key == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "ada",
        "ada@",
        "@example.org",
        "ada@localhost",
        "ada@example..org",
        "ada@-example.org",
        "ada@example.org.",
        "ada@127.0.0.1",
        "ada@[127.0.0.1]",
        "ada@exam ple.org",
        "a da@example.org",
        ".ada@example.org",
        "ada.@example.org",
        "a..da@example.org",
        "ada@b@example.org",
        '"ada"@example.org',
        "ada\n@example.org",
        "ada\u200b@example.org",
        "ada@ex\u202eample.org",
        "a" * 65 + "@example.org",
        "a@" + "b" * 64 + ".org",
        "a@" + ".".join(["b" * 60] * 5),
        "ada@straße.example",
        "ada@exa\u200dmple.org",
        "ada@example.org\0",
        "\ud800@example.org",
        "victim\uff20bank.com@evil.org",
        "a\u2024\u2024b@example.org",
        "a\u2003b@example.org",
        "\uff1cscript\uff1e@example.org",
        "ada@exam\ufe0fple.org",
        "ada@example\u3002org",
        "ada@\uff45xample.org",
        "\u0301\u0327" * 30_000 + "@example.org",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be an e-mail address"):
        Email.parse(text)


@given(st.text(max_size=80))
def test_parsing_any_text_gives_an_address_or_one_sentence(text: str) -> None:
    try:
        email = Email.parse(text)
    except ValueError:
        with pytest.raises(ValueError, match="must be an e-mail address"):
            Email.parse(text)
    else:
        assert Email.parse(email.address) == email
        assert Email.parse(email.address.upper()).key.count("@") == 1


@given(st.emails())
def test_case_never_makes_a_second_address(address: str) -> None:
    try:
        email = Email.parse(address)
    except ValueError:
        return
    assert Email.parse(address.upper()).key == Email.parse(address.lower()).key == email.key


@pytest.mark.parametrize("text", ["ada", "a", "7", "a.b-c_d", "A" * 64])
def test_usernames(text: str) -> None:
    assert Username.parse(text).key == text.lower()


@pytest.mark.parametrize("text", ["", ".a", "a.", "a b", "a@b", "ädä", "a" * 65, "\u0430"])
def test_what_is_no_username_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="1 to 64"):
        Username.parse(text)


def test_an_identifier_is_an_address_a_username_or_nobody() -> None:
    assert read_identifier("ada@example.org") == Email.parse("ada@example.org")
    assert read_identifier("ada") == Username.parse("ada")
    assert read_identifier("a@b") is None
    assert read_identifier("ä") is None


@pytest.mark.parametrize("text", ["x" * 201, "a\0b", "a\u202eb", "a\nb", "\ufdfa" * 30])
def test_names_are_short_and_visible(text: str) -> None:
    with pytest.raises(ValueError, match="at most 200"):
        parse_name(text)
    assert parse_name("  Ada Lovelace ") == "Ada Lovelace"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abcdef"), JSON, max_size=4)


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


@given(OBJECTS)
def test_attributes_are_any_json_object_of_bounded_depth(value: Any) -> None:
    if depth(value) <= 8:
        assert parse_attributes(value) == value
    else:
        with pytest.raises(ValueError, match="8 levels"):
            parse_attributes(value)


@pytest.mark.parametrize(
    "value",
    [
        {"a": 2**53},
        {"a": float("nan")},
        {"a": float("inf")},
        {"a": "\0"},
        {"\0": 1},
        {"a": "\ud800"},
        {1: "a"},
        {"a": object()},
        {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {}}}}}}}}},
    ],
)
def test_attributes_no_store_or_client_could_hold_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="must be JSON"):
        parse_attributes(value)


def test_attributes_are_bounded_in_size() -> None:
    with pytest.raises(ValueError, match="bytes"):
        parse_attributes({"a": "x" * 17_000})


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_what_rfc_7396_appendix_a_says(
    target: dict[str, Json], patch: dict[str, Json], result: dict[str, Json]
) -> None:
    assert merge_patch(target, patch) == result


@given(OBJECTS, OBJECTS)
def test_patching_twice_is_patching_once(target: dict[str, Json], patch: dict[str, Json]) -> None:
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once
    assert json.dumps(once)


def test_behaviour_gives_a_new_user_one_version_on() -> None:
    user = a_user()
    suspended = user.suspend(LATER)
    assert (suspended.status, suspended.version, suspended.updated_at) == (
        Status.SUSPENDED,
        2,
        LATER,
    )
    assert suspended.reactivate(LATER).status is Status.ACTIVE
    assert user.status is Status.ACTIVE


def test_a_new_address_is_not_verified() -> None:
    user = a_user(email_verified_at=NOW)
    profile = user.profile
    assert user.with_profile(profile, LATER).email_verified_at == NOW
    other = patch_profile(profile, email="ada@example.com")
    assert user.with_profile(other, LATER).email_verified_at is None
    # Where the provider keeps letters apart it is somebody else's mailbox.
    for spelling in ("ADA@example.org", "\uff41da@example.org"):
        respelled = patch_profile(profile, email=spelling)
        assert user.with_profile(respelled, LATER).email_verified_at is None


def test_a_patch_changes_only_what_is_given() -> None:
    profile = Profile(email=Email.parse("ada@example.org"), name="Ada", attributes={"a": 1})
    assert patch_profile(profile) == profile
    changed = patch_profile(profile, username="ada", locale="de", attributes={"a": None, "b": 2})
    assert changed_fields(profile, changed) == ("username", "locale", "attributes")
    assert changed.attributes == {"b": 2}
    assert patch_profile(changed, username=None, attributes=None).attributes == {}
    assert patch_profile(changed, name="A").locale == "de"
    assert patch_profile(changed, locale=None).locale is None


def test_a_bad_patch_names_every_fault() -> None:
    profile = Profile(email=Email.parse("ada@example.org"))
    with pytest.raises(InvalidInput) as refused:
        patch_profile(
            profile,
            email="x",
            username="!",
            name="\0",
            locale="_",
            attributes={"a": float("nan")},
        )
    assert [fault.field for fault in refused.value.details] == [
        "email",
        "username",
        "name",
        "locale",
        "attributes",
    ]


def test_reading_a_bad_profile_gives_none_and_every_fault() -> None:
    reader = Reader()
    assert read_profile(reader, email="x", username="!", name="\0", locale="") is None
    assert [fault.field for fault in reader.faults] == ["email", "username", "name", "locale"]


def test_a_profile_with_a_bad_language_alone_is_bad() -> None:
    reader = Reader()
    assert read_profile(reader, email="ada@example.org", locale="German, please") is None
    assert [fault.field for fault in reader.faults] == ["locale"]


def test_the_language_is_part_of_the_profile() -> None:
    user = a_user(locale="de-AT")
    assert user.profile.locale == "de-AT"
    assert user.with_profile(patch_profile(user.profile, locale="gsw"), LATER).locale == "gsw"


@pytest.mark.parametrize(
    ("user", "policy", "reason"),
    [
        (a_user(), UserPolicy(), None),
        (a_user(status=Status.PENDING), UserPolicy(), "pending"),
        (a_user(status=Status.SUSPENDED), UserPolicy(), "suspended"),
        (a_user(), UserPolicy(allows_unverified_sign_in=False), "unverified"),
        (
            a_user(email_verified_at=NOW),
            UserPolicy(allows_unverified_sign_in=False),
            None,
        ),
    ],
)
def test_who_may_come_in(user: User, policy: UserPolicy, reason: str | None) -> None:
    found = reason_to_refuse(user, policy)
    assert (found.value if found else None) == reason


def test_who_registers_is_pending_where_addresses_must_be_proved() -> None:
    assert UserPolicy().first_status is Status.ACTIVE
    assert UserPolicy(allows_unverified_sign_in=False).first_status is Status.PENDING


def test_in_json_true_is_not_one() -> None:
    profile = Profile(email=Email.parse("ada@example.org"), attributes={"a": True, "b": 1})
    changed = patch_profile(profile, attributes={"a": 1})
    assert changed_fields(profile, changed) == ("attributes",)
    same = patch_profile(profile, attributes={"b": 1})
    assert changed_fields(profile, same) == ()


@pytest.mark.parametrize("local", ["=?x?q?a?=", "=?utf-8?q?a=40evil.example?=", "a=?b"])
def test_what_mail_programs_would_read_as_something_else_is_no_address(local: str) -> None:
    with pytest.raises(ValueError, match="must be an e-mail address"):
        Email.parse(f"{local}@example.org")
