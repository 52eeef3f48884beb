"""What tests do every day with a whole limen: people come in, mail arrives, events are told."""

import json
from typing import Final

from limen.core.actor import Actor
from limen.core.ids import UserId
from limen.core.keys.service import KeyService
from limen.core.messages.delivery import Delivery
from limen.core.roles.model import ADMIN
from limen.core.roles.service import RoleService
from limen.core.signin.entering import SignInOutcome
from limen.core.signin.service import SignInService
from limen.core.tokens.issuing import IssuedTokens
from limen.core.users.model import User
from limen.core.users.service import UserService
from limen.ports.outbox import StoredEvent
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.fakes import MailBox

PASSWORD: Final = "correct horse battery"  # noqa: S105 - everybody's password in tests
OPERATOR: Final = Actor.system("test")


class Everyday:
    """The everyday steps, for whoever has these services."""

    unit_of_work: UnitOfWorkFactory
    keys: KeyService
    users: UserService
    roles: RoleService
    sign_in: SignInService
    delivery: Delivery
    mail: MailBox

    async def read_mail(self, address: str = "ada@example.org") -> dict[str, str]:
        """Have all mail delivered, and return what the newest one to `address` names."""
        await self.delivery.deliver()
        mails = self.mail.to(address)
        if not mails:
            others = sorted({mail.to for mail in self.mail.mails})
            raise AssertionError(f"no mail to {address}; there is mail to {others or 'nobody'}")
        values: dict[str, str] = json.loads(mails[-1].text)
        return values

    async def register(self, email: str = "ada@example.org", password: str = PASSWORD) -> User:
        """Register somebody; make the first signing key if there is none."""
        await self.keys.ensure(actor=OPERATOR)
        user = await self.users.register(email=email, password=password)
        return user or await self.users.find(email, actor=OPERATOR)

    async def administrator(self, email: str = "root@example.org") -> User:
        """Register somebody and grant them `admin`."""
        user = await self.register(email)
        await self.roles.grant(user.id, ADMIN, actor=OPERATOR)
        return user

    async def enter(self, email: str = "ada@example.org", label: str = "") -> IssuedTokens:
        """Sign somebody in with `PASSWORD`."""
        use_case = self.sign_in.sign_in(identifier=email, password=PASSWORD, label=label)
        return tokens_of(await use_case)

    async def event_names(self, user_id: UserId | None = None) -> list[str]:
        """Name every event so far, oldest first; of one user if asked."""
        async with self.unit_of_work.view() as view:
            return [event.name for event in await view.outbox.list(user_id=user_id, limit=10_000)]

    async def last_event(self) -> StoredEvent:
        """Return the newest event."""
        async with self.unit_of_work.view() as view:
            return (await view.outbox.list(limit=10_000))[-1]


def tokens_of(outcome: SignInOutcome) -> IssuedTokens:
    """Return the tokens of a sign-in; it fails where a second factor is awaited."""
    if not isinstance(outcome, IssuedTokens):
        raise TypeError("the sign-in waits for a second factor")
    return outcome
