"""People move in with hashes of other systems, sign in once, and have limen's own after that."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

import limen
from limen.core.errors import InvalidCredentials
from limen.core.imports.model import AccountRow
from limen.testing.fakes import FormerSystem
from limen.wiring.choices import ForeignHash
from tests.integration.contracts.test_former import TOKEN, honest, serving
from tests.unit.adapters.foreign.samples import ALWAYS, CHEAP, Sample

PASSWORD = "correct horse battery"
OPERATOR = limen.Actor.system("test")
KEY = "pUeKcXW3xG0nLb7YyQ2VtZ5sR8mD1aHf4jNwOiTkEuA"
# One of each scheme.
MOVERS = list({sample.scheme: sample for sample in CHEAP}.values())


@pytest_asyncio.fixture
async def app(storage_url: str) -> AsyncIterator[limen.Limen]:
    """A limen on each store that verifies everything there is."""
    foreign = tuple(ForeignHash)
    async with limen.open(
        storage_url, password_foreign=foreign, secret_key=KEY, bcrypt_cost=10
    ) as opened:
        yield opened


def row(line: int, sample: Sample) -> AccountRow:
    return AccountRow(line=line, email=f"mover{line}@example.org", password_hash=sample.digest)


async def hashes(app: limen.Limen) -> dict[str, str]:
    rows = (await app.imports.export(actor=OPERATOR)).rows
    return {row.email: row.password_hash or "" for row in rows}


async def test_everybody_signs_in_with_the_old_password_and_is_hashed_anew(
    app: limen.Limen,
) -> None:
    report = await app.imports.add(
        [row(line, sample) for line, sample in enumerate(MOVERS)], actor=OPERATOR
    )
    assert (report.added, report.faults) == (len(MOVERS), ())
    assert sorted((await hashes(app)).values()) == sorted(sample.digest for sample in MOVERS)
    for line, sample in enumerate(MOVERS):
        with pytest.raises(InvalidCredentials):
            await app.sign_in.sign_in(
                identifier=f"mover{line}@example.org", password=sample.password + "x"
            )
        await app.sign_in.sign_in(identifier=f"mover{line}@example.org", password=sample.password)
    renewed = await hashes(app)
    assert all(digest.startswith("$bcrypt-sha256$v=2,") for digest in renewed.values())
    await app.sign_in.sign_in(identifier="mover0@example.org", password=MOVERS[0].password)
    assert await hashes(app) == renewed


async def test_nobody_moves_in_with_a_hash_that_is_switched_off() -> None:
    movers = [sample for sample in MOVERS if sample.scheme not in ALWAYS]
    async with limen.open("memory://", password_foreign="none", secret_key=KEY) as app:
        report = await app.imports.add(
            [row(line, sample) for line, sample in enumerate(movers)], actor=OPERATOR
        )
    assert report.added == 0
    assert [(fault.field, fault.code) for fault in report.faults] == [
        ("password_hash", "unknown") for _ in movers
    ]


async def test_the_former_system_is_asked_once_on_every_store(storage_url: str) -> None:
    former = FormerSystem({"ada": PASSWORD})
    mark = AccountRow(line=1, email="ada@example.org", password_hash="$former$ada")
    async with limen.open(
        storage_url, former_passwords=former, secret_key=KEY, bcrypt_cost=10
    ) as app:
        assert (await app.imports.add([mark], actor=OPERATOR)).added == 1
        with pytest.raises(InvalidCredentials):
            await app.sign_in.sign_in(identifier="ada@example.org", password="another sentence")
        for _ in range(2):
            await app.sign_in.sign_in(identifier="ada@example.org", password=PASSWORD)
        assert (await hashes(app))["ada@example.org"].startswith("$bcrypt-sha256$v=2,")
    assert former.asked == ["ada", "ada"]


async def test_a_former_system_is_asked_over_http() -> None:
    mark = AccountRow(line=1, email="ada@example.org", password_hash="$former$ada")
    async with (
        serving(honest) as url,
        limen.open(
            "memory://",
            former_passwords_url=url,
            former_passwords_token=TOKEN,
            secret_key=KEY,
            bcrypt_cost=10,
        ) as app,
    ):
        await app.imports.add([mark], actor=OPERATOR)
        with pytest.raises(InvalidCredentials):
            await app.sign_in.sign_in(identifier="ada@example.org", password="another sentence")
        await app.sign_in.sign_in(identifier="ada@example.org", password=PASSWORD)
        assert (await hashes(app))["ada@example.org"].startswith("$bcrypt-sha256$v=2,")


async def test_without_a_former_system_a_mark_is_no_hash() -> None:
    mark = AccountRow(line=1, email="ada@example.org", password_hash="$former$ada")
    async with limen.open("memory://", secret_key=KEY) as app:
        report = await app.imports.add([mark], actor=OPERATOR)
    assert [fault.code for fault in report.faults] == ["unknown"]
