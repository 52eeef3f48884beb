"""Somebody who signs in by passkeys, and everything they do for it."""

from dataclasses import dataclass, field
from typing import Any, Final

from limen.core.actor import Actor
from limen.core.passkeys.model import Passkey
from limen.core.tokens.issuing import IssuedTokens
from limen.testing.assembly import Assembly, acting
from limen.testing.passkeys import Authenticator

ADA: Final = "ada@example.org"


@dataclass
class PasskeyHolder:
    """Ada, who is signed in to `limen`, and her `device`. Lies are those of the device."""

    limen: Assembly
    ada: Actor
    device: Authenticator = field(default_factory=Authenticator)

    async def enrol(self, device: Authenticator | None = None, **lies: Any) -> Passkey:
        """Enrol a passkey of the device."""
        chosen = device or self.device
        asked = await self.limen.passkeys.begin_enrolment(actor=self.ada)
        answer = chosen.create(asked.options, **lies)
        return await self.limen.passkeys.enrol(
            ceremony=asked.ceremony, answer=answer, name="Laptop", actor=self.ada
        )

    async def sign_in(self, identifier: str | None = None, **lies: Any) -> IssuedTokens:
        """Sign in by the device."""
        asked = await self.limen.passkey_sign_in.ask(identifier=identifier)
        answer = self.device.get(asked.options, **lies)
        return await self.limen.passkey_sign_in.complete(ceremony=asked.ceremony, answer=answer)


async def a_passkey_holder() -> PasskeyHolder:
    """Return Ada before a limen of her own; she has just signed in by her password."""
    limen = Assembly()
    await limen.register(ADA)
    return PasskeyHolder(limen, acting(await limen.enter(ADA)))
