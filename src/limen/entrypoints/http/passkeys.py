"""Passkeys: signing in by them, enrolling and removing them."""

from typing import Any
from uuid import UUID

from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from limen.core.ids import PasskeyId, UserId
from limen.core.meter import Limit
from limen.core.passkeys.service import PasskeyService
from limen.core.signin.passkeys import PasskeySignInService
from limen.entrypoints.http.answers import Answered, created, plain, shown
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.conditions import expected_version
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.rules import Rules
from limen.entrypoints.passkey_shapes import PasskeyAskedOut, PasskeyOut
from limen.entrypoints.shapes import Success, TokensOut


class AskPasskeyIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Who wants to sign in: by e-mail address or username, or whoever has a passkey."""

    identifier: str | None = None


class AnswerPasskeyIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """What came with the options, and what `navigator.credentials.get()` gave, by its `toJSON`."""

    ceremony: str
    credential: dict[str, Any]
    label: str = ""


class EnrolPasskeyIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """What came with the options, what `navigator.credentials.create()` gave, and a name."""

    ceremony: str
    credential: dict[str, Any]
    name: str = ""


class RenamePasskeyIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """What the passkey is to be called."""

    name: str


class PasskeySignInController(Controller):
    """Signing in by a passkey."""

    path = "/auth/passkey"
    tags = ("Sign-in",)

    @post(
        "/options",
        status_code=200,
        **described(
            "askForPasskey",
            "Ask for a passkey to sign in",
            refuses=(429,),
            rules=Rules(is_public=True, is_secret=True, limits=(Limit.PASSKEY,)),
            has_body=True,
        ),
    )
    async def ask(
        self,
        request: CallRequest,
        passkey_sign_in: NamedDependency[PasskeySignInService],
        data: JSONBody[AskPasskeyIn],
    ) -> Answered[Success[PasskeyAskedOut]]:
        """Give the options for `navigator.credentials.get()`, good once and for five minutes.

        With an identifier the answer is of one form, whether there is such a user or not.
        """
        asked = await passkey_sign_in.ask(identifier=data.identifier, actor=request.actor)
        return plain(PasskeyAskedOut.of(asked))

    @post(
        "/",
        status_code=200,
        **described(
            "signInByPasskey",
            "Sign in by a passkey",
            refuses=(422,),
            rules=Rules(is_public=True, is_secret=True),
            has_body=True,
        ),
    )
    async def complete(
        self,
        request: CallRequest,
        passkey_sign_in: NamedDependency[PasskeySignInService],
        data: JSONBody[AnswerPasskeyIn],
    ) -> Answered[Success[TokensOut]]:
        """Begin a session: a passkey that verified its user is a whole sign-in."""
        tokens = await passkey_sign_in.complete(
            ceremony=data.ceremony,
            answer=data.credential,
            label=data.label,
            actor=request.actor,
        )
        return plain(TokensOut.of(tokens))


class OwnPasskeyController(Controller):
    """One's own passkeys."""

    path = "/me/factors/passkeys"
    tags = ("Me",)

    @post(
        "/options",
        status_code=200,
        **described(
            "askForMyPasskey",
            "Ask for a new passkey",
            refuses=(422, 429),
            rules=Rules(is_fresh=True, is_secret=True, limits=(Limit.PASSKEY,)),
            has_body=True,
        ),
    )
    async def ask(
        self,
        request: CallRequest,
        passkeys: NamedDependency[PasskeyService],
    ) -> Answered[Success[PasskeyAskedOut]]:
        """Give the options for `navigator.credentials.create()`, good once and for five minutes."""
        return plain(PasskeyAskedOut.of(await passkeys.begin_enrolment(actor=request.actor)))

    @post(
        "/",
        status_code=201,
        **described(
            "enrolMyPasskey",
            "Enrol a passkey",
            refuses=(409, 422),
            rules=Rules(is_fresh=True),
            has_body=True,
            is_versioned=True,
        ),
    )
    async def enrol(
        self,
        request: CallRequest,
        passkeys: NamedDependency[PasskeyService],
        data: JSONBody[EnrolPasskeyIn],
    ) -> Answered[Success[PasskeyOut]]:
        """Store the passkey, and tell its owner by mail."""
        passkey = await passkeys.enrol(
            ceremony=data.ceremony,
            answer=data.credential,
            name=data.name,
            actor=request.actor,
        )
        out = PasskeyOut.of(passkey)
        return created(request, out, "limen.getMyPasskey", passkey_id=passkey.id)

    @get("/", **described("listMyPasskeys", "List one's own passkeys"))
    async def list_own(
        self, request: CallRequest, passkeys: NamedDependency[PasskeyService]
    ) -> Answered[Success[list[PasskeyOut]]]:
        """Return one's passkeys, the oldest first, at most 20."""
        found = await passkeys.list(request.claims.user_id, actor=request.actor)
        return plain([PasskeyOut.of(passkey) for passkey in found])

    @get(
        "/{passkey_id:str}",
        name="limen.getMyPasskey",
        **described("getMyPasskey", "See a passkey", refuses=(404,), is_versioned=True),
    )
    async def see(
        self,
        request: CallRequest,
        passkeys: NamedDependency[PasskeyService],
        passkey_id: FromPath[UUID],
    ) -> Answered[Success[PasskeyOut]]:
        """Return one of one's passkeys."""
        passkey = await passkeys.get(
            request.claims.user_id, PasskeyId(passkey_id), actor=request.actor
        )
        return shown(request, PasskeyOut.of(passkey))

    @patch(
        "/{passkey_id:str}",
        **described(
            "renameMyPasskey",
            "Give a passkey another name",
            refuses=(404, 409, 412),
            has_body=True,
            is_versioned=True,
        ),
    )
    async def rename(
        self,
        request: CallRequest,
        passkeys: NamedDependency[PasskeyService],
        passkey_id: FromPath[UUID],
        data: JSONBody[RenamePasskeyIn],
    ) -> Answered[Success[PasskeyOut]]:
        """Give one of one's passkeys another name."""
        passkey = await passkeys.rename(
            PasskeyId(passkey_id),
            name=data.name,
            expected_version=expected_version(request.call),
            actor=request.actor,
        )
        return shown(request, PasskeyOut.of(passkey))

    @delete(
        "/{passkey_id:str}",
        **described(
            "removeMyPasskey",
            "Remove a passkey",
            refuses=(404, 409, 412),
            rules=Rules(is_fresh=True),
            is_versioned=True,
        ),
    )
    async def remove(
        self,
        request: CallRequest,
        passkeys: NamedDependency[PasskeyService],
        passkey_id: FromPath[UUID],
    ) -> None:
        """Remove a passkey for good, and tell its owner by mail."""
        await passkeys.remove(
            request.claims.user_id,
            PasskeyId(passkey_id),
            expected_version=expected_version(request.call),
            actor=request.actor,
        )


