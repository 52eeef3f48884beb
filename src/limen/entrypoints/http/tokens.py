"""Exchanging refresh tokens, and telling proxies who asks."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.types import ASGIApp
from msgspec import Struct

from limen.core.api_keys.model import KeyClaims
from limen.core.errors import NotByKey, PermissionMissing
from limen.core.tokens.service import TokenService
from limen.entrypoints.http.answers import Answered, Sending, plain
from limen.entrypoints.http.call import Call, CallRequest, signed_in
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.parameters import pairs_of
from limen.entrypoints.http.rules import Query, Rules
from limen.entrypoints.shapes import Success, TokensOut

_NO_CONTENT = 204
_PRINCIPAL = ("user_id", "session_id", "roles", "key_id", "scopes")


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
    """Return the answer that says in headers who asks; what does not apply is empty."""
    if call.key is not None:
        return _principal_of_key(call, call.key)
    claims = signed_in(call)
    return _told(user_id=claims.user_id, session_id=claims.session_id, roles=",".join(claims.roles))


def _principal_of_key(call: Call, key: KeyClaims) -> ASGIApp:
    """Let a key in where its scope is asked for, for whoever asks for none means people.

    Raises `NotByKey` or `PermissionMissing`.
    """
    asked = [value for name, value in pairs_of(call.scope["query_string"]) if name == "scope"]
    if not asked:
        raise NotByKey
    if not key.permissions.issuperset(asked):
        raise PermissionMissing
    return _told(user_id=key.user_id, key_id=key.key_id, scopes=",".join(sorted(key.permissions)))


def _told(**principal: object) -> ASGIApp:
    headers = [
        (f"x-limen-{name.replace('_', '-')}".encode(), str(principal.get(name, "")).encode())
        for name in _PRINCIPAL
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
            rules=Rules(query=Query.ANY, has_json=False, is_open_to_keys=True, answer=principal),
            refuses=(403, 503),
        ),
    )
    async def check(self) -> None:
        """Answer 204 with the principal in headers (nginx `auth_request`, Traefik, Caddy).

        Of a token the store is not read: the roles are those in it, fifteen minutes old at most. An
        API key is let in only where `?scope=` names permissions that it has now.
        """
