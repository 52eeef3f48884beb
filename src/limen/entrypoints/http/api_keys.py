"""API keys: one's own, those of others, and reporting one that was found."""

from datetime import datetime
from typing import Final
from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from limen.core.access import require_person
from limen.core.api_keys.form import read_key_id
from limen.core.api_keys.reading import FIELDS, NEWEST_FIRST
from limen.core.api_keys.service import ApiKeyService
from limen.core.errors import ApiKeyNotFound
from limen.core.ids import ApiKeyId, UserId
from limen.entrypoints.http.answers import Answered, created, shown
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.conditions import expected_version
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.listing import listed, read_list
from limen.entrypoints.http.rules import ListOf, Query, Rules
from limen.entrypoints.machine_shapes import ApiKeyOut, NewApiKeyOut, overlap_of
from limen.entrypoints.shapes import Success

LIST: Final = ListOf(
    name="ApiKey", shape=ApiKeyOut, fields=FIELDS, default_sort=NEWEST_FIRST, has_pages=False
)
LISTING: Final = Rules(query=Query.LIST, lists=LIST, is_open_to_keys=True)
_OWN_LIST: Final = Rules(query=Query.LIST, lists=LIST)
MAKING: Final = Rules(is_fresh=True, is_secret=True)


class CreateApiKeyIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A new key: what it is for, what it may do, and until when.

    Scopes are permissions that the owner has, or `me.read`; without any a key only says who it is.
    """

    name: str
    scopes: list[str] = []
    expires_at: datetime | None = None


class RotateApiKeyIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """For how many seconds the key holds beside its successor: a day unless said, at most seven."""

    overlap_seconds: int | None = None


class ReportApiKeyIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """The whole key, as it was found."""

    key: str


async def list_of(
    request: CallRequest, keys: ApiKeyService, owner_id: UserId
) -> Answered[Success[list[ApiKeyOut]]]:
    """Answer with a page of the keys of an owner."""
    query = read_list(request, ApiKeyOut)
    listing = await keys.list(owner_id, query.core, actor=request.actor)
    return listed(request, query, listing, list(map(ApiKeyOut.of, listing.items)))


async def make(
    request: CallRequest, keys: ApiKeyService, owner_id: UserId, data: CreateApiKeyIn, route: str
) -> Answered[Success[NewApiKeyOut]]:
    """Make a key for an owner, and answer where it is: at the route of this name."""
    made = await keys.create(
        owner_id,
        name=data.name,
        scopes=data.scopes,
        expires_at=data.expires_at,
        actor=request.actor,
    )
    return created(request, NewApiKeyOut.of(made), route, **_place(made.key.id, owner_id, route))


async def rotate(
    request: CallRequest,
    keys: ApiKeyService,
    data: RotateApiKeyIn,
    *,
    owner_id: UserId,
    key_id: UUID,
    route: str,
) -> Answered[Success[NewApiKeyOut]]:
    """Make the successor of a key, and answer where it is."""
    made = await keys.rotate(
        owner_id,
        ApiKeyId(key_id),
        overlap=overlap_of(data.overlap_seconds),
        expected_version=expected_version(request.call),
        actor=request.actor,
    )
    return created(request, NewApiKeyOut.of(made), route, **_place(made.key.id, owner_id, route))


async def see(
    request: CallRequest, keys: ApiKeyService, key_id: UUID, owner_id: UserId
) -> Answered[Success[ApiKeyOut]]:
    """Answer with a key of an owner."""
    seen = await keys.get(ApiKeyId(key_id), owner_id=owner_id, actor=request.actor)
    return shown(request, ApiKeyOut.of(seen))


async def revoke(request: CallRequest, keys: ApiKeyService, key_id: UUID, owner_id: UserId) -> None:
    """End a key of an owner."""
    await keys.revoke(
        ApiKeyId(key_id),
        owner_id=owner_id,
        expected_version=expected_version(request.call),
        actor=request.actor,
    )


def _place(key_id: ApiKeyId, owner_id: UserId, route: str) -> dict[str, UUID]:
    return {"key_id": key_id} if route == OWN else {"key_id": key_id, "account_id": owner_id}


OWN: Final = "limen.getMyApiKey"


class OwnApiKeyController(Controller):
    """One's own API keys."""

    path = "/me/api-keys"
    tags = ("Me",)

    @get("/", **described("listMyApiKeys", "List one's own API keys", rules=_OWN_LIST))
    async def list_own(
        self, request: CallRequest, api_keys: NamedDependency[ApiKeyService]
    ) -> Answered[Success[list[ApiKeyOut]]]:
        """Return one's keys, the newest first, also those that are over; never their secrets."""
        return await list_of(request, api_keys, require_person(request.actor))

    @post(
        "/",
        **described(
            "createMyApiKey",
            "Make an API key",
            refuses=(403, 404, 422),
            rules=MAKING,
            has_body=True,
            is_versioned=True,
        ),
    )
    async def create(
        self,
        request: CallRequest,
        api_keys: NamedDependency[ApiKeyService],
        data: JSONBody[CreateApiKeyIn],
    ) -> Answered[Success[NewApiKeyOut]]:
        """Make a key for oneself; it is shown this once.

        An `Idempotency-Key` is not heeded: secrets are never replayed.
        """
        return await make(request, api_keys, require_person(request.actor), data, OWN)

    @get(
        "/{key_id:str}",
        name=OWN,
        **described(
            "getMyApiKey", "See one of one's API keys", refuses=(403, 404), is_versioned=True
        ),
    )
    async def see_own(
        self,
        request: CallRequest,
        api_keys: NamedDependency[ApiKeyService],
        key_id: FromPath[UUID],
    ) -> Answered[Success[ApiKeyOut]]:
        """Return a key, never its secret."""
        return await see(request, api_keys, key_id, require_person(request.actor))

    @delete(
        "/{key_id:str}",
        **described(
            "revokeMyApiKey",
            "Revoke one of one's API keys",
            refuses=(403, 404, 412, 422),
            is_versioned=True,
        ),
    )
    async def revoke_own(
        self,
        request: CallRequest,
        api_keys: NamedDependency[ApiKeyService],
        key_id: FromPath[UUID],
    ) -> None:
        """End a key at once."""
        await revoke(request, api_keys, key_id, require_person(request.actor))

    @post(
        "/{key_id:str}/rotate",
        **described(
            "rotateMyApiKey",
            "Make the successor of an API key",
            refuses=(403, 404, 412, 422),
            rules=MAKING,
            has_body=True,
            is_versioned=True,
        ),
    )
    async def rotate_own(
        self,
        request: CallRequest,
        api_keys: NamedDependency[ApiKeyService],
        key_id: FromPath[UUID],
        data: JSONBody[RotateApiKeyIn],
    ) -> Answered[Success[NewApiKeyOut]]:
        """Make a key like this one, which holds a while longer."""
        owner_id = require_person(request.actor)
        return await rotate(request, api_keys, data, owner_id=owner_id, key_id=key_id, route=OWN)


