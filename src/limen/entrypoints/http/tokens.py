"""Exchanging refresh tokens, and telling proxies who asks."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.types import ASGIApp
from msgspec import Struct

from limen.core.tokens.service import TokenService
from limen.entrypoints.http.answers import Answered, Sending, plain
from limen.entrypoints.http.call import Call, CallRequest, signed_in
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.rules import Query, Rules
from limen.entrypoints.shapes import Success, TokensOut

_NO_CONTENT = 204


class RefreshIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A refresh token that was never used, or was just used."""

    refresh_token: str


class TokenController(Controller):
    """Refreshing."""

    path = "/auth/refresh"
    tags = ("Sign-in",)

    @post(
        "/",
        status_code=200,
        **described(
            "refresh",
            "Exchange a refresh token for new tokens",
            refuses=(401, 409),
            rules=Rules(is_public=True, is_secret=True),
            has_body=True,
        ),
    )
    async def refresh(
        self,
        request: CallRequest,
        tokens: NamedDependency[TokenService],
        data: JSONBody[RefreshIn],
    ) -> Answered[Success[TokensOut]]:
        """Give the next refresh token; for ten seconds the same one again (a lost answer).

        An `Idempotency-Key` is not heeded: secrets are never replayed.
        """
        issued = await tokens.refresh(refresh_token=data.refresh_token, actor=request.actor)
        return plain(TokensOut.of(issued))


def principal(call: Call) -> ASGIApp:
    """Return the answer that says in headers who asks."""
    claims = signed_in(call)
    headers = [
        (b"x-limen-user-id", str(claims.user_id).encode()),
        (b"x-limen-session-id", str(claims.session_id).encode()),
        (b"x-limen-roles", ",".join(claims.roles).encode()),
    ]
    return Sending(_NO_CONTENT, headers, b"")


class CheckController(Controller):
    """Forward authentication."""

    path = "/auth/check"
    tags = ("Sign-in",)

    @get(
        "/",
        status_code=_NO_CONTENT,
        **described(
            "checkAccess",
            "Tell a reverse proxy who asks",
            rules=Rules(query=Query.ANY, has_json=False, answer=principal),
            refuses=(503,),
        ),
    )
    async def check(self) -> None:
        """Answer 204 with the principal in headers (nginx `auth_request`, Traefik, Caddy).

        The store is not read: the roles are those of the token, fifteen minutes old at most.
        """
