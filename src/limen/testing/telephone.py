"""Somebody with an authenticator app, for tests of what comes after a second factor."""

from base64 import b32decode
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self

from limen.core.actor import Actor
from limen.core.factors.making import NewTotp
from limen.core.factors.totp import code_at, step_at
from limen.core.secret import Secret
from limen.core.signin.entering import PartialSignIn
from limen.core.tokens.issuing import IssuedTokens
from limen.testing.assembly import PASSWORD, Assembly, acting

STEP: Final = timedelta(seconds=30)
WRONG: Final = "000000"


@dataclass
class Telephone:
    """The telephone of somebody: it keeps a secret, and tells its codes at the time of `limen`."""

    limen: Assembly
    secret: Secret[bytes]
    recovery_codes: list[str]
    tokens: IssuedTokens

    @classmethod
    async def enrol(cls, limen: Assembly, email: str = "ada@example.org") -> Self:
        """Register somebody who sets up the app, in a session that goes on."""
        await limen.register(email)
        tokens = await limen.enter(email)
        made = await limen.factors.begin_totp(actor=acting(tokens))
        code = shown_of(limen, made)
        codes = await limen.factors.confirm_totp(code=code, actor=acting(tokens))
        return cls(limen, _secret_of(made), [code.reveal() for code in codes], tokens)

    def code(self) -> str:
        """Tell the next code, that of another step than the one before."""
        self.limen.clock.advance(STEP)
        return code_at(self.secret, step_at(self.limen.clock.now())).reveal()

    async def wait_at_the_door(self, *, actor: Actor | None = None) -> PartialSignIn:
        """Sign in by the password alone."""
        outcome = await self.limen.sign_in.sign_in(
            identifier=self.tokens.user.email.address,
            password=PASSWORD,
            actor=actor,
            label="Laptop",
        )
        if not isinstance(outcome, PartialSignIn):
            raise TypeError("the sign-in waits for nothing")
        return outcome


def shown_of(limen: Assembly, made: NewTotp) -> str:
    """Tell the code that an app with this new secret shows now."""
    return code_at(_secret_of(made), step_at(limen.clock.now())).reveal()


def _secret_of(made: NewTotp) -> Secret[bytes]:
    return Secret(b32decode(made.secret.reveal()))
