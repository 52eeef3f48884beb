"""The public keys by which anybody can verify access tokens."""

from litestar import Controller, get
from litestar.di import NamedDependency
from msgspec import Struct

from limen.core.keys.service import KeyService
from limen.entrypoints.http.answers import Answered
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.rules import Query, Rules

_CACHED = "public, max-age=300"


class KeySetOut(Struct, frozen=True):
    """A JWK set (RFC 7517 section 5)."""

    keys: list[dict[str, str]]


class KeyController(Controller):
    """The key set."""

    path = "/.well-known"
    tags = ("Keys",)

    @get(
        "/jwks.json",
        **described(
            "getKeySet",
            "Get the public signing keys",
            rules=Rules(is_public=True, is_cacheable=True, query=Query.ANY),
        ),
    )
    async def key_set(self, keys: NamedDependency[KeyService]) -> Answered[KeySetOut]:
        """Return the keys that count or are about to, as a JWK set: not in the envelope."""
        found = [dict(key) for key in await keys.jwks()]
        return Answered(KeySetOut(keys=found), headers={"Cache-Control": _CACHED})
