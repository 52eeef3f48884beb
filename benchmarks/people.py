"""The people of a benchmark: made from a number, so that every run has the same."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Dialect

from limen.adapters.bcrypt import BcryptScheme
from limen.adapters.sql.passwords import write_credential
from limen.adapters.sql.statements import Statement
from limen.adapters.sql.tables import passwords, users
from limen.adapters.sql.users import write_user
from limen.core.ids import UserId
from limen.core.passwords.model import PasswordCredential
from limen.core.secret import Secret
from limen.core.users.model import Email, User, Username

PASSWORD: Final = "correct horse battery staple"
COST: Final = 10

_BEGINNING: Final = datetime(2026, 1, 1, tzinfo=UTC)
_MILLISECONDS: Final = int(_BEGINNING.timestamp() * 1000)
# Odd, so that every number of 32 bits becomes another one: addresses come in no order.
_SCRAMBLER: Final = 2_654_435_761
_MASK: Final = 0xFFFFFFFF


@lru_cache(1)
def digest() -> Secret[str]:
    """Return the one hash that everybody has."""
    return Secret(BcryptScheme(COST).hash(PASSWORD))


def id_of(number: int) -> UserId:
    """Return the id of a person: a UUIDv7, later for higher numbers."""
    time = (_MILLISECONDS + number) << 80
    return UserId(UUID(int=time | 7 << 76 | 2 << 62 | number))


def email_of(number: int) -> str:
    """Return the address of a person."""
    return f"{_scrambled(number)}@bench.example"


def username_of(number: int) -> str:
    """Return the username of a person."""
    return f"u{_scrambled(number)}"


def name_of(number: int) -> str:
    """Return what a person is called."""
    return f"Person {number}"


def person(number: int) -> User:
    """Return a person as limen knows them."""
    at = _BEGINNING + timedelta(milliseconds=number)
    email, username = email_of(number), username_of(number)
    return User(
        id=id_of(number),
        email=Email(email, email),
        username=Username(username, username),
        name=name_of(number),
        email_verified_at=at,
        created_at=at,
        updated_at=at,
    )


@dataclass(frozen=True, slots=True)
class Records:
    """Rows of one table in the form of a driver."""

    table: str
    columns: tuple[str, ...]
    rows: list[list[Any]]


def records(dialect: Dialect, numbers: Iterable[int]) -> tuple[Records, Records]:
    """Return the rows of people and of their passwords."""
    found = [person(number) for number in numbers]
    credentials = [
        PasswordCredential(user_id=user.id, digest=digest(), changed_at=user.created_at)
        for user in found
    ]
    return (
        _records(dialect, users, map(write_user, found)),
        _records(dialect, passwords, map(write_credential, credentials)),
    )


def _records(dialect: Dialect, table: Table, rows: Iterable[Any]) -> Records:
    compiled = Statement(insert(table)).on(dialect)
    return Records(table.name, compiled.names, [compiled.bind(row) for row in rows])


def _scrambled(number: int) -> str:
    return f"{number * _SCRAMBLER & _MASK:08x}"
