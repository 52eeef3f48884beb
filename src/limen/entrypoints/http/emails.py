"""Proving that an address is one's own, and changing it."""

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Struct

from limen.core.emails.service import EmailService
from limen.core.meter import Limit
from limen.entrypoints.accepted import CHANGE_SENT, VERIFICATION_SENT
from limen.entrypoints.http.answers import Answered, accepted, plain
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.rules import Rules
from limen.entrypoints.shapes import AcceptedOut, Success, VerifiedEmailOut


class VerifyEmailIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """The token of a link; or a code, with the identifier it was asked for with.

    A `password` shows that whoever proves the address is who made the account.
    """

    token: str | None = None
    identifier: str | None = None
    code: str | None = None
    password: str | None = None


class SendVerificationIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Whose address is to be proved: an e-mail address or username."""

    identifier: str


class ChangeEmailIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """The address to come."""

    new_email: str


class EmailController(Controller):
    """Proving an address."""

    path = "/auth/email/verify"
    tags = ("Sign-in",)

    @post(
        "/",
        status_code=200,
        **described(
            "verifyEmail",
            "Prove an e-mail address",
            refuses=(401, 409, 422, 429),
            rules=Rules(
                is_public=True,
                is_optionally_signed_in=True,
                is_secret=True,
                limits=(Limit.SIGN_IN,),
            ),
            has_body=True,
        ),
    )
    async def verify(
        self,
        request: CallRequest,
        emails: NamedDependency[EmailService],
        data: JSONBody[VerifyEmailIn],
    ) -> Answered[Success[VerifiedEmailOut]]:
        """Prove an address by a link or code, or agree to its change.

        Whoever is signed in as the user, or gives the password, keeps the account as it is. Anybody
        else gets it as its owner: the password and all sessions of its maker go, and the answer
        has a token to set a password with.
        """
        verified = await emails.verify(
            token=data.token,
            identifier=data.identifier,
            code=data.code,
            password=data.password,
            actor=request.actor,
        )
        return plain(VerifiedEmailOut.of(verified))

    @post(
        "/resend",
        status_code=202,
        **described(
            "sendVerification",
            "Have another link sent",
            refuses=(429,),
            rules=Rules(is_public=True, limits=(Limit.MAIL,)),
            has_body=True,
        ),
    )
    async def send_verification(
        self,
        request: CallRequest,
        emails: NamedDependency[EmailService],
        data: JSONBody[SendVerificationIn],
    ) -> Answered[Success[AcceptedOut]]:
        """Send a link and a code, if this is the address or username of an unproven account.

        The answer is the same for everybody.
        """
        await emails.send_verification(identifier=data.identifier, actor=request.actor)
        return accepted(VERIFICATION_SENT)


class OwnEmailController(Controller):
    """One's own address."""

    path = "/me/email"
    tags = ("Me",)

    @post(
        "/",
        status_code=202,
        **described(
            "changeMyEmail",
            "Ask for another e-mail address",
            refuses=(404, 429),
            rules=Rules(is_fresh=True, limits=(Limit.MAIL,)),
            has_body=True,
        ),
    )
    async def request_change(
        self,
        request: CallRequest,
        emails: NamedDependency[EmailService],
        data: JSONBody[ChangeEmailIn],
    ) -> Answered[Success[AcceptedOut]]:
        """Send a link to the new address, and one to the present address if it is proved.

        The address changes when both have been used.
        """
        await emails.request_change(new_email=data.new_email, actor=request.actor)
        return accepted(CHANGE_SENT)
