"""What the strategies draw is valid, always; and the edges they promise do turn up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from limen.adapters.breached.offline import OfflineBreachedPasswords
from limen.core.errors import PasswordRefused
from limen.core.passwords.model import PasswordPolicy, normalise
from limen.core.passwords.preparation import PasswordPreparation
from limen.core.roles.model import ADMIN, OWN, Role, parse_permissions, parse_role_name
from limen.core.secret import Secret
from limen.core.text import fold, nfc
from limen.core.users.locale import parse_locale
from limen.core.users.model import (
    Email,
    Status,
    User,
    Username,
    parse_attributes,
    parse_name,
)
from limen.testing import in_memory, strategies
from limen.testing.assembly import tokens_of
from limen.testing.fakes import NOON, ListedPasswords, PlainHasher
from limen.testing.people import registered

SOME = settings(max_examples=50, deadline=None, derandomize=True, database=None)


def turns_up(
    strategy: st.SearchStrategy[Any], is_edge: Callable[[Any], bool], among: int = 1000
) -> bool:
    """Tell whether such a value is among the first that are drawn."""
    found = find(
        strategy,
        is_edge,
        settings=settings(SOME, max_examples=among, phases=[Phase.generate]),
        random=Random(0),  # noqa: S311 - chance that is the same each time
    )
    return is_edge(found)


def host(text: str) -> str:
    return Email.parse(text).key.rpartition("@")[2]


def local(text: str) -> str:
    return nfc(text).rpartition("@")[0]


def octets(text: str) -> int:
    return len(f"{local(text)}@{host(text)}".encode())


# --- e-mail addresses ---


@SOME
@given(text=strategies.email_texts())
def test_email_texts_are_addresses_that_limen_takes(text: str) -> None:
    email = Email.parse(text)
    assert Email.parse(email.address) == email
    assert len(local(text).encode()) <= 64
    assert octets(text) <= 254


@pytest.mark.parametrize(
    "is_edge",
    [
        pytest.param(lambda t: len(local(t).encode()) == 64, id="local part of 64 octets"),
        pytest.param(
            lambda t: len(local(t).encode()) == 64 > len(local(t)), id="64 octets, fewer characters"
        ),
        pytest.param(lambda t: octets(t) == 254, id="254 octets"),
        pytest.param(lambda t: octets(t) == 253, id="253 octets"),
        pytest.param(lambda t: any(len(p) == 63 for p in host(t).split(".")), id="label of 63"),
        pytest.param(lambda t: len(local(t)) == 1, id="local part of one character"),
        pytest.param(lambda t: not t.rpartition("@")[2].isascii(), id="Unicode domain"),
        pytest.param(lambda t: t.isascii() and "xn--" in t, id="Punycode domain"),
        pytest.param(lambda t: "XN--" in t, id="Punycode in capitals"),
        pytest.param(lambda t: not local(t).isascii(), id="Unicode local part"),
        pytest.param(str.isupper, id="capitals"),
        pytest.param(str.islower, id="small letters"),
        pytest.param(lambda t: t != t.swapcase() and not (t.isupper() or t.islower()), id="mixed"),
        pytest.param(lambda t: nfc(t) != t, id="decomposed"),
        pytest.param(lambda t: fold(local(t)) != local(t).lower(), id="folds beyond lower case"),
        pytest.param(lambda t: "." in local(t), id="dots"),
    ],
)
def test_the_edges_of_addresses_turn_up(is_edge: Callable[[str], bool]) -> None:
    assert turns_up(strategies.email_texts(), is_edge)


def test_what_is_no_edge_does_not_turn_up() -> None:
    with pytest.raises(NoSuchExample):
        turns_up(strategies.email_texts(), lambda text: octets(text) > 254, among=50)


def test_two_spellings_of_one_address_turn_up() -> None:
    def are_one(pair: tuple[str, str]) -> bool:
        one, other = map(Email.parse, pair)
        return one.key == other.key and one.address != other.address

    assert turns_up(st.tuples(strategies.email_texts(), strategies.email_texts()), are_one)


@SOME
@given(text=strategies.not_emails())
def test_not_emails_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="must be an e-mail address"):
        Email.parse(text)


# --- names, passwords ---


@SOME
@given(username=strategies.usernames(), name=strategies.names())
def test_names_are_valid(username: Username, name: str) -> None:
    assert Username.parse(username.name) == username
    assert parse_name(name) == name


@given(tag=strategies.locales())
def test_languages_are_valid(tag: str) -> None:
    assert parse_locale(tag) == tag


@pytest.mark.parametrize("part", ["Latn", "CH", "150", "1abc", "x-latn"])
def test_every_part_of_a_language_tag_turns_up(part: str) -> None:
    assert turns_up(strategies.locales(), lambda tag: part in tag)


@pytest.mark.parametrize("size", [1, 64])
def test_the_shortest_and_the_longest_username_turn_up(size: int) -> None:
    assert turns_up(strategies.usernames(), lambda username: len(username.name) == size)


@SOME
@given(password=strategies.passwords())
async def test_passwords_are_taken(password: str) -> None:
    await preparation().prepare(password, (), field="password")


def preparation() -> PasswordPreparation:
    return PasswordPreparation(policy=PasswordPolicy(), breached=_LISTS, hasher=PlainHasher())


_LISTS = OfflineBreachedPasswords()


@pytest.mark.parametrize(
    "is_edge",
    [
        pytest.param(lambda p: len(normalise(p).reveal()) == 12, id="shortest"),
        pytest.param(lambda p: "\0" in p, id="NUL"),
        pytest.param(lambda p: normalise(p).reveal() != p, id="another form"),
        pytest.param(lambda p: any(ord(char) > 0xFFFF for char in p), id="beyond 16 bits"),
        pytest.param(lambda p: p != p.strip(), id="white space outside"),
    ],
)
def test_the_edges_of_passwords_turn_up(is_edge: Callable[[str], bool]) -> None:
    assert turns_up(strategies.passwords(), is_edge)


@SOME
@given(password=strategies.refused_passwords())
async def test_refused_passwords_are_refused(password: str) -> None:
    with pytest.raises(PasswordRefused):
        await preparation().prepare(password, (), field="password")


async def test_a_limen_in_memory_refuses_them_too() -> None:
    assert await ListedPasswords().contains(Secret("PASSWORD1234"))


# --- time ---


@SOME
@given(instant=strategies.instants(within=timedelta(days=1)))
def test_instants_are_in_utc_and_not_far_away(instant: datetime) -> None:
    assert instant.tzinfo is UTC
    assert abs(instant - NOON) <= timedelta(days=1)


def test_microseconds_turn_up() -> None:
    assert turns_up(strategies.instants(), lambda instant: instant.microsecond % 1000 > 0)


# --- users, roles ---


@settings(SOME, max_examples=20)
@given(user=strategies.users())
def test_users_may_exist(user: User) -> None:
    assert Email.parse(user.email.address).key == user.email.key
    assert user.id.version == 7
    assert parse_attributes(user.attributes) == user.attributes
    for instant in (user.email_verified_at, user.last_sign_in_at):
        assert instant is None or user.created_at <= instant <= user.updated_at


@settings(SOME, max_examples=20)
@given(user=strategies.users(status=st.just(Status.PENDING), username=st.none()))
def test_fields_of_users_can_be_given(user: User) -> None:
    assert (user.status, user.username) == (Status.PENDING, None)


@pytest.mark.parametrize("status", list(Status))
def test_users_of_each_status_turn_up(status: Status) -> None:
    assert turns_up(strategies.users(), lambda user: user.status is status)


@settings(SOME, max_examples=20)
@given(role=strategies.roles(), name=strategies.role_names(), permission=strategies.permissions())
def test_roles_are_valid(role: Role, name: str, permission: str) -> None:
    assert parse_role_name(role.name) != ADMIN
    assert parse_permissions(role.permissions) == role.permissions
    assert role.created_at <= role.updated_at
    parse_role_name(name)
    parse_permissions([permission])


@pytest.mark.parametrize(
    ("strategy", "is_edge"),
    [
        (strategies.role_names(), lambda name: name == ADMIN),
        (strategies.role_names(), lambda name: len(name) == 2),
        (strategies.permissions(), lambda name: name in OWN),
        (strategies.permissions(), lambda name: name not in OWN),
    ],
    ids=["admin", "two characters", "limen's own", "made up"],
)
def test_the_edges_of_roles_turn_up(
    strategy: st.SearchStrategy[str], is_edge: Callable[[str], bool]
) -> None:
    assert turns_up(strategy, is_edge)


# --- what an application does with them ---


@settings(SOME, max_examples=25)
@given(registration=strategies.registrations())
async def test_everybody_drawn_can_register_and_sign_in(registration: dict[str, str]) -> None:
    limen = in_memory()
    email, password = registration["email"], registration["password"]
    user = registered(await limen.users.register(email=email, password=password))
    tokens = tokens_of(await limen.sign_in.sign_in(identifier=user.email.key, password=password))
    assert tokens.user == replace(user, last_sign_in_at=NOON)
