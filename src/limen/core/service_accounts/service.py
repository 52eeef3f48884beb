"""What can be done with service accounts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from limen.core.access import authorise, authorise_over, require_fresh
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import (
    InvalidInput,
    ServiceAccountNotFound,
    UserNotFound,
    VersionMismatch,
)
from limen.core.events import (
    ServiceAccountCreated,
    ServiceAccountDeleted,
    ServiceAccountReactivated,
    ServiceAccountSuspended,
    ServiceAccountUpdated,
)
from limen.core.ids import UserId
from limen.core.page import Condition, Listing, ListQuery, Operator
from limen.core.query import Field, Lists
from limen.core.reading import UNSET, Maybe, Reader, given
from limen.core.roles.model import Permission
from limen.core.users.directory import FIELDS as USER_FIELDS
from limen.core.users.model import Email, Status, User, UserKind, Username, parse_name
from limen.core.users.profile import changed_fields
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory, View

_READ: Final = Permission.SERVICE_ACCOUNTS_READ
_MANAGE: Final = Permission.SERVICE_ACCOUNTS_MANAGE

DEFAULT_SORT: Final = "-created_at"
FIELDS: Final[Mapping[str, Field]] = {
    name: USER_FIELDS[name]
    for name in ("id", "username", "name", "status", "role", "created_at", "updated_at")
}


class ServiceAccountService:
    """Accounts without people: users of a kind of their own, who only ever act by API keys.

    They hold roles as people do (`RoleService`). Methods raise `NotSignedIn`, `NotByKey`,
    `PermissionMissing` or `BeyondOwnPermissions` when the actor may not, and
    `ServiceAccountNotFound` for people, too.
    """

    def __init__(self, *, unit_of_work: UnitOfWorkFactory, ambient: Ambient, lists: Lists) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._lists = lists

    async def create(self, *, actor: Actor, username: str, name: str = "") -> User:
        """Make a service account, which may do nothing yet; needs `service_accounts.manage`.

        `username` is its one name, `name` says what it is for. Raises `InvalidInput` or
        `UsernameTaken`.
        """
        now = self._ambient.clock.now()
        reader = Reader()
        read_username = reader.read("username", Username.parse, username)
        read_name = reader.read("name", parse_name, name)
        async with self._unit_of_work() as uow:
            await authorise(uow, actor, _MANAGE, now)
            if read_username is None or read_name is None:
                raise InvalidInput(details=reader.faults)
            account = self._new(read_username, read_name, now)
            await uow.users.add(account)
            uow.emit(ServiceAccountCreated(at=now, actor=actor, user_id=account.id))
            await uow.commit()
        return account

    async def list(self, query: ListQuery, *, actor: Actor) -> Listing[User]:
        """Return service accounts as `UserService.list` does users; needs `service_accounts.read`.

        Fields are those of `FIELDS`. Raises `InvalidQuery`, `InvalidCursor` or `PageTooDeep`.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work.view() as view:
            await authorise(view, actor, _READ, now)
            selection = self._lists.select(query, FIELDS, default_sort=DEFAULT_SORT)
            kind = Condition("kind", Operator.EQ, UserKind.SERVICE_ACCOUNT)
            asked = replace(selection, conditions=(*selection.conditions, kind))
            page = await view.users.list(asked, now)
        return self._lists.listing(page, query, selection)

    async def get(self, account_id: UserId, *, actor: Actor) -> User:
        """Return a service account; needs `service_accounts.read`."""
        async with self._unit_of_work.view() as view:
            await authorise(view, actor, _READ, self._ambient.clock.now())
            return await _get(view, account_id)

    async def find(self, username: str, *, actor: Actor) -> User:
        """Return the service account of this name; needs `service_accounts.read`."""
        async with self._unit_of_work.view() as view:
            await authorise(view, actor, _READ, self._ambient.clock.now())
            try:
                found = await view.users.find(Username.parse(username))
            except ValueError:
                found = None
        if found is None or found.is_person:
            raise ServiceAccountNotFound
        return found

    async def update(
        self,
        account_id: UserId,
        *,
        actor: Actor,
        username: Maybe[str] = UNSET,
        name: Maybe[str] = UNSET,
        expected_version: int | None = None,
    ) -> User:
        """Change what is given and leave the rest; needs `service_accounts.manage`.

        Raises `InvalidInput`, `UsernameTaken` or `VersionMismatch`.
        """
        now = self._ambient.clock.now()
        reader = Reader()
        async with self._unit_of_work() as uow:
            present = await self._lock(uow, account_id, actor, expected_version)
            profile = replace(
                present.profile,
                username=reader.read(
                    "username", Username.parse, given(username, str(present.username or ""))
                ),
                name=reader.read("name", parse_name, given(name, present.name)) or "",
            )
            reader.refuse_faults()
            changed = changed_fields(present.profile, profile)
            if not changed:
                return present
            account = present.with_profile(profile, now)
            await uow.users.save(account)
            uow.emit(
                ServiceAccountUpdated(at=now, actor=actor, user_id=account_id, changed=changed)
            )
            await uow.commit()
        return account

    async def suspend(
        self, account_id: UserId, *, actor: Actor, expected_version: int | None = None
    ) -> User:
        """Refuse all keys of an account from now on; needs `service_accounts.manage`.

        A suspended account stays as it is. Raises `VersionMismatch`.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            present = await self._lock(uow, account_id, actor, expected_version)
            if present.status is Status.SUSPENDED:
                return present
            account = present.suspend(now)
            await uow.users.save(account)
            uow.emit(ServiceAccountSuspended(at=now, actor=actor, user_id=account_id))
            await uow.commit()
        return account

    async def reactivate(
        self, account_id: UserId, *, actor: Actor, expected_version: int | None = None
    ) -> User:
        """Take the keys of a suspended account again; needs `service_accounts.manage`.

        An active account stays as it is. Raises `VersionMismatch` and what `require_fresh` does.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            present = await self._lock(uow, account_id, actor, expected_version)
            await require_fresh(uow, actor, now)
            if present.status is Status.ACTIVE:
                return present
            account = present.reactivate(now)
            await uow.users.save(account)
            uow.emit(ServiceAccountReactivated(at=now, actor=actor, user_id=account_id))
            await uow.commit()
        return account

    async def delete(
        self, account_id: UserId, *, actor: Actor, expected_version: int | None = None
    ) -> None:
        """Remove an account with its grants and keys; needs `service_accounts.manage`.

        Raises `VersionMismatch` and what `require_fresh` does.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            await self._lock(uow, account_id, actor, expected_version)
            await require_fresh(uow, actor, now)
            await uow.users.remove(account_id)
            uow.emit(ServiceAccountDeleted(at=now, actor=actor, user_id=account_id))
            await uow.commit()

    async def _lock(
        self, uow: UnitOfWork, account_id: UserId, actor: Actor, version: int | None
    ) -> User:
        await authorise_over(uow, actor, _MANAGE, account_id, self._ambient.clock.now())
        try:
            account = await uow.users.lock(account_id)
        except UserNotFound:
            raise ServiceAccountNotFound from None
        if account.is_person:
            raise ServiceAccountNotFound
        if version is not None and account.version != version:
            raise VersionMismatch
        return account

    def _new(self, username: Username, name: str, now: datetime) -> User:
        account_id = UserId(self._ambient.ids.new())
        return User(
            id=account_id,
            kind=UserKind.SERVICE_ACCOUNT,
            email=Email.of_nobody(account_id),
            username=username,
            name=name,
            created_at=now,
            updated_at=now,
        )


async def _get(view: View, account_id: UserId) -> User:
    try:
        account = await view.users.get(account_id)
    except UserNotFound:
        raise ServiceAccountNotFound from None
    if account.is_person:
        raise ServiceAccountNotFound
    return account
