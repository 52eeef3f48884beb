"""Service accounts and their API keys, for administrators."""

from typing import Final
from uuid import UUID

from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Struct, UnsetType

from limen.core.api_keys.service import ApiKeyService
from limen.core.ids import UserId
from limen.core.service_accounts.service import DEFAULT_SORT, FIELDS, ServiceAccountService
from limen.entrypoints.http import api_keys as keys_of
from limen.entrypoints.http.answers import Answered, created, shown
from limen.entrypoints.http.api_keys import LISTING, MAKING, CreateApiKeyIn, RotateApiKeyIn
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.conditions import expected_version
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.fields import maybe
from limen.entrypoints.http.listing import listed, read_list
from limen.entrypoints.http.rules import ListOf, Query, Rules
from limen.entrypoints.machine_shapes import ApiKeyOut, NewApiKeyOut, ServiceAccountOut
from limen.entrypoints.shapes import Success

LIST: Final = ListOf(
    name="ServiceAccount", shape=ServiceAccountOut, fields=FIELDS, default_sort=DEFAULT_SORT
)
_KEY: Final = "limen.getServiceAccountApiKey"


class CreateServiceAccountIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A new account without a person: its one name, and what it is for."""

    username: str
    name: str = ""


class UpdateServiceAccountIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes to a service account; what is not given stays (RFC 7396)."""

    username: str | UnsetType = UNSET
    name: str | UnsetType = UNSET


class ServiceAccountController(Controller):
    """Service accounts."""

    path = "/service-accounts"
    tags = ("Service accounts",)

    @get(
        "/",
        **described(
            "listServiceAccounts",
            "List service accounts",
            refuses=(403, 422),
            rules=Rules(query=Query.LIST, lists=LIST, is_open_to_keys=True),
        ),
    )
    async def list_accounts(
        self, request: CallRequest, service_accounts: NamedDependency[ServiceAccountService]
    ) -> Answered[Success[list[ServiceAccountOut]]]:
        """Find service accounts by filter, search and sort; needs `service_accounts.read`."""
        query = read_list(request, ServiceAccountOut)
        listing = await service_accounts.list(query.core, actor=request.actor)
        return listed(request, query, listing, list(map(ServiceAccountOut.of, listing.items)))

    @post(
        "/",
        **described(
            "createServiceAccount",
            "Make a service account",
            refuses=(403, 409),
            rules=Rules(is_repeatable=True),
            has_body=True,
            is_versioned=True,
        ),
    )
    async def create(
        self,
        request: CallRequest,
        service_accounts: NamedDependency[ServiceAccountService],
        data: JSONBody[CreateServiceAccountIn],
    ) -> Answered[Success[ServiceAccountOut]]:
        """Make an account, which may do nothing yet; needs `service_accounts.manage`.

        It gets roles by `PUT /users/{id}/roles/{role}`, as people do.
        """
        account = await service_accounts.create(
            username=data.username, name=data.name, actor=request.actor
        )
        shape = ServiceAccountOut.of(account)
        return created(request, shape, "limen.getServiceAccount", account_id=account.id)

    @get(
        "/{account_id:str}",
        name="limen.getServiceAccount",
        **described(
            "getServiceAccount",
            "See a service account",
            refuses=(403, 404),
            rules=Rules(is_open_to_keys=True),
            is_versioned=True,
        ),
    )
    async def see(
        self,
        request: CallRequest,
        service_accounts: NamedDependency[ServiceAccountService],
        account_id: FromPath[UUID],
    ) -> Answered[Success[ServiceAccountOut]]:
        """Return a service account; needs `service_accounts.read`."""
        account = await service_accounts.get(UserId(account_id), actor=request.actor)
        return shown(request, ServiceAccountOut.of(account))

    @patch(
        "/{account_id:str}",
        **described(
            "updateServiceAccount",
            "Change a service account",
            refuses=(403, 404, 409, 412),
            has_body=True,
            is_versioned=True,
        ),
    )
    async def update(
        self,
        request: CallRequest,
        service_accounts: NamedDependency[ServiceAccountService],
        account_id: FromPath[UUID],
        data: JSONBody[UpdateServiceAccountIn],
    ) -> Answered[Success[ServiceAccountOut]]:
        """Change what is given and leave the rest; needs `service_accounts.manage`."""
        account = await service_accounts.update(
            UserId(account_id),
            username=maybe(data.username),
            name=maybe(data.name),
            expected_version=expected_version(request.call),
            actor=request.actor,
        )
        return shown(request, ServiceAccountOut.of(account))

    @delete(
        "/{account_id:str}",
        **described(
            "deleteServiceAccount",
            "Delete a service account",
            refuses=(403, 404, 412),
            rules=Rules(is_fresh=True),
            is_versioned=True,
        ),
    )
    async def delete(
        self,
        request: CallRequest,
        service_accounts: NamedDependency[ServiceAccountService],
        account_id: FromPath[UUID],
    ) -> None:
        """Remove an account with its grants and keys; needs `service_accounts.manage`."""
        await service_accounts.delete(
            UserId(account_id),
            expected_version=expected_version(request.call),
            actor=request.actor,
        )

    @post(
        "/{account_id:str}/suspend",
        status_code=200,
        **described(
            "suspendServiceAccount",
            "Shut a service account out",
            refuses=(403, 404, 409, 412),
            has_body=True,
            is_versioned=True,
        ),
    )
    async def suspend(
        self,
        request: CallRequest,
        service_accounts: NamedDependency[ServiceAccountService],
        account_id: FromPath[UUID],
    ) -> Answered[Success[ServiceAccountOut]]:
        """Refuse its keys from now on; needs `service_accounts.manage`."""
        account = await service_accounts.suspend(
            UserId(account_id),
            expected_version=expected_version(request.call),
            actor=request.actor,
        )
        return shown(request, ServiceAccountOut.of(account))

    @post(
        "/{account_id:str}/reactivate",
        status_code=200,
        **described(
            "reactivateServiceAccount",
            "Let a service account in again",
            refuses=(403, 404, 409, 412),
            rules=Rules(is_fresh=True),
            has_body=True,
            is_versioned=True,
        ),
    )
    async def reactivate(
        self,
        request: CallRequest,
        service_accounts: NamedDependency[ServiceAccountService],
        account_id: FromPath[UUID],
    ) -> Answered[Success[ServiceAccountOut]]:
        """Take its keys again; needs `service_accounts.manage`."""
        account = await service_accounts.reactivate(
            UserId(account_id),
            expected_version=expected_version(request.call),
            actor=request.actor,
        )
        return shown(request, ServiceAccountOut.of(account))


