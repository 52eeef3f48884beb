"""A whole HTTP door over fakes, and people who call at it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from ipaddress import ip_network
from typing import Any, Final
from uuid import UUID

import httpx
from litestar import Litestar

from limen.core.ids import UserId
from limen.core.tokens.issuing import IssuedTokens
from limen.entrypoints.http.app import create_app
from limen.entrypoints.http.services import Check, Gauges, Opened
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import PASSWORD, Assembly, acting
from limen.testing.fakes import SeededEntropy
from limen.testing.passkeys import Authenticator
from limen.wiring.groups import HttpSettings
from tests.unit.entrypoints.http.contract import Contract

API: Final = "/api/v1"
JSON: Final = {"content-type": "application/json"}
PEER: Final = "198.51.100.9"


def http_settings(**changes: Any) -> HttpSettings:
    proxies = changes.pop("trusted_proxies", ())
    return HttpSettings(
        **{
            "host": "127.0.0.1",
            "port": 8000,
            "public_url": "https://id.example.org",
            "trusted_proxies": tuple(map(ip_network, proxies)),
            "allowed_hosts": (),
            "cors_origins": (),
            **changes,
        }
    )


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who is signed in."""

    tokens: IssuedTokens

    @property
    def id(self) -> UUID:
        return self.tokens.user.id

    @property
    def session_id(self) -> UUID:
        return self.tokens.session_id

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens.access_token.reveal()}"}


@dataclass(kw_only=True)
class Site:
    """The door: `client` speaks HTTP to it, `limen` is what stands behind."""

    limen: Assembly
    app: Litestar
    client: httpx.AsyncClient
    contract: Contract = field(default_factory=Contract)
    device: Authenticator = field(default_factory=Authenticator)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        by: Person | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Ask, as somebody or nobody; paths without a leading `/` are of the API."""
        url = path if path.startswith("/") else f"{API}/{path}"
        sent = {**(by.headers if by else {}), **(headers or {})}
        return await self.client.request(method, url, headers=sent, **more)

    async def person(self, email: str = "ada@example.org") -> Person:
        """Register somebody and sign them in."""
        await self.limen.register(email)
        return await self.enter(email)

    async def administrator(self, email: str = "root@example.org") -> Person:
        """Make an administrator and sign them in."""
        await self.limen.administrator(email)
        return await self.enter(email)

    async def enter(self, email: str) -> Person:
        return Person(tokens=await self.limen.enter(email))

    async def key(self, owner: Person, *scopes: str) -> dict[str, str]:
        """Make a key of somebody, and return the headers that show it."""
        made = await self.limen.api_keys.create(
            UserId(owner.id), actor=acting(owner.tokens), name="key", scopes=scopes
        )
        return {"authorization": f"Bearer {made.text.reveal()}"}

    async def user_id(self, email: str) -> UserId:
        return (await self.limen.register(email)).id

    def wait(self, **time: float) -> None:
        self.limen.clock.advance(timedelta(**time))


class _Turntable:
    """Serves with the limen of the present test: an application takes long to make."""

    def __init__(self, **settings: Any) -> None:
        self.opened: Opened | None = None
        self.app = create_app(self._opening, http_settings(**settings))

    @asynccontextmanager
    async def _opening(self) -> AsyncIterator[Opened]:
        assert self.opened is not None
        yield self.opened


_turntable = cache(_Turntable)


@asynccontextmanager
async def _running(app: Litestar) -> AsyncIterator[None]:
    """Run the lifespan in a task of its own: pytest sets up and tears down in different ones."""
    is_up, is_over = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            is_up.set()
            await is_over.wait()

    task = asyncio.create_task(live())
    rising = asyncio.create_task(is_up.wait())
    await asyncio.wait([task, rising], return_when=asyncio.FIRST_COMPLETED)
    rising.cancel()
    if task.done():
        await task
    try:
        yield
    finally:
        is_over.set()
        await task


@asynccontextmanager
async def open_site(
    unit_of_work: UnitOfWorkFactory | None = None,
    *,
    limen: Assembly | None = None,
    checks: Mapping[str, Check] | None = None,
    gauges: Gauges = dict,
    peer: str = PEER,
    **settings: Any,
) -> AsyncIterator[Site]:
    """Open a door over a store, in memory if none is given; every answer is checked."""
    behind = limen or Assembly(unit_of_work)
    turntable = _turntable(**settings)
    turntable.opened = Opened(
        services=behind, entropy=SeededEntropy(7), checks=checks or {}, gauges=gauges
    )
    app, contract = turntable.app, Contract()

    async def check(response: httpx.Response) -> None:
        await response.aread()
        contract.check(response)

    speaking: Any = app
    transport = httpx.ASGITransport(speaking, raise_app_exceptions=False, client=(peer, 50000))
    async with (
        _running(app),
        httpx.AsyncClient(
            transport=transport,
            base_url="https://id.example.org",
            headers={"accept-encoding": "identity"},
            event_hooks={"response": [check]},
        ) as client,
    ):
        yield Site(limen=behind, app=app, client=client, contract=contract)


def code_of(response: httpx.Response) -> str:
    return str(response.json()["error"]["code"])


def faults_of(response: httpx.Response) -> dict[str, str]:
    return {fault["field"]: fault["code"] for fault in response.json()["error"]["details"]}


__all__ = ["PASSWORD", "Person", "Site", "code_of", "faults_of", "open_site"]
