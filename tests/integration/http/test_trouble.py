"""A store that goes away and comes back, and one that is not ready."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from limen.adapters.sql.migrations.runner import upgrade
from limen.adapters.system import SystemClock
from limen.core.errors import StorageOutdated
from limen.entrypoints.http.app import create_app
from limen.entrypoints.http.opening import open_for_http
from limen.testing.postgres import ThrowawayPostgres
from limen.wiring.settings import Settings, from_code
from tests.unit.entrypoints.http.contract import Contract
from tests.waiting import until

PASSWORD = "correct horse battery"
LATER = timedelta(seconds=6)


def settings_for(url: str, data_dir: Path, **more: Any) -> Settings:
    return from_code({"database_url": url, "data_dir": data_dir, "bcrypt_cost": 10, **more})


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A door over everything that is real."""
    app: Any = create_app(lambda: open_for_http(settings), settings.http)
    contract = Contract()

    async def check(response: httpx.Response) -> None:
        await response.aread()
        contract.check(response)

    async with (
        app.lifespan(),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://127.0.0.1:8000/api/v1",
            event_hooks={"response": [check]},
        ) as client,
    ):
        yield client


async def sign_in(client: httpx.AsyncClient) -> dict[str, str]:
    who = {"email": "ada@example.org", "password": PASSWORD}
    await client.post("/auth/register", json=who)
    body = {"identifier": who["email"], "password": PASSWORD}
    data = (await client.post("/auth/login", json=body)).json()["data"]
    return {"authorization": f"Bearer {data['access_token']}"}


async def test_a_stopped_database_is_503_and_back_again_when_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThrowawayPostgres(durable=True) as postgres:
        url = postgres.create_database("limen")
        await upgrade(url)
        async with serving(settings_for(url, tmp_path)) as client:
            headers = await sign_in(client)
            assert (await client.get("/me", headers=headers)).status_code == 200
            await asyncio.to_thread(postgres.stop)

            for method, path, body in (
                ("GET", "/me", None),
                ("PATCH", "/me", {"name": "x"}),
                ("POST", "/auth/login", {"identifier": "ada@example.org", "password": PASSWORD}),
                ("POST", "/auth/register", {"email": "b@example.org", "password": PASSWORD}),
            ):
                out = await client.request(method, path, headers=headers, json=body)
                assert out.status_code == 503, (method, path, out.text)
                assert out.json()["error"]["code"] == "storage.unavailable"
                assert int(out.headers["retry-after"]) > 0
                assert "postgres" not in out.text.lower()
            ready = await client.get("http://127.0.0.1:8000/health/ready")
            assert ready.status_code == 503
            assert ready.json()["checks"]["store"] == "storage.unavailable"
            assert (await client.get("http://127.0.0.1:8000/health/live")).status_code == 200
            # Nobody is let in on a list of ended sessions that is too old.
            monkeypatch.setattr(SystemClock, "now", lambda _: datetime.now(UTC) + LATER)
            check = await client.get("/auth/check", headers=headers)
            assert check.status_code == 503

            await asyncio.to_thread(postgres.start)

            async def is_back() -> bool:
                return (await client.get("/me", headers=headers)).status_code == 200

            await until(is_back)
            assert (await client.get("/auth/check", headers=headers)).status_code == 204
            ready = await client.get("http://127.0.0.1:8000/health/ready")
            assert ready.json() == {
                "status": "ok",
                "checks": {"store": "ok", "migrations": "ok", "signing_key": "ok"},
            }


async def test_numbers_tell_of_the_hashing_queue_and_the_pool(
    storage_url: str, tmp_path: Path
) -> None:
    async with serving(settings_for(storage_url, tmp_path)) as client:
        await sign_in(client)
        text = (await client.get("http://127.0.0.1:8000/metrics")).text
    for part in ("hashing_active", "hashing_waiting", "hashing_threads", "hashing_queue_limit"):
        assert f'limen_load{{part="{part}"}}' in text
    # How many are busy is another matter: the server has work of its own, too.
    has_pool = 'limen_load{part="pool_busy"} ' in text
    assert has_pool is not storage_url.startswith("memory")
    assert 'limen_sign_ins_total{outcome="signed_in"} 1.0' in text


async def test_a_schema_that_is_not_ours_stops_the_start(tmp_path: Path) -> None:
    settings = settings_for(f"sqlite:///{tmp_path}/empty.db", tmp_path)
    with pytest.raises(StorageOutdated):
        async with open_for_http(settings):
            pass
