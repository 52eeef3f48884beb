"""Fixtures for the tests of applications that use limen; pytest finds them by itself.

`limen` and what belongs to it: `limen_clock`, `limen_policies`, `limen_assembly`,
`limen_http_client`, `signed_in_user`. Everything is in memory and over the fakes of
`limen.testing`, new for each test. None of it is asynchronous, so it works with every plug-in for
asynchronous tests, and without one.

Contracts of `limen.testing` cannot be skipped, nor be left uncollected, while this is loaded.
"""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator

    import httpx
    from litestar import Litestar

    from limen.entrypoints.http.services import Reception
    from limen.entrypoints.services import Limen
    from limen.testing.assembly import Assembly
    from limen.testing.fakes import FrozenClock
    from limen.testing.people import SignedInUser
    from limen.testing.policies import Policies

PUBLIC_URL = "https://id.example.org"


def _has_contracts() -> bool:
    """Tell whether anybody runs contracts; who does not, does not pay for them."""
    return "limen.testing.contract" in sys.modules


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pycollect_makeitem(
    collector: pytest.Collector, name: str, obj: object
) -> Generator[None, object, object]:
    """See to it that every contract is collected, and mark the promises said to be broken."""
    made = yield
    if _has_contracts():
        from limen.testing import keeping

        keeping.collect(collector, name, obj, made)
    return made


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let no contract be skipped."""
    report = yield
    if _has_contracts():
        from limen.testing import keeping

        keeping.judge(item, call, report)
    return report


@pytest.fixture
def limen_clock() -> FrozenClock:
    """The clock of `limen`: it stands still until the test moves it."""
    from limen.testing.fakes import FrozenClock

    return FrozenClock()


@pytest.fixture
def limen_policies() -> Policies:
    """What an operator could decide; override it to decide otherwise."""
    from limen.testing.policies import Policies

    return Policies()


@pytest.fixture
def limen_assembly(limen_clock: FrozenClock, limen_policies: Policies) -> Assembly:
    """What `limen` is made of: its mail, its hasher, its list of breached passwords, its events."""
    from limen.testing import in_memory

    return in_memory(clock=limen_clock, policies=limen_policies)


@pytest.fixture
def limen(limen_assembly: Assembly) -> Limen:
    """An open limen of the type that `limen.open` gives, in memory and over fakes."""
    from limen.entrypoints.services import Limen

    return Limen.of(limen_assembly)


@pytest.fixture
def signed_in_user(limen: Limen) -> SignedInUser:
    """Ada, registered with `limen` and signed in, with her tokens and headers."""
    from limen.testing.people import sign_up
    from limen.testing.running import run_now

    return run_now(sign_up(limen))


@pytest.fixture
def limen_http_client(limen: Limen) -> Iterator[httpx.AsyncClient]:
    """A client that speaks to limen's own HTTP API, in this process, on top of `limen`."""
    import httpx

    from limen.entrypoints.http.services import Opened
    from limen.testing.fakes import SeededEntropy

    reception, app = _http_door()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
    opened = Opened(services=limen, entropy=SeededEntropy())
    with reception.serving(opened):
        yield httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL)


@cache
def _http_door() -> tuple[Reception, Litestar]:
    """Make the application, once: it takes a tenth of a second."""
    from limen.entrypoints.http.app import create_app
    from limen.entrypoints.http.services import Opened, Reception
    from limen.wiring.groups import HttpSettings

    settings = HttpSettings(
        host="127.0.0.1",
        port=443,
        public_url=PUBLIC_URL,
        trusted_proxies=(),
        allowed_hosts=(),
        cors_origins=(),
    )
    reception = Reception()

    @asynccontextmanager
    async def opening() -> AsyncIterator[Opened]:
        yield reception.opened

    return reception, create_app(opening, settings, reception=reception)
