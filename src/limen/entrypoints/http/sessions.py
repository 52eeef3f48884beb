"""Sessions: ending the present one, seeing and ending others."""

from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from limen.core.ids import SessionId, UserId
from limen.core.sessions.service import SessionService
from limen.entrypoints.http.answers import Answered, plain
from limen.entrypoints.http.browsers import forgetting
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.rules import Rules
from limen.entrypoints.shapes import SessionOut, Success


class SignOutController(Controller):
    """Signing out."""

    path = "/auth/logout"
    tags = ("Sign-in",)

    @post(
        "/",
        status_code=204,
        **described("signOut", "Sign out", rules=Rules(is_open_to_identified=True), has_body=True),
    )
    async def sign_out(
        self, request: CallRequest, sessions: NamedDependency[SessionService]
    ) -> Answered[None]:
        """End the session of the token or the cookie, which the browser is told to forget.

        It is not remembered any more, either.

        It may be asked twice, so no key is needed for that.
        """
        await sessions.sign_out(actor=request.actor)
        return forgetting(request, Answered(None, status_code=204))


class OwnSessionController(Controller):
    """One's own sessions."""

    path = "/me/sessions"
    tags = ("Me",)

    @get(
        "/",
        **described(
            "listMySessions",
            "List one's own sessions",
            rules=Rules(is_open_to_identified=True),
        ),
    )
    async def list_own(
        self, request: CallRequest, sessions: NamedDependency[SessionService]
    ) -> Answered[Success[list[SessionOut]]]:
        """Return one's live sessions, the last used first, at most 200."""
        claims = request.claims
        found = await sessions.list(claims.user_id, actor=request.actor)
        return plain([SessionOut.of(session, current=claims.session_id) for session in found])

    @delete("/", **described("revokeMyOtherSessions", "End all one's other sessions"))
    async def revoke_others(
        self, request: CallRequest, sessions: NamedDependency[SessionService]
    ) -> None:
        """End all one's sessions but the present one."""
        await sessions.revoke_others(actor=request.actor)

    @delete(
        "/{session_id:str}",
        **described("revokeMySession", "End one of one's sessions", refuses=(404,)),
    )
    async def revoke_own(
        self,
        request: CallRequest,
        sessions: NamedDependency[SessionService],
        session_id: FromPath[UUID],
    ) -> None:
        """End a session, also the present one."""
        await sessions.revoke(request.claims.user_id, SessionId(session_id), actor=request.actor)


class SessionController(Controller):
    """The sessions of a user."""

    path = "/users/{user_id:str}/sessions"
    tags = ("Users",)

    @get(
        "/",
        **described(
            "listSessions",
            "List the sessions of a user",
            refuses=(403, 404),
            rules=Rules(is_open_to_keys=True),
        ),
    )
    async def list_sessions(
        self,
        request: CallRequest,
        sessions: NamedDependency[SessionService],
        user_id: FromPath[UUID],
    ) -> Answered[Success[list[SessionOut]]]:
        """Return a user's live sessions, the last used first; needs `sessions.read`."""
        found = await sessions.list(UserId(user_id), actor=request.actor)
        current = request.actor.session_id
        return plain([SessionOut.of(session, current=current) for session in found])

    @delete(
        "/",
        **described(
            "revokeSessions",
            "End all sessions of a user",
            refuses=(403, 404),
            rules=Rules(is_open_to_keys=True),
        ),
    )
    async def revoke_all(
        self,
        request: CallRequest,
        sessions: NamedDependency[SessionService],
        user_id: FromPath[UUID],
    ) -> None:
        """End all sessions of a user; needs `sessions.revoke`."""
        await sessions.revoke_all(UserId(user_id), actor=request.actor)

    @delete(
        "/{session_id:str}",
        **described(
            "revokeSession",
            "End one session of a user",
            refuses=(403, 404),
            rules=Rules(is_open_to_keys=True),
        ),
    )
    async def revoke(
        self,
        request: CallRequest,
        sessions: NamedDependency[SessionService],
        user_id: FromPath[UUID],
        session_id: FromPath[UUID],
    ) -> None:
        """End one session of a user; needs `sessions.revoke`."""
        await sessions.revoke(UserId(user_id), SessionId(session_id), actor=request.actor)
