"""Second factors: authenticator apps and recovery codes."""

from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from limen.core.factors.service import FactorService
from limen.core.ids import UserId
from limen.core.meter import Limit
from limen.entrypoints.factor_shapes import FactorResetOut, FactorsOut, NewTotpOut, RecoveryCodesOut
from limen.entrypoints.http.answers import Answered, may_wait, plain
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.rules import Rules
from limen.entrypoints.shapes import Success


class ConfirmTotpIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """The code that the app shows."""

    code: str


class OwnFactorController(Controller):
    """One's own second factors."""

    path = "/me/factors"
    tags = ("Me",)

    @get("/", **described("getMyFactors", "See one's own second factors"))
    async def see_own(
        self, request: CallRequest, factors: NamedDependency[FactorService]
    ) -> Answered[Success[FactorsOut]]:
        """Return what there is, and how many recovery codes are left."""
        found = await factors.get(request.claims.user_id, actor=request.actor)
        return plain(FactorsOut.of(found))

    @post(
        "/totp",
        status_code=200,
        **described(
            "beginTotp",
            "Set up an authenticator app",
            refuses=(403, 429),
            rules=Rules(is_fresh=True, is_secret=True, limits=(Limit.ENROLMENT,)),
        ),
    )
    async def begin_totp(
        self, request: CallRequest, factors: NamedDependency[FactorService]
    ) -> Answered[Success[NewTotpOut]]:
        """Make a secret and show it, this once. It counts when a code of it was confirmed.

        An app that counts already goes on until then. The secret waits for 15 minutes.
        """
        return plain(NewTotpOut.of(await factors.begin_totp(actor=request.actor)))

    @post(
        "/totp/confirm",
        status_code=200,
        **described(
            "confirmTotp",
            "Confirm an authenticator app by its code",
            refuses=(403, 422, 429),
            rules=Rules(is_fresh=True, is_secret=True, limits=(Limit.SIGN_IN,)),
            has_body=True,
        ),
    )
    async def confirm_totp(
        self,
        request: CallRequest,
        factors: NamedDependency[FactorService],
        data: JSONBody[ConfirmTotpIn],
    ) -> Answered[Success[RecoveryCodesOut]]:
        """Let the app count, in place of any other one, and end all other sessions.

        Recovery codes come back for who has none; they are shown this once.
        """
        codes = await factors.confirm_totp(code=data.code, actor=request.actor)
        return plain(RecoveryCodesOut.of(codes))

    @delete(
        "/totp",
        **described(
            "removeTotp",
            "Give up the authenticator app",
            refuses=(404, 409),
            rules=Rules(is_fresh=True),
        ),
    )
    async def remove_totp(
        self, request: CallRequest, factors: NamedDependency[FactorService]
    ) -> None:
        """Remove the app, and the recovery codes if no other factor is left; end other sessions."""
        await factors.remove_totp(actor=request.actor)

    @post(
        "/recovery-codes",
        status_code=200,
        **described(
            "makeRecoveryCodes",
            "Make new recovery codes",
            refuses=(403, 422),
            rules=Rules(is_fresh=True, is_secret=True),
        ),
    )
    async def make_recovery_codes(
        self, request: CallRequest, factors: NamedDependency[FactorService]
    ) -> Answered[Success[RecoveryCodesOut]]:
        """Make ten codes in place of all others, and end all other sessions.

        They are shown this once.
        """
        codes = await factors.make_recovery_codes(actor=request.actor)
        return plain(RecoveryCodesOut.of(codes))

    @delete(
        "/reset",
        **described(
            "withdrawMyFactorReset", "Withdraw a reset of one's own second factors", refuses=(404,)
        ),
    )
    async def withdraw_own(
        self, request: CallRequest, factors: NamedDependency[FactorService]
    ) -> None:
        """Take back a reset that an administrator asked for and nobody has approved yet."""
        await factors.withdraw_reset(request.claims.user_id, actor=request.actor)


class FactorController(Controller):
    """The second factors of a user."""

    path = "/users/{user_id:str}/factors"
    tags = ("Users",)

    @get(
        "/",
        **described(
            "getFactors",
            "See a user's second factors",
            refuses=(403, 404),
            rules=Rules(is_open_to_keys=True),
        ),
    )
    async def see(
        self,
        request: CallRequest,
        factors: NamedDependency[FactorService],
        user_id: FromPath[UUID],
    ) -> Answered[Success[FactorsOut]]:
        """Return what there is, and how many recovery codes are left; needs `factors.read`."""
        found = await factors.get(UserId(user_id), actor=request.actor)
        return plain(FactorsOut.of(found))

    @delete(
        "/",
        status_code=200,
        **described(
            "resetFactors",
            "Take all second factors away",
            refuses=(404,),
            shapes={202: Success[FactorResetOut]},
            rules=Rules(is_fresh=True),
        ),
    )
    async def reset(
        self,
        request: CallRequest,
        factors: NamedDependency[FactorService],
        user_id: FromPath[UUID],
    ) -> Answered[Success[FactorResetOut]]:
        """Take all second factors from a user, passkeys too, and end all their sessions.

        Needs `factors.reset`. The answer tells which there were. Where the operator wants a second
        administrator to approve it, the answer is 202 and tells what waits for 24 hours.
        """
        reset = await factors.reset(UserId(user_id), actor=request.actor)
        return may_wait(FactorResetOut.of(reset), is_waiting=reset.pending is not None)

    @post(
        "/reset/approve",
        status_code=200,
        **described(
            "approveFactorReset",
            "Approve a reset of second factors",
            refuses=(404,),
            rules=Rules(is_fresh=True),
        ),
    )
    async def approve(
        self,
        request: CallRequest,
        factors: NamedDependency[FactorService],
        user_id: FromPath[UUID],
    ) -> Answered[Success[FactorResetOut]]:
        """Take the factors that another administrator asked to take; needs `factors.reset`."""
        reset = await factors.approve_reset(UserId(user_id), actor=request.actor)
        return plain(FactorResetOut.of(reset))

    @delete(
        "/reset",
        **described("withdrawFactorReset", "Withdraw a reset of second factors", refuses=(404,)),
    )
    async def withdraw(
        self,
        request: CallRequest,
        factors: NamedDependency[FactorService],
        user_id: FromPath[UUID],
    ) -> None:
        """Take back a reset that waits: of oneself, or with `factors.reset` anybody's."""
        await factors.withdraw_reset(UserId(user_id), actor=request.actor)
