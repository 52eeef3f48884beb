"""Clients that are killed amid their writes: nothing acknowledged is lost, nothing doubled."""

from pathlib import Path

import pytest

from limen.testing.crashes.storm import Plan, Report, storm
from tests.integration.crashes.stores import SqlStore

STORES = ("sqlite_url", "postgres_url")


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> SqlStore:
    return SqlStore(request.getfixturevalue(request.param))


def clean(report: Report) -> bool:
    assert report.faults == []
    return not report.verdict.faults


def test_clients_killed_at_points_of_their_changes_lose_nothing(
    store: SqlStore, tmp_path: Path
) -> None:
    plan = Plan(writes=60, points=120, looks_every=2)
    report = storm(store, tmp_path, plan, settle=store.settle)
    assert clean(report)
    assert report.kills >= 2


def test_clients_killed_from_outside_lose_nothing(store: SqlStore, tmp_path: Path) -> None:
    plan = Plan(writes=60, answers=20, looks_every=3)
    report = storm(store, tmp_path, plan, settle=store.settle)
    assert clean(report)
    assert report.verdict.answered >= 60
