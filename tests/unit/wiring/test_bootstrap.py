import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from limen.core.actor import Actor
from limen.core.errors import ApiKeyInvalid, InvalidCredentials, SettingsInvalid
from limen.core.roles.model import ADMIN
from limen.core.secret import Secret
from limen.testing.assembly import tokens_of
from limen.testing.passkeys import a_passkey
from limen.wiring.bootstrap import (
    BOOTSTRAP,
    DEVELOPMENT_ADMIN,
    first_administrator,
    has_administrator,
    prepare,
)
from limen.wiring.container import Container
from limen.wiring.lifecycle import open_container
from limen.wiring.settings import from_code

EMAIL = "root@example.org"
PASSWORD = "correct horse battery"
KEY = "pUeKcXW3xG0nLb7YyQ2VtZ5sR8mD1aHf4jNwOiTkEuA"


@asynccontextmanager
async def limen(**options: object) -> AsyncIterator[Container]:
    async with open_container(
        from_code({"database_url": "memory://", "bcrypt_cost": 10, **options})
    ) as container:
        await prepare(container)
        yield container


async def enter(container: Container, email: str, password: str) -> Actor:
    tokens = tokens_of(await container.sign_in().sign_in(identifier=email, password=password))
    return Actor.anonymous().as_user(tokens.user.id, tokens.session_id)


async def test_preparing_makes_one_signing_key() -> None:
    async with limen() as container:
        await prepare(container)
        assert len(await container.keys().list(actor=BOOTSTRAP)) == 1


async def test_in_development_somebody_is_made_with_a_password_shown_once() -> None:
    async with limen() as container:
        made = await first_administrator(container)
        assert made is not None
        assert made.email == DEVELOPMENT_ADMIN
        assert made.generated_password is not None
        assert made.generated_password.reveal() not in repr(made)
        assert len(made.generated_password.reveal()) == 24
        admin = await enter(container, made.email, made.generated_password.reveal())
        assert await container.roles().list(actor=admin)
        assert await first_administrator(container) is None


@pytest.mark.parametrize("length", [8, 24, 25, 128])
async def test_a_generated_password_is_long_enough(length: int) -> None:
    async with limen(password_min_length=length) as container:
        made = await first_administrator(container)
        assert made is not None
        assert made.generated_password is not None
        assert len(made.generated_password.reveal()) >= max(length, 24)


async def test_a_configured_password_is_used_and_not_shown() -> None:
    async with limen(
        bootstrap_admin_email=EMAIL, bootstrap_admin_password=Secret(PASSWORD)
    ) as container:
        made = await first_administrator(container)
        assert made is not None
        assert made.generated_password is None
        await enter(container, EMAIL, PASSWORD)


async def test_in_production_nobody_is_made_unasked() -> None:
    async with limen(
        environment="production", public_url="https://id.example.org", secret_key=KEY
    ) as container:
        assert await first_administrator(container) is None
        assert not await has_administrator(container)


async def test_a_bad_password_is_refused_by_the_name_of_its_setting() -> None:
    async with limen(
        bootstrap_admin_email=EMAIL, bootstrap_admin_password="password1234"
    ) as container:
        with pytest.raises(SettingsInvalid, match="LIMEN_BOOTSTRAP_ADMIN_PASSWORD") as refusal:
            await first_administrator(container)
        assert refusal.value.details
        assert "password1234" not in str(refusal.value)
        assert not await has_administrator(container)


async def test_whoever_took_the_address_before_loses_it() -> None:
    async with limen(bootstrap_admin_email=EMAIL) as container:
        await container.users().register(email=EMAIL, password="somebody elses secret")
        thief = await enter(container, EMAIL, "somebody elses secret")
        assert thief.user_id is not None
        async with container.unit_of_work()() as uow:
            await uow.passkeys.add(a_passkey(thief.user_id))
            await uow.commit()
        key = await container.api_keys().create(thief.user_id, actor=thief, name="trap")
        made = await first_administrator(container)
        assert made is not None
        with pytest.raises(ApiKeyInvalid):
            await container.api_keys().authenticate(key.text)
        assert made.generated_password is not None
        assert not await container.passkeys().list(thief.user_id, actor=BOOTSTRAP)
        assert not await container.sessions().list(thief.user_id, actor=BOOTSTRAP)
        with pytest.raises(InvalidCredentials):
            await enter(container, EMAIL, "somebody elses secret")
        admin = await enter(container, EMAIL, made.generated_password.reveal())
        assert admin.user_id == thief.user_id
        grants = await container.roles().list_grants(thief.user_id, actor=admin)
        assert [grant.role for grant in grants] == [ADMIN]


async def test_of_many_at_once_one_makes_somebody() -> None:
    async with limen(hashing_threads=2) as container:
        found = await asyncio.gather(*(first_administrator(container) for _ in range(5)))
        assert len([made for made in found if made is not None]) == 1
