"""The routes of limen: as an application of their own, or mounted beside others."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.types import ASGIApp, ControllerRouterHandler

from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.errors import handle
from limen.entrypoints.http.figures import Figures, MetricsController
from limen.entrypoints.http.frame import Frame
from limen.entrypoints.http.gate import Gate
from limen.entrypoints.http.health import HealthController, Readiness
from limen.entrypoints.http.keys import KeyController
from limen.entrypoints.http.me import MeController
from limen.entrypoints.http.metrics import REFRESHED_SECONDS, Metrics
from limen.entrypoints.http.observation import Observer
from limen.entrypoints.http.passwords import OwnPasswordController, PasswordController
from limen.entrypoints.http.roles import GrantController, PermissionController, RoleController
from limen.entrypoints.http.services import Opening, Reception
from limen.entrypoints.http.sessions import (
    OwnSessionController,
    SessionController,
    SignOutController,
)
from limen.entrypoints.http.signin import RegistrationController, SignInController
from limen.entrypoints.http.tokens import CheckController, TokenController
from limen.entrypoints.http.users import UserController
from limen.wiring.groups import HttpSettings

BASE: Final = "/api/v1"

_API: Final[Sequence[ControllerRouterHandler]] = (
    RegistrationController,
    SignInController,
    TokenController,
    CheckController,
    SignOutController,
    MeController,
    OwnPasswordController,
    OwnSessionController,
    UserController,
    PasswordController,
    SessionController,
    GrantController,
    RoleController,
    PermissionController,
)
_OUTSIDE: Final[Sequence[ControllerRouterHandler]] = (
    HealthController,
    MetricsController,
)


def routes(reception: Reception, figures: Figures) -> list[Router]:
    """Return all routes, which find the open limen at `reception`."""

    def gate(app: ASGIApp) -> ASGIApp:
        # A function, because Litestar copies objects deeply, and a copy would never be opened.
        return Gate(app, reception)

    shared: dict[str, Any] = {
        "dependencies": _dependencies(reception, figures),
        "middleware": [gate],
        "exception_handlers": {Exception: handle},
        "request_class": CallRequest,
    }
    return [
        Router(BASE, route_handlers=_API, **shared),
        Router("/", route_handlers=[KeyController, *_OUTSIDE], **shared),
    ]


def create_app(
    opening: Opening, settings: HttpSettings, *, metrics_directory: Path | None = None
) -> Litestar:
    """Return the application; its lifespan opens limen and closes it."""
    reception = Reception()
    metrics = Metrics(metrics_directory)
    figures = Figures(metrics, reception)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with opening() as opened:
            reception.open(opened)
            leaving = asyncio.create_task(_leave_regularly(figures))
            try:
                yield
            finally:
                leaving.cancel()
                reception.close()

    app = Litestar(
        routes(reception, figures),
        lifespan=[lifespan],
        exception_handlers={Exception: handle},
        request_class=CallRequest,
        openapi_config=None,
        logging_config=None,
    )
    app.asgi_handler = Frame(
        app.asgi_handler, settings=settings, reception=reception, witness=Observer(metrics)
    )
    return app


async def _leave_regularly(figures: Figures) -> None:
    while True:
        await asyncio.to_thread(figures.leave)
        await asyncio.sleep(REFRESHED_SECONDS)


def _dependencies(reception: Reception, figures: Figures) -> Mapping[str, Provide]:
    """Return one provider a name: a handler asks for exactly one of them."""
    readiness = Readiness(lambda: reception.opened.checks)
    return {
        "users": Provide(lambda: reception.services.users, sync_to_thread=False),
        "passwords": Provide(lambda: reception.services.passwords, sync_to_thread=False),
        "sign_in": Provide(lambda: reception.services.sign_in, sync_to_thread=False),
        "sessions": Provide(lambda: reception.services.sessions, sync_to_thread=False),
        "tokens": Provide(lambda: reception.services.tokens, sync_to_thread=False),
        "roles": Provide(lambda: reception.services.roles, sync_to_thread=False),
        "keys": Provide(lambda: reception.services.keys, sync_to_thread=False),
        "figures": Provide(lambda: figures, sync_to_thread=False),
        "readiness": Provide(lambda: readiness, sync_to_thread=False),
    }