class PasskeyController(Controller):
    """The passkeys of a user."""

    path = "/users/{user_id:str}/passkeys"
    tags = ("Users",)

    @get(
        "/",
        **described(
            "listPasskeys",
            "List the passkeys of a user",
            refuses=(403, 404),
            rules=Rules(is_open_to_keys=True),
        ),
    )
    async def list_passkeys(
        self,
        request: CallRequest,
        passkeys: NamedDependency[PasskeyService],
        user_id: FromPath[UUID],
    ) -> Answered[Success[list[PasskeyOut]]]:
        """Return a user's passkeys, the oldest first; needs `passkeys.read`."""
        found = await passkeys.list(UserId(user_id), actor=request.actor)
        return plain([PasskeyOut.of(passkey) for passkey in found])

    @delete(
        "/{passkey_id:str}",
        **described(
            "removePasskey",
            "Remove a passkey of a user",
            refuses=(404, 409, 412),
            rules=Rules(is_fresh=True),
            is_versioned=True,
        ),
    )
    async def remove(
        self,
        request: CallRequest,
        passkeys: NamedDependency[PasskeyService],
        user_id: FromPath[UUID],
        passkey_id: FromPath[UUID],
    ) -> None:
        """Remove a passkey for good, and tell its owner by mail; needs `passkeys.remove`."""
        await passkeys.remove(
            UserId(user_id),
            PasskeyId(passkey_id),
            expected_version=expected_version(request.call),
            actor=request.actor,
        )
