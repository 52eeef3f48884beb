"""The services as the command line uses them, from the settings of this process."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from limen.core.errors import StorageOutdated
from limen.core.imports.service import ImportService
from limen.core.keys.service import KeyService
from limen.core.maintenance.service import MaintenanceService
from limen.core.passwords.service import PasswordService
from limen.core.roles.service import RoleService
from limen.core.sessions.service import SessionService
from limen.core.users.service import UserService
from limen.wiring.container import Container
from limen.wiring.lifecycle import open_container
from limen.wiring.settings import Store, load


class ContainerServices:
    """Each service, made when it is first asked for."""

    def __init__(self, container: Container) -> None:
        """Take the services out of an open container."""
        self._container = container

    @property
    def users(self) -> UserService:
        """Accounts."""
        return self._container.users()

    @property
    def passwords(self) -> PasswordService:
        """Passwords."""
        return self._container.passwords()

    @property
    def sessions(self) -> SessionService:
        """Sign-ins."""
        return self._container.sessions()

    @property
    def roles(self) -> RoleService:
        """Roles and grants."""
        return self._container.roles()

    @property
    def keys(self) -> KeyService:
        """Signing keys."""
        return self._container.keys()

    @property
    def imports(self) -> ImportService:
        """Many accounts at once."""
        return self._container.imports()

    @property
    def maintenance(self) -> MaintenanceService:
        """Removing what is over."""
        return self._container.maintenance()


@asynccontextmanager
async def open_services() -> AsyncIterator[ContainerServices]:
    """Open limen as the settings say.

    Raises `SettingsInvalid`, `StorageUnavailable`, or `StorageOutdated` where `limen migrate`
    has to run first.
    """
    settings = load()
    if settings.database.store is Store.MEMORY:
        print(
            "The store is memory://, so whatever this command does is gone when it ends.",
            file=sys.stderr,
        )
    async with open_container(settings) as container:
        if not await container.storage().is_current():
            raise StorageOutdated
        yield ContainerServices(container)
