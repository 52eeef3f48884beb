"""Clients that are killed amid their writes: nothing acknowledged is lost, nothing doubled."""

import asyncio
from pathlib import Path

import pytest

from limen.adapters.sql import sqlite
from limen.adapters.sql.migrations.runner import upgrade
from limen.testing.crashes.storm import Plan, storm
from limen.testing.postgres import ThrowawayPostgres
from tests.integration.crashes.stores import Fault, KilledServer, SqlStore
from tests.unit.testing.crashes.faults import (
    CommitsEachWrite,
    TellsTwice,
    WritesBehind,
)

STORES = ("sqlite_url", "postgres_url")


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> SqlStore:
    return SqlStore(request.getfixturevalue(request.param))


def test_clients_killed_at_points_of_their_changes_lose_nothing(
    store: SqlStore, tmp_path: Path
) -> None:
    plan = Plan(writes=60, points=120, looks_every=2)
    report = storm(store, tmp_path, plan)
    assert report.faults == []
    assert report.verdict.answered >= 60
    assert report.kills >= 4


def test_clients_killed_from_outside_lose_nothing_on_sqlite(
    sqlite_url: str, tmp_path: Path
) -> None:
    plan = Plan(writes=90, answers=30, looks_every=3)
    report = storm(SqlStore(sqlite_url), tmp_path, plan)
    assert report.faults == []
    assert report.kills >= 6


def test_clients_killed_with_their_server_lose_nothing_on_postgresql(tmp_path: Path) -> None:
    with ThrowawayPostgres(durable=True) as server:
        asyncio.run(upgrade(server.url))
        plan = Plan(writes=60, answers=40, looks_every=2)
        report = storm(KilledServer(server, SqlStore(server.url)), tmp_path, plan)
        assert report.faults == []
        assert report.kills >= 4


@pytest.mark.parametrize("fault", [WritesBehind, TellsTwice, CommitsEachWrite])
def test_a_broken_adapter_is_found_out(
    sqlite_url: str, tmp_path: Path, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who keeps a commit back keeps the one who closes waiting.
    monkeypatch.setattr(sqlite, "_TURN_SECONDS", 0.1)
    plan = Plan(writes=100, clients=1, points=60, looks_every=2)
    assert storm(SqlStore(sqlite_url, fault), tmp_path, plan).faults
