"""Many accounts at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from limen.core.ids import UserId
from limen.core.imports.model import ImportOutcome
from limen.core.passwords.model import PasswordCredential
from limen.core.roles.model import Grant
from limen.core.users.model import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user with what belongs to them."""

    user: User
    credential: PasswordCredential | None = None
    grants: tuple[Grant, ...] = ()


class Accounts(Protocol):
    """Moves whole accounts in and out, a batch at a time."""

    async def add(self, accounts: Sequence[Account]) -> tuple[ImportOutcome, ...]:
        """Add each account whole or not at all; return what became of each, in order.

        An account whose e-mail address or username is taken, also by an earlier one of the same
        batch, is not added; a taken address is told first. Raises `RoleNotFound`.
        """
        ...

    async def list(self, *, after: UserId | None = None, limit: int = 500) -> tuple[Account, ...]:
        """Return up to `limit` accounts behind `after`, in order of user id."""
        ...