class ServiceAccountKeyController(Controller):
    """The API keys of a service account."""

    path = "/service-accounts/{account_id:str}/api-keys"
    tags = ("Service accounts",)

    @get(
        "/",
        **described(
            "listServiceAccountApiKeys",
            "List the API keys of a service account",
            refuses=(403, 404),
            rules=LISTING,
        ),
    )
    async def list_keys(
        self,
        request: CallRequest,
        api_keys: NamedDependency[ApiKeyService],
        account_id: FromPath[UUID],
    ) -> Answered[Success[list[ApiKeyOut]]]:
        """Return its keys, the newest first; needs `api_keys.read`."""
        return await keys_of.list_of(request, api_keys, UserId(account_id))

    @post(
        "/",
        **described(
            "createServiceAccountApiKey",
            "Make an API key of a service account",
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
        account_id: FromPath[UUID],
        data: JSONBody[CreateApiKeyIn],
    ) -> Answered[Success[NewApiKeyOut]]:
        """Make a key, shown this once; needs `service_accounts.manage`.

        An `Idempotency-Key` is not heeded: secrets are never replayed.
        """
        return await keys_of.make(request, api_keys, UserId(account_id), data, _KEY)

    @get(
        "/{key_id:str}",
        name=_KEY,
        **described(
            "getServiceAccountApiKey",
            "See an API key of a service account",
            refuses=(403, 404),
            rules=Rules(is_open_to_keys=True),
            is_versioned=True,
        ),
    )
    async def see(
        self,
        request: CallRequest,
        api_keys: NamedDependency[ApiKeyService],
        account_id: FromPath[UUID],
        key_id: FromPath[UUID],
    ) -> Answered[Success[ApiKeyOut]]:
        """Return a key, never its secret; needs `api_keys.read`."""
        return await keys_of.see(request, api_keys, key_id, UserId(account_id))

    @delete(
        "/{key_id:str}",
        **described(
            "revokeServiceAccountApiKey",
            "Revoke an API key of a service account",
            refuses=(403, 404, 412, 422),
            is_versioned=True,
        ),
    )
    async def revoke(
        self,
        request: CallRequest,
        api_keys: NamedDependency[ApiKeyService],
        account_id: FromPath[UUID],
        key_id: FromPath[UUID],
    ) -> None:
        """End a key at once; needs `api_keys.revoke`."""
        await keys_of.revoke(request, api_keys, key_id, UserId(account_id))

    @post(
        "/{key_id:str}/rotate",
        **described(
            "rotateServiceAccountApiKey",
            "Make the successor of an API key of a service account",
            refuses=(403, 404, 412, 422),
            rules=MAKING,
            has_body=True,
            is_versioned=True,
        ),
    )
    async def rotate(
        self,
        request: CallRequest,
        api_keys: NamedDependency[ApiKeyService],
        account_id: FromPath[UUID],
        key_id: FromPath[UUID],
        data: JSONBody[RotateApiKeyIn],
    ) -> Answered[Success[NewApiKeyOut]]:
        """Make a key like this one; needs `service_accounts.manage`."""
        return await keys_of.rotate(
            request, api_keys, data, owner_id=UserId(account_id), key_id=key_id, route=_KEY
        )
