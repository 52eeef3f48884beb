"""What is stored comes back as it was, whatever its kind: see `limen.ports.unit_of_work.View`."""

from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import pytest

from limen.core.api_keys.model import ApiKeyEnd
from limen.core.idempotency.model import Attempt
from limen.core.keys.model import Algorithm
from limen.core.messages.model import MessageKind
from limen.core.secret import Secret
from limen.core.sessions.model import EndReason
from limen.core.users.model import Status, User, UserKind
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import (
    a_credential,
    a_device,
    a_family,
    a_full_user,
    a_grant,
    a_message,
    a_partial_session,
    a_proof,
    a_recovery_code,
    a_remembered,
    a_role,
    a_session,
    a_signing_key,
    a_totp,
    a_user,
    an_attempt,
)
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import assert_kept, change, keep
from limen.testing.fakes import NOON
from limen.testing.machine_builders import a_full_key, a_key, a_reset_request
from limen.testing.passkeys import a_ceremony, a_passkey

T = TypeVar("T")

INSTANT: Final = timedelta(microseconds=1)
ADDRESS: Final = "fe80:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
EMAIL: Final = f"{'a' * 64}@{'.'.join(['b' * 61] * 3)}.org"
NAME: Final = "r" * 64
LOCALE: Final = "zh-Hant-TW-" + "x-" + "y" * 22

# What some stores cut off, and what they do not.
_ENDINGS: Final = {"zero": b"\0", "space": b" ", "ones": b"\xff"}


def _text(length: int) -> str:
    """Return a text of characters that take one byte to four, none with a twin in its place."""
    return ("aﬁ①🔑é" * length)[:length]


def _bytes(length: int, last: bytes) -> bytes:
    """Return bytes that are no text in any encoding, the first of them 0."""
    return (b"\0\xff\x80'\\\n" * length)[: length - 1] + last


def _longest(user: User) -> list[Any]:
    session, message = a_session(user.id), a_message(to=EMAIL, sealed=b"s" * 5000)
    remembered = a_remembered(user.id, label=_text(100), address=ADDRESS, user_agent=_text(400))
    key = replace(a_full_key(user.id), name=_text(100), scopes=_permissions())
    role = replace(a_role(NAME), description=_text(400), permissions=_permissions())
    return [
        a_credential(user.id, digest="$" + "x" * 499),
        replace(session, label=_text(100), address=ADDRESS, user_agent=_text(400)),
        role,
        a_grant(user.id, NAME),
        key,
        replace(a_passkey(user.id, name=_text(100)), public_key=b"k" * 1000),
        replace(message, fault="f" * 100),
        a_proof(user.id, email=EMAIL, new_email=EMAIL),
        a_partial_session(user.id, label=_text(100)),
        remembered,
        a_totp(user.id, sealed=b"s" * 500),
        replace(a_signing_key("Kid_-" * 10), sealed=b"s" * 5000, public={"n": "x" * 1000}),
    ]


def _permissions() -> frozenset[str]:
    return frozenset(f"{'p' * 60}.{'q' * 35}{number:04}" for number in range(200))


def _raw(user: User, last: bytes) -> list[Any]:
    digest, other, third = (bytes([n]) + _bytes(31, last) for n in (0, 255, 128))
    session = a_session(user.id)
    family = replace(a_family(session.id, generation=2), seed=Secret(digest))
    remembered = replace(a_remembered(user.id), series_digest=digest, digest=other)
    return [
        session,
        replace(family, digest=other, previous_digest=third),
        replace(a_proof(user.id, asker=third), link_digest=digest, code_digest=other),
        replace(a_partial_session(user.id), digest=digest),
        replace(a_passkey(user.id, credential_id=digest), public_key=other),
        a_totp(user.id, sealed=digest),
        a_recovery_code(user.id, digest=digest),
        replace(a_key(user.id), digest=digest),
        replace(remembered, previous_digest=third),
        a_device(user.id, digest=digest),
        a_message(sealed=digest),
        replace(a_signing_key(), sealed=digest),
    ]


