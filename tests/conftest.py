"""What every test may ask for: a store to run on, a fresh database.

One PostgreSQL serves the whole run, however many workers there are: the first test that asks
starts it, the process that began the run ends it. LIMEN_TEST_POSTGRES_URL names another server.
"""

import asyncio
import gc
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final
from uuid import uuid4

import pytest

pytest.register_assert_rewrite("limen.testing")

from limen.testing.postgres import PostgresServer, ThrowawayPostgres, hold  # noqa: E402
from tests.waiting import wait_until  # noqa: E402

STORAGES: Final = ("memory", "sqlite", "postgresql")
RUN: Final = pytest.StashKey[Path]()
LIFELINE: Final = pytest.StashKey[IO[bytes]]()


def migrate(url: str) -> None:
    """Bring an empty database to the newest schema."""
    from limen.adapters.sql.migrations.runner import upgrade  # noqa: PLC0415

    # In a thread, because an asynchronous test may ask for a store while its event loop runs.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, upgrade(url)).result()


# --- the run: a directory that its processes share -----------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--storage",
        action="append",
        choices=STORAGES,
        help="run the tests that ask for a store on this one only (may be repeated)",
    )


def pytest_collection_finish() -> None:
    """Let the garbage collector leave out the tests themselves, which stay to the end."""
    gc.collect()
    gc.freeze()


def pytest_configure(config: pytest.Config) -> None:
    """Make the directory of the run, or learn it from the process that began the run."""
    worker_input = getattr(config, "workerinput", None)
    if worker_input:
        config.stash[RUN] = Path(worker_input["run"])
        return
    config.stash[RUN] = Path(tempfile.mkdtemp(prefix="limen-tests-"))
    config.stash[LIFELINE] = hold(config.stash[RUN] / "lifeline")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell a worker of pytest-xdist where the run is."""
    node.workerinput["run"] = str(node.config.stash[RUN])  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what the run started: its server watches the lifeline."""
    if LIFELINE not in config.stash:
        return
    run = config.stash[RUN]
    note = run / "postgres.json"
    server = json.loads(note.read_text()) if note.exists() else {}
    if server and not server["home"]:
        PostgresServer(server["url"]).drop_database(template_of(run))
    config.stash[LIFELINE].close()
    if server and server["home"]:
        wait_until(lambda: not Path(server["home"]).exists())
    shutil.rmtree(run, ignore_errors=True)


@contextmanager
def once(result: Path) -> Iterator[bool]:
    """Let one process of the run in at a time; the block makes `result` if it finds it missing."""
    with hold(result.with_name(f"{result.name}.lock")):
        yield not result.exists()


def template_of(run: Path) -> str:
    """Name the migrated database of this run on its server."""
    return f"template_{run.name}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that takes `storage` on each store, or on those of --storage."""
    if "storage" in metafunc.fixturenames:
        metafunc.parametrize("storage", metafunc.config.getoption("--storage") or STORAGES)


# --- fixtures ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def run_directory(pytestconfig: pytest.Config) -> Path:
    """The directory that all processes of this run share."""
    return pytestconfig.stash[RUN]


@pytest.fixture(scope="session")
def postgres(run_directory: Path) -> PostgresServer:
    """The PostgreSQL of this run."""
    note = run_directory / "postgres.json"
    with once(note) as is_first:
        if is_first:
            url, home = os.environ.get("LIMEN_TEST_POSTGRES_URL", ""), ""
            if not url:
                server = ThrowawayPostgres(lifeline=run_directory / "lifeline")
                server.start()
                server.leave()
                url, home = server.url, str(server.home)
            note.write_text(json.dumps({"url": url, "home": home}))
    return PostgresServer(json.loads(note.read_text())["url"])


@pytest.fixture(scope="session")
def postgres_template(run_directory: Path, postgres: PostgresServer) -> str:
    """The name of a migrated, empty database to copy."""
    name, done = template_of(run_directory), run_directory / "template.postgres"
    with once(done) as is_first:
        if is_first:
            postgres.drop_database(name)
            migrate(postgres.create_database(name))
            done.touch()
    return name


@pytest.fixture
def postgres_url(postgres: PostgresServer, postgres_template: str) -> Iterator[str]:
    """A fresh, migrated PostgreSQL database."""
    name = f"test_{uuid4().hex}"
    yield postgres.create_database(name, postgres_template)
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def sqlite_template(run_directory: Path) -> Path:
    """A migrated, empty SQLite database to copy."""
    done = run_directory / "template.sqlite"
    with once(done) as is_first:
        if is_first:
            fresh = run_directory / f"{uuid4().hex}.sqlite"
            migrate(f"sqlite:///{fresh}")
            fresh.rename(done)
    return done


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh, migrated SQLite database."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'limen.sqlite')}"
