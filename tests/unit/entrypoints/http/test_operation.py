"""Health and numbers."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.parser import text_string_to_metric_families

from limen.core.errors import StorageOutdated, StorageUnavailable
from limen.entrypoints.http import app as app_module
from limen.entrypoints.http import health
from limen.entrypoints.http.metrics import Metrics
from limen.entrypoints.http.services import Opened
from limen.testing.assembly import Assembly
from limen.testing.fakes import SeededEntropy
from tests.unit.entrypoints.http.site import PASSWORD, Site, http_settings, open_site
from tests.waiting import until


async def well() -> None:
    pass


async def out() -> None:
    raise StorageUnavailable


async def outdated() -> None:
    raise StorageOutdated


async def broken() -> None:
    raise ZeroDivisionError


async def hanging() -> None:
    await asyncio.Event().wait()


async def test_the_process_lives_whatever_is_out() -> None:
    async with open_site(checks={"store": out}) as site:
        response = await site.ask("GET", "/health/live")
        assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_all_parts_that_work_make_it_ready() -> None:
    async with open_site(checks={"store": well, "migrations": well, "signing_key": well}) as site:
        response = await site.ask("GET", "/health/ready")
        assert response.status_code == 200
        assert response.json() == {
            "status": "ok",
            "checks": {"store": "ok", "migrations": "ok", "signing_key": "ok"},
        }


async def test_a_part_that_does_not_is_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(health, "_PATIENCE", 0.05)
    checks = {"a": well, "b": out, "c": outdated, "d": broken, "e": hanging}
    async with open_site(checks=checks) as site:
        response = await site.ask("GET", "/health/ready")
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert response.json() == {
        "status": "unavailable",
        "checks": {
            "a": "ok",
            "b": "storage.unavailable",
            "c": "storage.outdated",
            "d": "limen.error",
            "e": "timeout",
        },
    }
    assert "ZeroDivisionError" in caplog.text


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float:
    return samples(text)[name, tuple(sorted(labels.items()))]


async def test_requests_are_counted_by_route() -> None:
    async with open_site(gauges=lambda: {"pool_busy": 2.0}) as site:
        site.app.asgi_handler._witness._metrics._tallies.clear()  # type: ignore[attr-defined]
        ada = await site.person()
        eve = await site.user_id("eve@example.org")
        for user in (ada.id, ada.id, eve):
            await site.ask("GET", f"users/{user}", by=ada)
        await site.ask("GET", "/nothing")
        await site.ask("BREW", "me")
        response = await site.ask("GET", "/metrics", headers={"accept": "text/plain"})
        text = response.text
    assert response.headers["content-type"].startswith("text/plain; version=")
    route = "/api/v1/users/{user_id}"
    seen = {"method": "GET", "route": route}
    assert value(text, "limen_http_requests_total", **seen, status="200") == 2
    assert value(text, "limen_http_requests_total", **seen, status="403") == 1
    assert value(text, "limen_http_request_duration_seconds_count", **seen, status="200") == 2
    assert value(text, "limen_http_request_duration_seconds_sum", **seen, status="200") > 0
    assert (
        value(text, "limen_http_request_duration_seconds_bucket", **seen, status="200", le="+Inf")
        == 2
    )
    nowhere = {"route": "(none)", "status": "404"}
    assert value(text, "limen_http_requests_total", method="GET", **nowhere) == 1
    assert value(text, "limen_http_requests_total", method="other", route="(none)", status="405")
    assert value(text, "limen_load", part="pool_busy") == 2
    assert str(ada.id) not in text


async def test_sign_ins_are_counted_by_outcome(site: Site) -> None:
    site.app.asgi_handler._witness._metrics._sign_ins.clear()  # type: ignore[attr-defined]
    await site.user_id("ada@example.org")
    for password in (PASSWORD, "wrong password", "wrong again!"):
        body = {"identifier": "ada@example.org", "password": password}
        await site.ask("POST", "auth/login", json=body)
    text = (await site.ask("GET", "/metrics")).text
    assert value(text, "limen_sign_ins_total", outcome="signed_in") == 1
    assert value(text, "limen_sign_ins_total", outcome="signin.invalid_credentials") == 2


async def test_networks_that_try_many_accounts_are_counted(site: Site) -> None:
    before = value((await site.ask("GET", "/metrics")).text, "limen_stuffing_suspected_total")
    for number in range(25):
        body = {"identifier": f"user{number}", "password": "wrong password"}
        await site.ask("POST", "auth/login", json=body)
    text = (await site.ask("GET", "/metrics")).text
    assert value(text, "limen_stuffing_suspected_total") == before + 1


def test_buckets_hold_what_took_that_long() -> None:
    metrics = Metrics()
    for seconds in (0.0005, 0.001, 0.0011, 7.0, 100.0):
        metrics.observe("GET", "/x", 200, seconds, None)
    text = metrics.exposition({}).decode()

    def upto(bound: str) -> float:
        labels = {"method": "GET", "route": "/x", "status": "200", "le": bound}
        return value(text, "limen_http_request_duration_seconds_bucket", **labels)

    assert [upto(bound) for bound in ("0.001", "0.0025", "5.0", "10.0", "+Inf")] == [2, 3, 3, 4, 5]


def test_workers_add_up_what_they_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alive, dead = os.getppid(), 2**22 + 1
    for process in (alive, dead):
        other = Metrics(tmp_path)
        other.observe("POST", "/auth/login", 200, 0.1, None)
        other.suspect(1)
        monkeypatch.setattr(os, "getpid", lambda process=process: process)
        other.leave({"pool_busy": 1.0})
        monkeypatch.undo()
    metrics = Metrics(tmp_path)
    metrics.observe("POST", "/auth/login", 200, 0.1, None)
    metrics.leave({"pool_busy": 1.0})
    (tmp_path / "77.json").write_text("half a file")
    text = metrics.exposition({"pool_busy": 2.0}).decode()
    labels: dict[str, Any] = {"method": "POST", "route": "/auth/login", "status": "200"}
    assert value(text, "limen_http_requests_total", **labels) == 3
    assert value(text, "limen_sign_ins_total", outcome="signed_in") == 3
    assert value(text, "limen_stuffing_suspected_total") == 2
    # What a dead worker had in use, it has no more.
    assert value(text, "limen_load", part="pool_busy") == 3


def test_one_worker_leaves_nothing(tmp_path: Path) -> None:
    Metrics().leave({})
    assert not list(tmp_path.iterdir())


async def test_the_text_is_of_the_type_that_is_said(site: Site) -> None:
    response = await site.ask("GET", "/metrics")
    assert response.headers["content-type"] == CONTENT_TYPE_LATEST


async def test_numbers_that_cannot_be_shared_stop_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "REFRESHED_SECONDS", 0.01)

    @asynccontextmanager
    async def opening() -> AsyncIterator[Opened]:
        yield Opened(services=Assembly(), entropy=SeededEntropy())

    shared = tmp_path / "shared"
    app = app_module.create_app(opening, http_settings(), metrics_directory=shared)
    async with app.lifespan():
        await until(lambda: "could not be shared" in caplog.text)
        shared.mkdir()
        await until(lambda: bool(list(shared.glob("*.json"))))
