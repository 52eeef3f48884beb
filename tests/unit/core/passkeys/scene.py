"""Ada, her authenticator, and what both do."""

from dataclasses import dataclass, field
from typing import Any

from limen.core.actor import Actor
from limen.core.passkeys.model import Passkey
from limen.core.tokens.issuing import IssuedTokens
from limen.testing.assembly import Assembly, acting
from limen.testing.passkeys import Authenticator

ADA = "ada@example.org"


@dataclass
class Scene:
    """A limen, Ada who is signed in to it, and an authenticator."""

    limen: Assembly
    ada: Actor
    device: Authenticator = field(default_factory=Authenticator)

    async def enrol(self, device: Authenticator | None = None, **lies: Any) -> Passkey:
        """Have Ada enrol a passkey of her device."""
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


async def a_scene() -> Scene:
    """Return a limen where Ada has just signed in by her password."""
    limen = Assembly()
    await limen.register(ADA)
    return Scene(limen, acting(await limen.enter(ADA)))
