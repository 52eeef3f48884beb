import asyncio
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import limen
from limen.core.errors import (
    EmailTaken,
    InvalidCredentials,
    PasswordRefused,
    PermissionMissing,
    SealBroken,
    SessionEnded,
    SettingsInvalid,
    StorageOutdated,
)
from limen.core.events import UserRegistered
from limen.core.imports.model import AccountRow
from limen.core.roles.model import ADMIN
from limen.testing.assembly import tokens_of
from limen.testing.people import registered
from limen.testing.postgres import PostgresServer
from limen.wiring.lifecycle import open_container
from limen.wiring.secret_key import SECRET_FILE
from limen.wiring.settings import from_code

PASSWORD = "correct horse battery"
OPERATOR = limen.Actor.system("test")
KEY = "pUeKcXW3xG0nLb7YyQ2VtZ5sR8mD1aHf4jNwOiTkEuA"
# Solar Designer's crypt_blowfish, wrapper.c.
OLD_HASH, OLD_PASSWORD = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"


@pytest_asyncio.fixture
async def app(storage_url: str) -> AsyncIterator[limen.Limen]:
    """A limen on each store."""
    async with limen.open(storage_url, secret_key=KEY, bcrypt_cost=10) as opened:
        yield opened


async def test_a_user_comes_and_goes(app: limen.Limen) -> None:
    user = registered(await app.users.register(email="ada@example.org", password=PASSWORD))
    tokens = tokens_of(await app.sign_in.sign_in(identifier="ADA@example.org", password=PASSWORD))
    claims = await app.tokens.authenticate(tokens.access_token)
    assert claims.user_id == user.id
    me = limen.Actor.anonymous().as_user(user.id, claims.session_id)
    renewed = await app.tokens.refresh(refresh_token=tokens.refresh_token)
    assert [session.id for session in await app.sessions.list(user.id, actor=me)] == [
        claims.session_id
    ]
    await app.sessions.sign_out(actor=me)
    with pytest.raises(SessionEnded):
        await app.tokens.authenticate(renewed.access_token)


async def test_refusals_are_limens_own(app: limen.Limen) -> None:
    await app.users.register(email="ada@example.org", password=PASSWORD)
    with pytest.raises(EmailTaken) as taken:
        await app.users.register(email="ada@example.org", password=PASSWORD)
    assert taken.value.kind is limen.Kind.CONFLICT
    with pytest.raises(PasswordRefused) as refused:
        await app.users.register(email="bob@example.org", password="Password1234")
    assert [fault.code for fault in refused.value.details] == ["common"]
    with pytest.raises(InvalidCredentials):
        await app.sign_in.sign_in(identifier="ada@example.org", password="wrong")
    with pytest.raises(InvalidCredentials):
        await app.sign_in.sign_in(identifier="eve@example.org", password="wrong")


async def test_roles_decide_who_may(app: limen.Limen) -> None:
    root = await app.users.create(email="root@example.org", actor=OPERATOR)
    ada = await app.users.create(email="ada@example.org", actor=OPERATOR)
    as_root, as_ada = (limen.Actor.anonymous().as_user(user.id, None) for user in (root, ada))
    with pytest.raises(PermissionMissing):
        await app.users.list(limen.ListQuery(filters={}), actor=as_root)
    await app.roles.grant(root.id, ADMIN, actor=OPERATOR)
    listing = await app.users.list(limen.ListQuery(filters={}, count="exact"), actor=as_root)
    assert listing.total == 2
    with pytest.raises(PermissionMissing):
        await app.users.suspend(root.id, actor=as_ada)


async def test_an_old_hash_comes_in_and_is_renewed(app: limen.Limen) -> None:
    rows = [AccountRow(line=1, email="ada@example.org", password_hash=OLD_HASH)]
    report = await app.imports.add(rows, actor=OPERATOR)
    assert (report.added, report.faults) == (1, ())
    for _ in range(2):
        await app.sign_in.sign_in(identifier="ada@example.org", password=OLD_PASSWORD)
    exported = await app.imports.export(actor=OPERATOR)
    assert (exported.rows[0].password_hash or "").startswith("$bcrypt-sha256$v=2,t=2b,r=10$")


async def test_a_sign_in_of_each_kind_at_once(app: limen.Limen) -> None:
    await app.users.register(email="ada@example.org", password=PASSWORD)
    passwords = [PASSWORD, "wrong", PASSWORD, "wrong"]
    found = await asyncio.gather(
        *(app.sign_in.sign_in(identifier="ada@example.org", password=text) for text in passwords),
        return_exceptions=True,
    )
    refused = [isinstance(outcome, InvalidCredentials) for outcome in found]
    assert refused == [False, True, False, True]


