"""limen's routes beside those of another application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from litestar import Litestar, get
from litestar.di import NamedDependency

from limen.core.actor import Actor
from limen.core.errors import SettingsInvalid
from limen.core.page import ListQuery
from limen.entrypoints.http.plugin import LimenPlugin
from limen.entrypoints.services import Limen
from limen.wiring.settings import from_code

PASSWORD = "correct horse battery"
KEY = "pUeKcXW3xG0nLb7YyQ2VtZ5sR8mD1aHf4jNwOiTkEuA"


@get("/mine")
async def mine(limen: NamedDependency[Limen]) -> dict[str, int]:
    query = ListQuery(filters={}, count="exact")
    listing = await limen.users.list(query, actor=Actor.system("test"))
    return {"users": listing.total or 0}


@asynccontextmanager
async def mounted(plugin: LimenPlugin) -> AsyncIterator[httpx.AsyncClient]:
    # Litestar's logging would go on in a thread, and into what pytest captures of this test alone.
    app: Any = Litestar([mine], plugins=[plugin], logging_config=None)
    async with (
        app.lifespan(),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://testserver",
        ) as client,
    ):
        yield client


async def test_both_answer_and_share_one_limen(storage_url: str) -> None:
    plugin = LimenPlugin(storage_url, base="/identity", bcrypt_cost=10, secret_key=KEY)
    async with mounted(plugin) as client:
        assert (await client.get("/mine")).json() == {"users": 0}
        body = {"email": "ada@example.org", "password": PASSWORD}
        made = await client.post("/identity/auth/register", json=body)
        assert made.status_code == 201
        assert made.headers["location"].startswith("/identity/users/")
        assert (await client.get("/mine")).json() == {"users": 1}
        signed_in = await client.post(
            "/identity/auth/login", json={"identifier": "ada@example.org", "password": PASSWORD}
        )
        token = signed_in.json()["data"]["access_token"]
        headers = {"authorization": f"Bearer {token}"}
        assert (await client.get(made.headers["location"], headers=headers)).status_code == 200
        assert (await client.get("/.well-known/jwks.json")).json()["keys"]


async def test_limens_routes_keep_their_manners_and_the_others_theirs() -> None:
    async with mounted(LimenPlugin("memory://")) as client:
        ours = await client.get("/api/v1/me", headers={"x-request-id": "abc"})
        assert ours.status_code == 401
        assert ours.json()["error"]["request_id"] == "abc"
        assert ours.headers["x-request-id"] == "abc"
        assert ours.headers["cache-control"] == "no-store"
        assert ours.headers["www-authenticate"] == 'Bearer realm="limen"'
        problem = await client.post(
            "/api/v1/auth/register", json={}, headers={"accept": "application/problem+json"}
        )
        assert problem.json()["code"] == "input.invalid"
        theirs = await client.get("/mine")
        assert "x-request-id" not in theirs.headers
        assert "content-security-policy" not in theirs.headers
        unknown = await client.get("/nothing")
        assert (unknown.status_code, unknown.json()["status_code"]) == (404, 404)
        for path in ("/metrics", "/health/live"):
            assert (await client.get(path)).status_code == 404


async def test_the_log_is_the_applications_own(capsys: pytest.CaptureFixture[str]) -> None:
    async with mounted(LimenPlugin("memory://")) as client:
        await client.get("/api/v1/me")
    assert capsys.readouterr().out == ""


def test_a_wrong_setting_stops_the_application() -> None:
    with pytest.raises(SettingsInvalid):
        LimenPlugin("memory://", bcrypt_cost=1)
    with pytest.raises(SettingsInvalid):
        LimenPlugin("nonsense://")


async def test_settings_may_be_made_before() -> None:
    settings = from_code({"database_url": "memory://"})
    async with mounted(LimenPlugin(settings)) as client:
        assert (await client.get("/mine")).json() == {"users": 0}
