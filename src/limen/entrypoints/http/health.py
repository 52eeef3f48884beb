"""Whether this process lives, and whether it can work."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final, Literal

from litestar import Controller, get
from litestar.di import NamedDependency
from msgspec import Struct

from limen.core.errors import LimenError
from limen.entrypoints.http.answers import Answered
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.rules import Query, Rules
from limen.entrypoints.http.services import Check

_PATIENCE: Final = 5.0
_RETRY: Final = "5"
_READY, _NOT_READY = 200, 503
_logger: Final = logging.getLogger(__name__)


class LiveOut(Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"] = "ok"


class ReadyOut(Struct, frozen=True):
    """Whether each part that is needed can do its work; of the others, the code says why not."""

    status: Literal["ok", "unavailable"]
    checks: dict[str, str]


class Readiness:
    """The parts without which limen cannot work."""

    def __init__(self, checks: Callable[[], Mapping[str, Check]]) -> None:
        """Ask these, as they are when asked; a check raises when its part cannot work."""
        self._checks = checks

    async def ask(self) -> ReadyOut:
        """Ask every part at once, each for a bounded time."""
        asked = self._checks()
        found = await asyncio.gather(*map(_ask, asked.values()))
        checks = dict(zip(asked, found, strict=True))
        is_ready = all(state == "ok" for state in checks.values())
        return ReadyOut(status="ok" if is_ready else "unavailable", checks=checks)


async def _ask(check: Check) -> str:
    try:
        async with asyncio.timeout(_PATIENCE):
            await check()
    except LimenError as error:
        return error.code
    except TimeoutError:
        return "timeout"
    except Exception:
        _logger.exception("A health check failed")
        return "limen.error"
    return "ok"


class HealthController(Controller):
    """The health of this process."""

    path = "/health"
    tags = ("Operation",)

    @get(
        "/live",
        **described(
            "getLiveness",
            "Ask whether the process answers",
            rules=Rules(is_public=True, query=Query.ANY),
        ),
    )
    async def live(self) -> LiveOut:
        """Answer; nothing else is looked at."""
        return LiveOut()

    @get(
        "/ready",
        **described(
            "getReadiness",
            "Ask whether the server can work",
            rules=Rules(is_public=True, query=Query.ANY),
            shapes={_NOT_READY: ReadyOut},
        ),
    )
    async def ready(self, readiness: NamedDependency[Readiness]) -> Answered[ReadyOut]:
        """Ask the store, its schema and the signing key; 503 names the part that fails."""
        found = await readiness.ask()
        if found.status == "ok":
            return Answered(found, status_code=_READY)
        return Answered(found, status_code=_NOT_READY, headers={"Retry-After": _RETRY})
