"""Refreshing, bare: Litestar, one rotation on the driver, one signature; nothing around it.

A token is the id of a session and a generation, as plain text: nobody is to be kept out here.
"""

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from litestar import Litestar, Request, get, post
from litestar.params import JSONBody

from benchmarks.limits.rotation import rotating

_URL: Final = os.environ["BENCH_DATABASE_URL"]
_SESSIONS: Final = [UUID(text) for text in os.environ["BENCH_SESSIONS"].split()]
_KEY: Final = Ed25519PrivateKey.generate()
_LIFETIME: Final = 900


class RefreshIn(msgspec.Struct):
    """What comes in."""

    refresh_token: str


class Tokens(msgspec.Struct):
    """What goes out."""

    access_token: str
    refresh_token: str


@post("/api/v1/auth/refresh", status_code=200)
async def refresh(request: Request[Any, Any, Any], data: JSONBody[RefreshIn]) -> Tokens:
    """Rotate, and sign a new access token."""
    session, _, generation = data.refresh_token.partition(".")
    await request.app.state.rotate(UUID(session), int(generation))
    now = int(time.time())
    claims = {"sub": session, "sid": session, "iat": now, "exp": now + _LIFETIME}
    return Tokens(jwt.encode(claims, _KEY, "EdDSA"), f"{session}.{int(generation) + 1}")


@get("/")
async def live() -> None:
    """Answer."""


@asynccontextmanager
async def _opened(application: Litestar) -> AsyncIterator[None]:
    async with rotating(_URL, _SESSIONS) as rotate:
        application.state.rotate = rotate
        yield


app = Litestar([refresh, live], lifespan=[_opened], openapi_config=None, logging_config=None)
