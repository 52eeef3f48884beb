"""Processes killed at each point of a use case, between calls and between statements."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from limen.testing.postgres import PostgresServer
from tests.integration.crashes.dying import Level, looks, set_stage
from tests.integration.crashes.stores import Places, PostgresPlaces, SqlitePlaces
from tests.unit.testing.crashes.faults import AcknowledgesBeforeCommit, CommitsEachWrite

# Two transactions; statements that are put off, a conditional write. All others are killed by
# `./dev crash --points`, and in memory with every run.
REGISTER, REFRESH = "users.register", "tokens.refresh: after a while"


@pytest.fixture
def sqlite_places(sqlite_template: Path, tmp_path: Path) -> Places:
    places = SqlitePlaces(sqlite_template, tmp_path)
    set_stage(places)
    return places


@pytest.fixture
def postgres_places(postgres: PostgresServer, postgres_template: str) -> Iterator[Places]:
    places = PostgresPlaces(postgres, postgres_template)
    set_stage(places)
    yield places
    places.clear()


@pytest.mark.parametrize("name", [REGISTER, REFRESH])
def test_whoever_is_killed_between_statements_on_sqlite_leaves_what_was_committed(
    sqlite_places: Places, name: str
) -> None:
    found = list(looks(sqlite_places, name, Level.STATEMENTS))
    assert not any(found), found
    assert len(found) > 5


def test_whoever_is_killed_between_statements_on_postgresql_leaves_what_was_committed(
    postgres_places: Places,
) -> None:
    found = list(looks(postgres_places, REFRESH, Level.STATEMENTS))
    assert not any(found), found
    assert len(found) > 5


def test_an_adapter_that_acknowledges_before_its_commit_is_found_out(
    sqlite_places: Places,
) -> None:
    assert any(looks(sqlite_places, REGISTER, Level.CALLS, AcknowledgesBeforeCommit))


def test_an_adapter_without_transactions_is_found_out(sqlite_places: Places) -> None:
    assert any(looks(sqlite_places, REGISTER, Level.STATEMENTS, CommitsEachWrite))
