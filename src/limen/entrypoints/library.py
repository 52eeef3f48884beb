"""limen as a library: the services of the core, wired."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from limen.entrypoints.services import Limen
from limen.ports.former_passwords import FormerPasswords
from limen.wiring.bootstrap import prepare
from limen.wiring.container import Container
from limen.wiring.forms import SQLITE, sqlite_path
from limen.wiring.lifecycle import open_container
from limen.wiring.settings import Settings, from_code, load


@asynccontextmanager
async def open_limen(
    where: str | Settings | None = None,
    *,
    migrate: bool | None = None,
    former_passwords: FormerPasswords | None = None,
    **options: object,
) -> AsyncIterator[Limen]:
    """Open a limen and close it in the end; importable as `limen.open`.

    `where` is the URL of a store (`memory://`, `sqlite:///path.db`, `postgresql://…`): then
    nothing is read from the environment, and the secret key of an SQLite database lies beside
    it. Without `where` the settings are those of the server: `LIMEN_*` and `limen.toml`.
    `options` are settings under their names in lower case (`password_min_length=15`) and come
    before all others. Or `where` is `Settings`, as they are.

    The schema is brought up to date on SQLite, elsewhere only with `migrate=True`; the first
    signing key is made. `former_passwords` is asked about people whose password is still in another
    system. Raises `SettingsInvalid`, `StorageOutdated` or `StorageUnavailable`.
    """
    settings = settings_of(where, options)
    async with open_container(
        settings, migrate=migrate, former_passwords=former_passwords
    ) as container:
        await prepare(container)
        yield services_of(container)


def services_of(container: Container) -> Limen:
    """Take the services out of an open container."""
    return Limen(
        users=container.users(),
        passwords=container.passwords(),
        sign_in=container.sign_in(),
        second_step=container.second_step(),
        required_factor=container.required_factor(),
        step_up=container.step_up(),
        sessions=container.sessions(),
        tokens=container.tokens(),
        cookie_sessions=container.cookie_sessions(),
        remembered=container.remembered(),
        roles=container.roles(),
        keys=container.keys(),
        emails=container.emails(),
        factors=container.factors(),
        links=container.links(),
        passkeys=container.passkeys(),
        passkey_sign_in=container.passkey_sign_in(),
        passkey_steps=container.passkey_steps(),
        recovery=container.recovery(),
        assistance=container.assistance(),
        messages=container.messages(),
        api_keys=container.api_keys(),
        service_accounts=container.service_accounts(),
        imports=container.imports(),
        idempotency=container.idempotency(),
        maintenance=container.maintenance(),
    )


def settings_of(where: str | Settings | None, options: dict[str, object]) -> Settings:
    """Return the settings that the arguments of `limen.open` mean."""
    if isinstance(where, Settings):
        if options:
            raise TypeError("give either settings or options")
        return where
    if where is None:
        return load(options=options)
    beside: dict[str, object] = {}
    if where.startswith(SQLITE):
        beside["data_dir"] = sqlite_path(where).parent
    return from_code({"database_url": where, **beside, **options})