def _dated(user: User) -> list[Any]:
    session = a_session(user.id, ended_at=NOON)
    remembered = a_remembered(user.id)
    return [
        a_credential(user.id),
        session,
        replace(a_family(session.id), ended_at=NOON),
        role := a_role(),
        a_grant(user.id, role.name, ends_at=NOON),
        a_key(user.id, expires_at=NOON, ended_at=NOON),
        a_passkey(user.id, last_used_at=NOON),
        a_message(ended_at=NOON),
        a_proof(user.id, spent_at=NOON),
        a_partial_session(user.id),
        a_totp(user.id, confirmed_at=NOON),
        a_totp(user.id),
        a_recovery_code(user.id),
        remembered,
        a_device(user.id),
        a_reset_request(user.id),
        a_signing_key(),
    ]


def _to_the_microsecond(thing: T) -> T:
    """Move every instant, each by another few microseconds that no millisecond is near."""
    dates = {
        field.name: value + INSTANT * (1501 + number)
        for number, field in enumerate(fields(thing))  # type: ignore[arg-type]
        if isinstance(value := getattr(thing, field.name), datetime)
    }
    return replace(thing, **dates)  # type: ignore[type-var]


class ValuesContract(Contract):
    """What comes back is what was stored. Fixture: `unit_of_work`."""

    async def test_the_longest_texts_come_back_to_the_last_character(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user(email=EMAIL, username="u" * 64, name=_text(200), locale=LOCALE)
        things = _longest(user)
        await keep(unit_of_work, user, *things)
        await assert_kept(unit_of_work, user, *things)

    async def test_a_long_answer_comes_back_whole(self, unit_of_work: UnitOfWorkFactory) -> None:
        answer = _bytes(2**17, b"\0")
        finished = an_attempt(sealed=answer)
        await keep(unit_of_work, finished)
        assert_same(await _begin_again(unit_of_work, finished), finished)

    @pytest.mark.parametrize("ending", sorted(_ENDINGS))
    async def test_any_bytes_come_back_as_they_were(
        self, unit_of_work: UnitOfWorkFactory, ending: str
    ) -> None:
        user, last = a_user(), _ENDINGS[ending]
        things = _raw(user, last)
        await keep(unit_of_work, user, *things)
        await assert_kept(unit_of_work, *things)
        digest = _bytes(32, last)
        ceremony = replace(a_ceremony(), digest=digest, challenge=digest)
        attempt = replace(an_attempt(sealed=digest), scope=digest, fingerprint=digest)
        await keep(unit_of_work, ceremony, attempt)
        found = await change(
            unit_of_work, lambda uow: uow.ceremonies.consume(digest, ceremony.purpose, NOON)
        )
        assert_same(found, ceremony)
        assert_same(await _begin_again(unit_of_work, attempt), attempt)

    async def test_every_instant_comes_back_to_the_microsecond(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_full_user()
        things = [_to_the_microsecond(thing) for thing in (user, *_dated(user))]
        await keep(unit_of_work, *things)
        await assert_kept(unit_of_work, *things)
        attempt = _to_the_microsecond(an_attempt())
        await keep(unit_of_work, attempt)
        assert_same(await _begin_again(unit_of_work, attempt), attempt)

    async def test_an_empty_text_is_not_the_same_as_none(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        things = [
            replace(make(user.id), label="", user_agent=text)
            for make in (a_session, a_remembered)
            for text in ("", None)
        ]
        await keep(unit_of_work, user, *things)
        await assert_kept(unit_of_work, *things)

    async def test_every_kind_and_every_reason_comes_back(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        users = [a_user(kind=kind, status=status) for kind in UserKind for status in Status]
        sessions = [
            replace(a_session(user.id, ended_at=NOON), end_reason=reason) for reason in EndReason
        ]
        keys = [replace(a_key(user.id, ended_at=NOON), end_reason=reason) for reason in ApiKeyEnd]
        messages = [replace(a_message(), kind=kind) for kind in MessageKind]
        signing = [a_signing_key(algorithm=algorithm) for algorithm in Algorithm]
        things = [*users, *sessions, *keys, *messages, *signing]
        await keep(unit_of_work, user, *things)
        await assert_kept(unit_of_work, *things)


async def _begin_again(unit_of_work: UnitOfWorkFactory, attempt: Attempt) -> Attempt | None:
    """Return what the store has of an attempt."""
    later = replace(attempt, begun_at=attempt.begun_at + INSTANT, sealed=None)
    return await change(
        unit_of_work, lambda uow: uow.attempts.begin(later, abandoned_before=attempt.begun_at)
    )
