"""An open limen for the server: its container, what must work, what runs beside the requests."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from limen.core.errors import StorageOutdated
from limen.entrypoints.http.services import Check, Gauges, Opened, Services
from limen.entrypoints.library import services_of
from limen.entrypoints.worker.delivery import delivering
from limen.entrypoints.worker.purge import purging
from limen.wiring.bootstrap import first_administrator, prepare
from limen.wiring.container import Container
from limen.wiring.lifecycle import open_container
from limen.wiring.settings import Settings

_PURGE_LOCK = "purge.lock"
_DELIVERY_LOCK = "delivery.lock"


@asynccontextmanager
async def open_for_http(
    settings: Settings, *, migrate: bool | None = False, has_administrator: bool = True
) -> AsyncIterator[Opened]:
    """Open limen for one process; by default its store was brought up to date before.

    Unless it `has_administrator`, the first one is made. Raises `StorageOutdated` or
    `StorageUnavailable`.
    """
    async with open_container(settings, migrate=migrate) as container:
        await prepare(container)
        if not has_administrator:
            await first_administrator(container)
        folder = settings.data_dir
        async with (
            purging(container.maintenance(), lock=folder / _PURGE_LOCK),
            delivering(container.delivery(), lock=folder / _DELIVERY_LOCK),
        ):
            yield opened(container)


def opened(container: Container) -> Opened:
    """Return what the door needs of an open container."""
    services: Services = services_of(container)
    return Opened(
        services=services,
        entropy=container.entropy(),
        checks=_checks(container),
        gauges=_gauges(container),
    )


def _checks(container: Container) -> Mapping[str, Check]:
    storage, ring = container.storage(), container.key_ring()

    async def migrations() -> None:
        if not await storage.is_current():
            raise StorageOutdated

    async def signing_key() -> None:
        await ring.signing()

    return {"store": storage.ping, "migrations": migrations, "signing_key": signing_key}


def _gauges(container: Container) -> Gauges:
    hasher, storage = container.hasher(), container.storage()

    def gauges() -> Mapping[str, float]:
        hashing, pool = hasher.load, storage.pool_use()
        found = {
            "hashing_active": hashing.active,
            "hashing_waiting": hashing.waiting,
            "hashing_threads": hashing.threads,
            "hashing_queue_limit": hashing.queue_limit,
        }
        if pool is None:
            return found
        return {
            **found,
            "pool_busy": pool.busy,
            "pool_size": pool.size,
            "pool_limit": pool.limit,
        }

    return gauges