# --- opening -------------------------------------------------------------------------------


async def test_a_path_is_enough(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/limen/path.db"
    async with limen.open(url, bcrypt_cost=10) as app:
        await app.users.register(email="ada@example.org", password=PASSWORD)
    files = {path.name: path for path in (tmp_path / "limen").iterdir()}
    assert {"path.db", "secret.key"} <= set(files)
    for path in files.values():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    async with limen.open(url, bcrypt_cost=10) as app:
        tokens = tokens_of(
            await app.sign_in.sign_in(identifier="ada@example.org", password=PASSWORD)
        )
        await app.tokens.authenticate(tokens.access_token)
        assert len(await app.keys.list(actor=OPERATOR)) == 1


async def test_memory_needs_nothing_and_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        async with limen.open("memory://", bcrypt_cost=10) as app:
            await app.users.register(email="ada@example.org", password=PASSWORD)
    assert not await asyncio.to_thread(os.listdir, tmp_path)


async def test_without_a_url_the_settings_are_those_of_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIMEN_DATABASE_URL", "memory://")
    monkeypatch.setenv("LIMEN_REGISTRATION", "closed")
    async with limen.open() as app:
        with pytest.raises(limen.LimenError, match="Registration is closed"):
            await app.users.register(email="ada@example.org", password=PASSWORD)
    async with limen.open("memory://", bcrypt_cost=10) as app:
        await app.users.register(email="ada@example.org", password=PASSWORD)


async def test_settings_can_be_given_whole() -> None:
    settings = from_code({"database_url": "memory://", "password_min_length": 30})
    async with limen.open(settings) as app:
        with pytest.raises(PasswordRefused, match="not acceptable"):
            await app.users.register(email="ada@example.org", password=PASSWORD)
    with pytest.raises(TypeError, match="either settings or options"):
        async with limen.open(settings, bcrypt_cost=10):
            pass


@pytest.mark.parametrize(
    "options",
    [{"database_url": "mysql://h/d"}, {"bcrypt_costs": 10}, {"http_port": "x"}],
)
async def test_what_cannot_be_opened_is_told(options: dict[str, Any]) -> None:
    with pytest.raises(SettingsInvalid):
        async with limen.open("memory://", **options):
            pass


async def test_another_secret_key_opens_nothing_and_the_old_one_helps(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/limen.db"
    other = KEY[::-1]
    async with limen.open(url, secret_key=KEY, bcrypt_cost=10) as app:
        await app.users.register(email="ada@example.org", password=PASSWORD)
    with pytest.raises(SealBroken):
        async with limen.open(url, secret_key=other, bcrypt_cost=10):
            pass
    async with limen.open(url, secret_key=other, secret_key_old=KEY, bcrypt_cost=10) as app:
        await app.sign_in.sign_in(identifier="ada@example.org", password=PASSWORD)


async def test_a_lost_secret_key_is_got_over_by_a_new_signing_key(tmp_path: Path) -> None:
    settings = from_code(
        {"database_url": f"sqlite:///{tmp_path}/limen.db", "data_dir": tmp_path, "bcrypt_cost": 10}
    )
    async with limen.open(settings) as app:
        await app.users.register(email="ada@example.org", password=PASSWORD)
    (tmp_path / SECRET_FILE).unlink()
    with pytest.raises(SealBroken, match="limen keys rotate"):
        async with limen.open(settings):
            pass
    async with open_container(settings) as container:
        with pytest.raises(SealBroken):
            await container.keys().rotate(actor=OPERATOR)
        await container.keys().rotate(actor=OPERATOR, secret_is_lost=True)
    async with limen.open(settings) as app:
        await app.sign_in.sign_in(identifier="ada@example.org", password=PASSWORD)


async def test_an_empty_postgresql_is_migrated_only_when_asked(postgres: PostgresServer) -> None:
    name = "library_empty"
    postgres.drop_database(name)
    url = await asyncio.to_thread(postgres.create_database, name)
    try:
        with pytest.raises(StorageOutdated):
            async with limen.open(url, secret_key=KEY):
                pass
        async with limen.open(url, secret_key=KEY, bcrypt_cost=10, migrate=True) as app:
            await app.users.register(email="ada@example.org", password=PASSWORD)
    finally:
        await asyncio.to_thread(postgres.drop_database, name)


def test_events_have_the_names_the_library_promises() -> None:
    assert UserRegistered.name == "user.registered"
