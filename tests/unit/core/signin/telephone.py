"""Somebody with an authenticator app."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

import pyotp

from limen.core.actor import Actor
from limen.core.signin.entering import PartialSignIn
from limen.core.tokens.issuing import IssuedTokens
from limen.testing.assembly import PASSWORD, Assembly, acting

STEP = timedelta(seconds=30)
WRONG = "000000"


@dataclass
class Telephone:
    """Ada's telephone: it knows the secret, and tells its codes at the time of `limen`."""

    limen: Assembly
    app: pyotp.TOTP
    recovery_codes: list[str]
    tokens: IssuedTokens

    @classmethod
    async def enrol(cls, limen: Assembly, email: str = "ada@example.org") -> Self:
        """Register somebody who sets up the app, in a session that goes on."""
        await limen.register(email)
        tokens = await limen.enter(email)
        made = await limen.factors.begin_totp(actor=acting(tokens))
        app = pyotp.parse_uri(made.uri.reveal())
        assert isinstance(app, pyotp.TOTP)
        code = app.at(limen.clock.now())
        codes = await limen.factors.confirm_totp(code=code, actor=acting(tokens))
        return cls(limen, app, [code.reveal() for code in codes], tokens)

    def code(self) -> str:
        """Tell the next code, that of another step than the one before."""
        self.limen.clock.advance(STEP)
        return self.app.at(self.limen.clock.now())

    async def wait_at_the_door(self, *, actor: Actor | None = None) -> PartialSignIn:
        """Sign in by the password alone."""
        outcome = await self.limen.sign_in.sign_in(
            identifier="ada@example.org", password=PASSWORD, actor=actor, label="Laptop"
        )
        assert isinstance(outcome, PartialSignIn)
        return outcome
