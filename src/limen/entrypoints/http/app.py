"""limen as a Litestar application of its own."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from litestar import Litestar

from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.errors import handle
from limen.entrypoints.http.figures import Figures
from limen.entrypoints.http.frame import Frame
from limen.entrypoints.http.logs import flush
from limen.entrypoints.http.metrics import REFRESHED_SECONDS, Metrics
from limen.entrypoints.http.observation import Observer
from limen.entrypoints.http.routing import OPERATION, routes
from limen.entrypoints.http.schema import SchemaController
from limen.entrypoints.http.services import Opening, Reception
from limen.wiring.groups import HttpSettings

_logger: Final = logging.getLogger(__name__)


def create_app(
    opening: Opening,
    settings: HttpSettings,
    *,
    metrics_directory: Path | None = None,
    reception: Reception | None = None,
) -> Litestar:
    """Return the application; its lifespan opens limen and closes it.

    Several workers share `metrics_directory`, so that whichever is asked can tell of all. A
    `reception` of the caller's may serve with an open limen although no lifespan runs.
    """
    reception = reception or Reception()
    metrics = Metrics(metrics_directory)
    figures = Figures(metrics, reception)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with opening() as opened:
            with reception.serving(opened):
                if metrics_directory is None:
                    yield
                else:
                    async with _leaving(figures):
                        yield
        flush()

    app = Litestar(
        routes(reception, figures, beside=[*OPERATION, SchemaController]),
        lifespan=[lifespan],
        exception_handlers={Exception: handle},
        request_class=CallRequest,
        openapi_config=None,
        logging_config=None,
    )
    # Litestar's own middleware stands behind the choice of a route; the frame holds for all.
    app.asgi_handler = Frame(
        app.asgi_handler, settings=settings, reception=reception, witness=Observer(metrics)
    )
    return app


@asynccontextmanager
async def _leaving(figures: Figures) -> AsyncIterator[None]:
    """Leave the numbers for the other workers every few seconds."""

    async def leave() -> None:
        while True:
            try:
                await asyncio.to_thread(figures.leave)
            except OSError as error:
                # A full disk is no reason to stop counting.
                _logger.warning("The numbers could not be shared: %s", error)
            await asyncio.sleep(REFRESHED_SECONDS)

    task = asyncio.create_task(leave())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
