"""limen's routes beside those of another Litestar application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.config.app import AppConfig
from litestar.di import Provide
from litestar.plugins import InitPlugin
from litestar.types import ASGIApp

from limen.entrypoints.http.call import Call
from limen.entrypoints.http.figures import Figures
from limen.entrypoints.http.frame import Frame
from limen.entrypoints.http.metrics import Metrics
from limen.entrypoints.http.opening import open_for_http
from limen.entrypoints.http.routing import BASE, routes
from limen.entrypoints.http.services import Reception
from limen.entrypoints.library import settings_of
from limen.wiring.settings import Settings


def _nobody(_call: Call, _seconds: float) -> None:
    """Tell nobody of a request."""


class LimenPlugin(InitPlugin):
    """Mounts limen, opened and closed with the application it is in.

    The arguments are those of `limen.open`, and `base`, the path under which the routes are; the
    key set stays at `/.well-known/jwks.json`. Handlers of the application get at the same limen
    by a dependency called `limen`:

        @get("/hello")
        async def hello(limen: NamedDependency[Limen]) -> str: ...

        app = Litestar([hello], plugins=[LimenPlugin("sqlite:///limen.db")])

    What limen does around every request (names, bounds, headers, refusals) it does for its own
    routes alone. Health, numbers, documentation and the log are the application's own matter.
    """

    def __init__(
        self,
        where: str | Settings | None = None,
        *,
        base: str = BASE,
        migrate: bool | None = None,
        **options: object,
    ) -> None:
        self._settings = settings_of(where, options)
        self._migrate = migrate
        self._base = base
        self._reception = Reception()

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add the routes, what opens limen, and the dependency."""
        reception = self._reception

        def frame(app: ASGIApp) -> ASGIApp:
            return Frame(
                app,
                settings=self._settings.http,
                reception=reception,
                witness=_nobody,
            )

        figures = Figures(Metrics(), reception)
        app_config.route_handlers.extend(
            routes(reception, figures, base=self._base, around=[frame], beside=())
        )
        app_config.lifespan = [*app_config.lifespan, self._lifespan]
        app_config.dependencies["limen"] = Provide(lambda: reception.services, sync_to_thread=False)
        return app_config

    @asynccontextmanager
    async def _lifespan(self, _: Litestar) -> AsyncIterator[None]:
        async with open_for_http(self._settings, migrate=self._migrate) as opened:
            with self._reception.serving(opened):
                yield