class UserApiKeyController(Controller):
    """The API keys of a user."""

    path = "/users/{user_id:str}/api-keys"
    tags = ("Users",)

    @get(
        "/",
        **described(
            "listApiKeys", "List the API keys of a user", refuses=(403, 404), rules=LISTING
        ),
    )
    async def list_keys(
        self,
        request: CallRequest,
        api_keys: NamedDependency[ApiKeyService],
        user_id: FromPath[UUID],
    ) -> Answered[Success[list[ApiKeyOut]]]:
        """Return the keys of a user or service account; needs `api_keys.read`."""
        return await list_of(request, api_keys, UserId(user_id))

    @get(
        "/{key_id:str}",
        **described(
            "getUserApiKey",
            "See an API key of a user",
            refuses=(403, 404),
            rules=Rules(is_open_to_keys=True),
            is_versioned=True,
        ),
    )
    async def see_key(
        self,
        request: CallRequest,
        api_keys: NamedDependency[ApiKeyService],
        user_id: FromPath[UUID],
        key_id: FromPath[UUID],
    ) -> Answered[Success[ApiKeyOut]]:
        """Return a key, never its secret; needs `api_keys.read`."""
        return await see(request, api_keys, key_id, UserId(user_id))

    @delete(
        "/{key_id:str}",
        **described(
            "revokeUserApiKey",
            "Revoke an API key of a user",
            refuses=(403, 404, 412, 422),
            is_versioned=True,
        ),
    )
    async def revoke_key(
        self,
        request: CallRequest,
        api_keys: NamedDependency[ApiKeyService],
        user_id: FromPath[UUID],
        key_id: FromPath[UUID],
    ) -> None:
        """End a key at once; needs `api_keys.revoke`."""
        await revoke(request, api_keys, key_id, UserId(user_id))


class ApiKeyController(Controller):
    """Any API key, by its id or public part."""

    path = "/api-keys"
    tags = ("API keys",)

    @get(
        "/{key:str}",
        **described(
            "getApiKey",
            "See whose an API key is",
            refuses=(403, 404),
            rules=Rules(is_open_to_keys=True),
            is_versioned=True,
        ),
    )
    async def see_any(
        self, request: CallRequest, api_keys: NamedDependency[ApiKeyService], key: FromPath[str]
    ) -> Answered[Success[ApiKeyOut]]:
        """Return the key with this id or public part (`limen_ak_…`); needs `api_keys.read`."""
        seen = await api_keys.get(_key_id(key), actor=request.actor)
        return shown(request, ApiKeyOut.of(seen))

    @delete(
        "/{key:str}",
        **described(
            "revokeApiKey", "Revoke an API key", refuses=(403, 404, 412, 422), is_versioned=True
        ),
    )
    async def revoke_any(
        self, request: CallRequest, api_keys: NamedDependency[ApiKeyService], key: FromPath[str]
    ) -> None:
        """End the key with this id or public part at once; needs `api_keys.revoke`."""
        await api_keys.revoke(
            _key_id(key), expected_version=expected_version(request.call), actor=request.actor
        )


class ApiKeyReportController(Controller):
    """Reporting keys."""

    path = "/auth/api-keys/report"
    tags = ("API keys",)

    @post(
        "/",
        status_code=204,
        **described(
            "reportApiKey",
            "Report an API key that was found",
            refuses=(404, 429),
            rules=Rules(is_public=True),
            has_body=True,
        ),
    )
    async def report(
        self,
        request: CallRequest,
        api_keys: NamedDependency[ApiKeyService],
        data: JSONBody[ReportApiKeyIn],
    ) -> None:
        """End a key that got into wrong hands: whoever has it whole may; its owner is told.

        A key that is over already is answered in the same way.
        """
        await api_keys.report(data.key, actor=request.actor)


def _key_id(text: str) -> ApiKeyId:
    key_id = read_key_id(text)
    if key_id is None:
        raise ApiKeyNotFound
    return key_id
