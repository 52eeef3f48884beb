"""The HTTP door of limen without a network between: what a stranger could measure at best."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from litestar import Litestar

from limen.entrypoints.http.app import create_app
from limen.entrypoints.http.opening import opened
from limen.entrypoints.http.services import Opened
from limen.wiring.container import Container
from limen.wiring.settings import Settings

_API: Final = "/api/v1/"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, and the code of a refusal."""

    status: int
    code: str | None

    def __str__(self) -> str:
        return f"{self.status} {self.code or ''}".strip()


class Door:
    """Takes one request after the other."""

    def __init__(self, app: Litestar) -> None:
        """Ask `app`, whose lifespan has begun."""
        self._app: Any = app

    async def ask(self, path: str, body: Mapping[str, str], address: str) -> Answer:
        """Post to a route of the API from a network address."""
        sent = json.dumps(body).encode()
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": _API + path,
            "raw_path": (_API + path).encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [
                (b"host", b"127.0.0.1:8000"),
                (b"content-type", b"application/json"),
                (b"content-length", str(len(sent)).encode()),
            ],
            "client": (address, 50000),
            "server": ("127.0.0.1", 8000),
            "state": {},
        }
        told: list[dict[str, Any]] = []

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": sent, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            told.append(message)

        await self._app(scope, receive, send)
        return _read(told)


def _read(told: list[dict[str, Any]]) -> Answer:
    body = b"".join(message.get("body", b"") for message in told[1:])
    error = json.loads(body).get("error", {}) if body else {}
    return Answer(told[0]["status"], error.get("code"))


@asynccontextmanager
async def open_door(container: Container, settings: Settings) -> AsyncIterator[Door]:
    """Open the door of an open limen, with no worker beside it."""

    @asynccontextmanager
    async def opening() -> AsyncIterator[Opened]:
        yield opened(container)

    app = create_app(opening, settings.http)
    async with app.lifespan():
        yield Door(app)
