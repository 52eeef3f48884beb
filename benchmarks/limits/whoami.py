"""Who am I, bare: Litestar, one query on the driver, one struct; nothing around it.

Like the peers in the design's table it verifies the token's signature at each request. With
`BENCH_BELIEVES=yes` it does not even do that and only reads what the token says.
"""

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

import aiosqlite
import asyncpg
import jwt
import msgspec
from litestar import Litestar, Request, get

from benchmarks.limits.rotation import keep_as_it_is
from limen.adapters.sql.columns import Id, Instant

_URL: Final = os.environ["BENCH_DATABASE_URL"]
_ISSUER: Final = os.environ["BENCH_ISSUER"]
_BELIEVES: Final = os.environ.get("BENCH_BELIEVES") == "yes"
_KEYS: Final = {
    key["kid"]: jwt.PyJWK(key).key for key in json.loads(os.environ["BENCH_JWKS"])["keys"]
}
_POOL: Final = 10
_QUERY: Final = """
SELECT id, email, username, name, locale, status, attributes, email_verified_at,
       created_at, updated_at, last_sign_in_at, version
FROM users WHERE id = $1
"""

Row: TypeAlias = Any
Find: TypeAlias = Callable[[UUID], Awaitable[Row]]


class Person(msgspec.Struct):
    """What limen shows of a user."""

    id: UUID
    email: str
    username: str | None
    name: str
    locale: str | None
    status: str
    attributes: dict[str, Any]
    email_verified: bool
    email_verified_at: datetime | None
    created_at: datetime
    updated_at: datetime
    last_sign_in_at: datetime | None
    version: int


class Answer(msgspec.Struct):
    """The same envelope."""

    success: bool
    data: Person


@get("/api/v1/me")
async def me(request: Request[Any, Any, Any]) -> Answer:
    """Return whom the token names."""
    subject = _subject(request.headers["authorization"].removeprefix("Bearer "))
    row = await request.app.state.find(UUID(subject))
    return Answer(success=True, data=_person(row))


@get("/")
async def live() -> None:
    """Answer."""


def _subject(token: str) -> str:
    if _BELIEVES:
        claims = jwt.decode(token, options={"verify_signature": False})
    else:
        key = _KEYS[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(token, key, algorithms=["EdDSA"], audience="limen", issuer=_ISSUER)
    subject: str = claims["sub"]
    return subject


def _person(row: Row) -> Person:
    read, read_id = (_instant, Id.read) if isinstance(row[0], bytes) else (_as_it_is, _as_it_is)
    verified = read(row[7])
    return Person(
        id=read_id(row[0]),
        email=row[1],
        username=row[2],
        name=row[3],
        locale=row[4],
        status=row[5],
        attributes=json.loads(row[6]),
        email_verified=verified is not None,
        email_verified_at=verified,
        created_at=read(row[8]),
        updated_at=read(row[9]),
        last_sign_in_at=read(row[10]),
        version=row[11],
    )


def _instant(value: int | None) -> Any:
    return None if value is None else Instant.read(value)


def _as_it_is(value: Any) -> Any:
    return value


@asynccontextmanager
async def _opened(application: Litestar) -> AsyncIterator[None]:
    if _URL.startswith("sqlite:///"):
        async with aiosqlite.connect(_URL.removeprefix("sqlite:///")) as connection:

            async def find(user_id: UUID) -> Row:
                rows = await connection.execute_fetchall(
                    _QUERY.replace("$1", "?"), (user_id.bytes,)
                )
                return next(iter(rows))

            application.state.find = find
            yield
        return
    pool = asyncpg.create_pool(_URL, min_size=_POOL, max_size=_POOL, reset=keep_as_it_is)
    async with pool:

        async def fetch(user_id: UUID) -> Row:
            return await pool.fetchrow(_QUERY, user_id)

        application.state.find = fetch
        yield


app = Litestar([me, live], lifespan=[_opened], openapi_config=None, logging_config=None)
