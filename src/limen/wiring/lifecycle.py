"""From settings to a limen that is open, and back."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from dependency_injector.providers import Object

from limen.adapters.system import SystemEntropy
from limen.core.passwords.former import AskingHasher
from limen.ports.former_passwords import FormerPasswords
from limen.wiring.container import Container
from limen.wiring.secret_key import find_secret_keys
from limen.wiring.settings import Settings, Store


@asynccontextmanager
async def open_container(
    settings: Settings,
    *,
    migrate: bool | None = None,
    former_passwords: FormerPasswords | None = None,
) -> AsyncIterator[Container]:
    """Open the store and the hashing threads, and close both in the end.

    `migrate` brings an outdated schema up to date; by default on SQLite only. Nothing else is
    written: see `limen.wiring.bootstrap` for the first signing key and administrator. Raises
    `SettingsInvalid` and `StorageUnavailable`. `former_passwords` comes before the settings.
    """
    container = make_container(settings)
    if former_passwords is not None:
        container.verifying.override(Object(AskingHasher(container.hasher(), former_passwords)))
    is_migrated = settings.database.store is Store.SQLITE if migrate is None else migrate
    async with AsyncExitStack() as stack:
        storage = container.storage()
        stack.push_async_callback(storage.close)
        await storage.open()
        if is_migrated and not await storage.is_current():
            await storage.migrate()
        stack.push_async_callback(container.hasher().close)
        stack.push_async_callback(container.key_uses().settled)
        yield container


def make_container(settings: Settings) -> Container:
    """Return a container over `settings`, with nothing opened."""
    keys = find_secret_keys(settings, SystemEntropy().bytes)
    return Container(settings=settings, secret_keys=keys)
