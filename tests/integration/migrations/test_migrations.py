"""Every migration up, down and up again; on empty and on filled stores; by many at once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy import inspect as inspector_of

from limen.adapters.sql.database import open_database
from limen.adapters.sql.migrations import runner
from limen.adapters.sql.migrations.runner import Step, current, downgrade, is_current, upgrade
from limen.adapters.sql.tables import REVISION, VERSION_TABLE, metadata
from limen.adapters.sql.unit_of_work import SqlUnitOfWorkFactory
from limen.adapters.sql.urls import parse_url
from limen.core.proofs.model import Purpose
from limen.testing.assembly import OPERATOR, Assembly
from limen.testing.builders import (
    a_credential,
    a_family,
    a_full_user,
    a_partial_session,
    a_proof,
    a_session,
    a_user,
)
from limen.testing.contracts.steps import keep
from limen.testing.fakes import NOON, CountingIds
from limen.testing.postgres import PostgresServer

T = TypeVar("T")


def revisions() -> list[str]:
    """All revisions, the oldest first."""
    scripts = ScriptDirectory(str(Path(runner.__file__).parent))
    return [script.revision for script in scripts.walk_revisions()][::-1]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: PostgresServer
) -> Iterator[str]:
    """A database without any schema."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    name = f"empty_{uuid4().hex}"
    yield postgres.create_database(name)
    postgres.drop_database(name)


async def look(url: str, question: Callable[[Connection], T]) -> T:
    """Ask a database through SQLAlchemy, around everything that is tested here."""
    async with runner._connected(parse_url(url)) as connection:
        return await connection.run_sync(question)


def table_names(connection: Connection) -> set[str]:
    return set(inspector_of(connection).get_table_names())


def drift(connection: Connection) -> list[object]:
    options = {"version_table": VERSION_TABLE}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def user_columns(connection: Connection) -> set[str]:
    return {column["name"] for column in inspector_of(connection).get_columns("users")}


def partial_session_columns(connection: Connection) -> set[str]:
    columns = inspector_of(connection).get_columns("partial_sessions")
    return {column["name"] for column in columns}


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[SqlUnitOfWorkFactory]:
    """Open the store in a migrated database."""
    database = open_database(url)
    await database.open()
    try:
        yield SqlUnitOfWorkFactory(database, CountingIds())
    finally:
        await database.close()


async def use(url: str, seed: int = 0) -> list[str]:
    """Do a bit of everything on a migrated database; return the names of what happened."""
    database = open_database(url)
    await database.open()
    try:
        ids = CountingIds(NOON + timedelta(days=seed + 1000))
        limen = Assembly(SqlUnitOfWorkFactory(database, ids), seed=seed)
        await limen.administrator(f"{uuid4().hex}@example.org")
        user = await limen.register(f"{uuid4().hex}@example.org")
        tokens = await limen.enter(user.email.address)
        await limen.tokens.refresh(refresh_token=tokens.refresh_token)
        await limen.users.suspend(user.id, actor=OPERATOR)
        return await limen.event_names()
    finally:
        await database.close()


async def test_there_is_one_line_of_revisions_and_the_code_knows_its_end() -> None:
    assert revisions()[-1] == REVISION
    assert len(set(revisions())) == len(revisions())


async def test_each_step_goes_up_down_and_up_again_on_an_empty_store(empty_url: str) -> None:
    for revision in revisions():
        await upgrade(empty_url, revision)
        before = await look(empty_url, table_names)
        steps: list[Step] = []
        await downgrade(empty_url, "-1", progress=steps.append)
        assert [(step.revision, step.is_up) for step in steps] == [(revision, False)]
        await upgrade(empty_url, revision)
        assert await look(empty_url, table_names) == before
    assert await is_current(empty_url)
    await use(empty_url)


async def test_each_step_goes_down_and_up_again_on_a_filled_store(empty_url: str) -> None:
    await upgrade(empty_url)
    await use(empty_url)
    for _ in revisions():
        await downgrade(empty_url, "-1")
    assert await look(empty_url, table_names) <= {VERSION_TABLE}
    assert await current(empty_url) is None
    await upgrade(empty_url)
    assert await use(empty_url)


