"""What can be done with API keys."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from limen.core.access import authorise, authorise_over, lock_fresh, require_fresh
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.api_keys.checking import ApiKeyChecker
from limen.core.api_keys.form import SECRET_BYTES, digest_of, public_part, write_key
from limen.core.api_keys.model import ApiKey, ApiKeyEnd, ApiKeyPolicy, ApiKeyStatus, KeyClaims
from limen.core.api_keys.reading import (
    FIELDS,
    NEWEST_FIRST,
    Wanted,
    bounded,
    read_overlap,
    read_wanted,
)
from limen.core.errors import (
    ApiKeyInvalid,
    ApiKeyNotFound,
    BeyondOwnPermissions,
    ConcurrentUpdate,
    PermissionMissing,
    TooManyApiKeys,
    VersionMismatch,
)
from limen.core.events import ApiKeyCreated, ApiKeyReported, ApiKeyRevoked, ApiKeyRotated
from limen.core.ids import ApiKeyId, UserId
from limen.core.messages.model import MessageKind
from limen.core.messages.posting import Postbox
from limen.core.page import Listing, ListQuery, Page, Position
from limen.core.query import Lists
from limen.core.roles.model import ME_READ, Permission, permissions_of
from limen.core.secret import Secret, as_secret
from limen.core.users.model import User
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory

_TRIES = 5
_MANAGE = Permission.SERVICE_ACCOUNTS_MANAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that was just made, and its text: it is shown now and never again."""

    key: ApiKey
    text: Secret[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenKey:
    """A key, and how far it was at the moment it was looked at."""

    key: ApiKey
    status: ApiKeyStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyParts:
    """What checks keys, what tells of them, what pages through them."""

    checker: ApiKeyChecker
    postbox: Postbox
    lists: Lists


class ApiKeyService:
    """The API keys of people, who make their own, and of service accounts.

    A key acts for its owner, with its scopes and never with more than the owner may at the time; it
    is nobody who could make or end keys. Methods that take an `actor` raise `NotSignedIn`,
    `NotByKey`, `PermissionMissing` or `BeyondOwnPermissions` when the actor may not; those that
    make keys raise what `limen.core.access.require_fresh` does.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        parts: KeyParts,
        policy: ApiKeyPolicy,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._checker = parts.checker
        self._postbox = parts.postbox
        self._lists = parts.lists
        self._policy = policy

    async def authenticate(
        self, key: Secret[str] | str, *, actor: Actor | None = None
    ) -> KeyClaims:
        """Return what a good key says; the store is asked at each call.

        Raises `ApiKeyInvalid`, or `TooManyAttempts` after many wrong keys from one address.
        """
        return await self._checker.check(as_secret(key), actor=actor or Actor.anonymous())

    async def create(
        self,
        owner_id: UserId,
        *,
        actor: Actor,
        name: str,
        scopes: Iterable[str] = (),
        expires_at: datetime | None = None,
    ) -> NewKey:
        """Make a key for oneself, or with `service_accounts.manage` for a service account.

        `scopes` are permissions that the owner has, or `me.read`. Raises `UserNotFound`,
        `InvalidInput`, `TooManyApiKeys`, or `BeyondOwnPermissions` for scopes the owner lacks.
        """
        now = self._ambient.clock.now()
        wanted = read_wanted(self._policy, now, name=name, scopes=scopes, expires_at=expires_at)
        async with self._unit_of_work() as uow:
            owner = await self._lock_owner(uow, owner_id, actor, now)
            await _refuse_beyond(uow, owner, wanted.scopes, now)
            if await uow.api_keys.count(owner.id, now) >= self._policy.most_live:
                raise TooManyApiKeys
            made = self._make(owner, wanted, actor, now)
            await uow.api_keys.add(made.key)
            uow.emit(_created(made.key, actor))
            await self._tell(uow, MessageKind.API_KEY_CREATED, owner, made.key, now)
            await uow.commit()
        return made

    async def rotate(
        self,
        owner_id: UserId,
        key_id: ApiKeyId,
        *,
        actor: Actor,
        overlap: timedelta | None = None,
        expected_version: int | None = None,
    ) -> NewKey:
        """Make a successor with the same name, scopes and length of life; as `create` needs.

        The key holds for `overlap` more, a day unless said. So that a change is never put off, the
        successor takes the place of the key under the limit of keys; but no more keys than that
        hold beside their successors. Raises `ApiKeyNotFound`, `ApiKeyOver`, `InvalidInput`,
        `VersionMismatch`, `TooManyApiKeys` where an overlap would be one too many, or
        `ConcurrentUpdate`: of many at once one wins.
        """
        kept = read_overlap(self._policy, overlap)
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            owner = await self._lock_owner(uow, owner_id, actor, now)
            key = await _owned(uow, key_id, owner_id, expected_version)
            overlapping = await uow.api_keys.count(owner.id, now, has_successor=True)
            if kept and overlapping >= self._policy.most_live:
                raise TooManyApiKeys
            made = self._make(owner, self._again(key, now), actor, now)
            rotated = key.rotated(made.key, kept, now)
            await uow.api_keys.add(made.key)
            await uow.api_keys.save(rotated)
            uow.emit(_created(made.key, actor, successor_of=key.id))
            uow.emit(
                ApiKeyRotated(
                    at=now,
                    actor=actor,
                    user_id=owner.id,
                    key_id=key.id,
                    successor_id=made.key.id,
                    expires_at=cast("datetime", rotated.expires_at),
                )
            )
            await self._tell(uow, MessageKind.API_KEY_CREATED, owner, made.key, now)
            await uow.commit()
        return made

    async def list(self, owner_id: UserId, query: ListQuery, *, actor: Actor) -> Listing[SeenKey]:
        """Return a user's keys, the newest first, page by page; another's need `api_keys.read`.

        Raises `UserNotFound`, `InvalidQuery` or `InvalidCursor`.
        """
        now = self._ambient.clock.now()
        selection = self._lists.select(bounded(query), FIELDS, default_sort=NEWEST_FIRST)
        async with self._unit_of_work.view() as view:
            if not actor.owns(owner_id):
                await authorise(view, actor, Permission.API_KEYS_READ, now)
                await view.users.get(owner_id)
            found = await view.api_keys.list(
                owner_id,
                before=cast("ApiKeyId", selection.after.values[0]) if selection.after else None,
                limit=query.limit + 1,
            )
        items = tuple(_seen(key, now) for key in found[: query.limit])
        is_more = len(found) > query.limit
        page = Page(items=items, next=Position((items[-1].key.id,)) if is_more else None)
        return self._lists.listing(page, query, selection)

    async def get(
        self, key_id: ApiKeyId, *, actor: Actor, owner_id: UserId | None = None
    ) -> SeenKey:
        """Return a key: one's own, or with `api_keys.read` anybody's, of `owner_id` if given.

        Raises `ApiKeyNotFound`.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work.view() as view:
            owned = await view.api_keys.find(key_id)
            whose = owner_id or (owned.owner.id if owned else None)
            if whose is None or not actor.owns(whose):
                await authorise(view, actor, Permission.API_KEYS_READ, now)
        if owned is None or owned.owner.id != whose:
            raise ApiKeyNotFound
        return _seen(owned.key, now)

    async def revoke(
        self,
        key_id: ApiKeyId,
        *,
        actor: Actor,
        owner_id: UserId | None = None,
        expected_version: int | None = None,
    ) -> None:
        """End a key at once: one's own, or with `api_keys.revoke` anybody's.

        Raises `ApiKeyNotFound`, also for one that is not of `owner_id`; `ApiKeyOver`,
        `VersionMismatch` or `ConcurrentUpdate`: of many at once one wins.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            owned = await uow.api_keys.find(key_id)
            owner = owner_id or (owned.owner.id if owned else None)
            if owner is None:
                await authorise(uow, actor, Permission.API_KEYS_REVOKE, now)
                raise ApiKeyNotFound
            if not actor.owns(owner):
                await authorise_over(uow, actor, Permission.API_KEYS_REVOKE, owner, now)
            key = await _owned(uow, key_id, owner, expected_version)
            await uow.api_keys.save(key.ended(now, ApiKeyEnd.REVOKED))
            uow.emit(ApiKeyRevoked(at=now, actor=actor, user_id=owner, key_id=key.id))
            await uow.commit()

    async def report(self, key: Secret[str] | str, *, actor: Actor | None = None) -> None:
        """End a key that got into wrong hands: whoever shows it whole may, signed in or not.

        The owner is told by mail. A key that is over stays so. Raises `ApiKeyNotFound` or
        `TooManyAttempts`.
        """
        by = actor or Actor.anonymous()
        for _ in range(_TRIES - 1):
            try:
                return await self._report(as_secret(key), by)
            except ConcurrentUpdate:
                # Somebody else changed the key meanwhile: perhaps it is over already.
                continue
        return await self._report(as_secret(key), by)

    async def _report(self, key: Secret[str], actor: Actor) -> None:
        try:
            owned = await self._checker.find(key, actor=actor)
        except ApiKeyInvalid:
            raise ApiKeyNotFound from None
        now = self._ambient.clock.now()
        if not owned.key.is_live(now):
            return
        async with self._unit_of_work() as uow:
            await uow.api_keys.save(owned.key.ended(now, ApiKeyEnd.REPORTED))
            uow.emit(
                ApiKeyReported(at=now, actor=actor, user_id=owned.owner.id, key_id=owned.key.id)
            )
            await self._tell(uow, MessageKind.API_KEY_REPORTED, owned.owner, owned.key, now)
            await uow.commit()

    async def _lock_owner(
        self, uow: UnitOfWork, owner_id: UserId, actor: Actor, now: datetime
    ) -> User:
        """Return who is to own a key that the actor may make."""
        if actor.owns(owner_id):
            return await lock_fresh(uow, actor, now)
        await authorise_over(uow, actor, _MANAGE, owner_id, now)
        await require_fresh(uow, actor, now)
        owner = await uow.users.lock(owner_id)
        if owner.is_person and not actor.is_system:
            raise PermissionMissing("People make their keys themselves.")
        return owner

    def _make(self, owner: User, wanted: Wanted, actor: Actor, now: datetime) -> NewKey:
        key_id = ApiKeyId(self._ambient.ids.new())
        secret = self._ambient.entropy.bytes(SECRET_BYTES)
        key = ApiKey(
            id=key_id,
            owner_id=owner.id,
            made_by=actor.person_id,
            name=wanted.name,
            digest=digest_of(secret),
            scopes=wanted.scopes,
            created_at=now,
            expires_at=wanted.expires_at,
        )
        return NewKey(key=key, text=write_key(key_id, secret))

    def _again(self, key: ApiKey, now: datetime) -> Wanted:
        end = None if key.expires_at is None else now + (key.expires_at - key.created_at)
        latest = self._policy.end_of(now, None)
        if end is not None and latest is not None:
            end = min(end, latest)
        return Wanted(name=key.name, scopes=key.scopes, expires_at=end or latest)

    async def _tell(
        self, uow: UnitOfWork, kind: MessageKind, owner: User, key: ApiKey, now: datetime
    ) -> None:
        """Tell the owner, or of a service account whoever made the key, if anybody did."""
        reader = owner.id if owner.is_person else key.made_by
        if reader is not None:
            values = {"name": key.name, "key": public_part(key.id)}
            await self._postbox.post(uow, kind, now, values=values, user_id=reader)


async def _owned(
    uow: UnitOfWork, key_id: ApiKeyId, owner_id: UserId, version: int | None
) -> ApiKey:
    owned = await uow.api_keys.find(key_id)
    if owned is None or owned.key.owner_id != owner_id:
        raise ApiKeyNotFound
    if version is not None and owned.key.version != version:
        raise VersionMismatch
    return owned.key


def _seen(key: ApiKey, now: datetime) -> SeenKey:
    return SeenKey(key=key, status=key.status(now))


async def _refuse_beyond(
    uow: UnitOfWork, owner: User, scopes: frozenset[str], now: datetime
) -> None:
    held = permissions_of(await uow.grants.list_held(owner.id, now))
    beyond = sorted(scopes - held - {ME_READ})
    if beyond:
        raise BeyondOwnPermissions(f"The owner does not have: {', '.join(beyond)}.")


def _created(key: ApiKey, actor: Actor, *, successor_of: ApiKeyId | None = None) -> ApiKeyCreated:
    return ApiKeyCreated(
        at=key.created_at,
        actor=actor,
        user_id=key.owner_id,
        key_id=key.id,
        scopes=tuple(sorted(key.scopes)),
        expires_at=key.expires_at,
        successor_of=successor_of,
    )
