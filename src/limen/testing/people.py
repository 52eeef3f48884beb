"""People for tests: registered, given their roles, signed in, with all that a request needs."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from limen.core.actor import Actor
from limen.core.errors import RoleTaken
from limen.core.ids import UserId
from limen.core.roles.service import RoleService
from limen.core.signin.service import SignInService
from limen.core.tokens.issuing import IssuedTokens
from limen.core.users.model import User
from limen.core.users.service import UserService
from limen.testing.assembly import OPERATOR, PASSWORD, acting, tokens_of

EMAIL = "ada@example.org"


class WaysIn(Protocol):
    """What it takes to let somebody in: `limen.Limen` has it, and `Assembly`."""

    @property
    def users(self) -> UserService:
        """Where they register."""
        ...

    @property
    def roles(self) -> RoleService:
        """Where they get their roles."""
        ...

    @property
    def sign_in(self) -> SignInService:
        """Where they sign in."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInUser:
    """Somebody who is signed in."""

    user: User
    password: str = field(repr=False)
    tokens: IssuedTokens

    @property
    def id(self) -> UserId:
        """Who they are."""
        return self.user.id

    @property
    def email(self) -> str:
        """The address they sign in with."""
        return self.user.email.address

    @property
    def actor(self) -> Actor:
        """Who acts when they call a use case themselves."""
        return acting(self.tokens)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request of theirs."""
        return {"Authorization": f"Bearer {self.tokens.access_token.reveal()}"}


def registered(user: User | None) -> User:
    """Return the user whom a registration made; it fails where limen tells nobody."""
    if user is None:
        raise AssertionError("the policy hides whether an account was made")
    return user


async def sign_up(
    limen: WaysIn, email: str = EMAIL, *, password: str = PASSWORD, roles: Iterable[str] = ()
) -> SignedInUser:
    """Register somebody with `roles`, which are made if they are not there, and sign them in."""
    user = registered(await limen.users.register(email=email, password=password))
    for role in roles:
        with suppress(RoleTaken):
            await limen.roles.create(actor=OPERATOR, name=role)
        await limen.roles.grant(user.id, role, actor=OPERATOR)
    tokens = tokens_of(await limen.sign_in.sign_in(identifier=email, password=password))
    return SignedInUser(user=tokens.user, password=password, tokens=tokens)