async def test_users_outlive_the_languages_that_a_step_down_forgets(empty_url: str) -> None:
    await upgrade(empty_url)
    full, plain = a_full_user(), a_user(username="ada")
    async with opened(empty_url) as unit_of_work:
        credential, session = a_credential(full.id), a_session(full.id)
        await keep(unit_of_work, full, plain, credential, session)
    await downgrade(empty_url, "0001")
    assert "locale" not in await look(empty_url, user_columns)
    await upgrade(empty_url)
    async with opened(empty_url) as unit_of_work, unit_of_work.view() as view:
        # Of earlier addresses nothing is known any more either: the present one was proved first.
        known = replace(full, locale=None, first_verified_at=full.email_verified_at)
        assert await view.users.get(full.id) == known
        assert await view.users.get(plain.id) == plain
        assert await view.passwords.find(full.id) == credential
        assert await view.sessions.list_live(full.id, NOON) == (session,)


async def test_links_outlive_the_step_to_one_for_each_browser_and_the_newest_the_step_back(
    empty_url: str,
) -> None:
    await upgrade(empty_url)
    user = a_user()
    plain, reset = a_proof(user.id), a_proof(user.id, Purpose.RESET_PASSWORD)
    earlier, later = (a_proof(user.id, Purpose.SIGN_IN, asker=bytes([n]) * 32) for n in range(2))
    async with opened(empty_url) as unit_of_work:
        await keep(unit_of_work, user, plain, reset, earlier, later)
    await downgrade(empty_url, "0006")
    await upgrade(empty_url)
    async with opened(empty_url) as unit_of_work, unit_of_work.view() as view:
        for proof in (plain, reset, later):
            assert await view.proofs.find(proof.id) == proof
        assert await view.proofs.find(earlier.id) is None


async def test_sessions_that_prove_nothing_go_with_the_step_that_knows_of_them(
    empty_url: str,
) -> None:
    await upgrade(empty_url)
    user = a_user()
    full, identified = a_session(user.id), replace(a_session(user.id), methods=("remember",))
    async with opened(empty_url) as unit_of_work:
        await keep(unit_of_work, user, full, identified, a_family(identified.id))
    await downgrade(empty_url, "0013")
    await upgrade(empty_url)
    async with opened(empty_url) as unit_of_work, unit_of_work.view() as view:
        assert await view.sessions.find(full.id) == full
        assert await view.sessions.find(identified.id) is None
        assert await view.families.find_standing(identified.id, NOON) is None


async def test_sign_ins_that_wait_outlive_the_step_that_forgets_who_began_them(
    empty_url: str,
) -> None:
    await upgrade(empty_url)
    user = a_user()
    partial = a_partial_session(user.id, methods=("pwd",), label="Laptop", tries=2)
    async with opened(empty_url) as unit_of_work:
        await keep(unit_of_work, user, partial)
    await downgrade(empty_url, "0016")
    assert {"address", "user_agent"} < await look(empty_url, partial_session_columns)
    await upgrade(empty_url)
    assert not {"address", "user_agent"} & await look(empty_url, partial_session_columns)
    async with opened(empty_url) as unit_of_work, unit_of_work.view() as view:
        assert await view.partial_sessions.find(partial.id) == partial


async def test_upgrading_a_filled_store_again_keeps_everything(empty_url: str) -> None:
    await upgrade(empty_url)
    before = await use(empty_url)
    await upgrade(empty_url)
    assert (await use(empty_url, seed=1))[: len(before)] == before


# SQLite cannot tell what an index of expressions holds; PostgreSQL can, and has the same ones.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based")
async def test_migrated_tables_are_those_that_the_code_declares(empty_url: str) -> None:
    await upgrade(empty_url)
    assert await look(empty_url, drift) == []


async def test_many_who_migrate_at_once_do_it_once(empty_url: str) -> None:
    steps: list[Step] = []
    await asyncio.gather(*(upgrade(empty_url, progress=steps.append) for _ in range(8)))
    assert [step.revision for step in steps] == revisions()
    assert await use(empty_url)


async def test_a_migration_that_fails_changes_nothing(empty_url: str) -> None:
    def stumble(_step: Step) -> None:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await upgrade(empty_url, progress=stumble)
    assert await look(empty_url, table_names) <= {VERSION_TABLE}
    assert not await is_current(empty_url)
    await upgrade(empty_url)
    assert await is_current(empty_url)


async def test_an_unmigrated_store_says_so(empty_url: str) -> None:
    assert await current(empty_url) is None
    database = open_database(empty_url)
    await database.open()
    try:
        assert not await database.is_current()
        await upgrade(empty_url)
        assert await database.is_current()
    finally:
        await database.close()
