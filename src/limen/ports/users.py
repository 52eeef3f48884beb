"""Where users are kept."""

from datetime import datetime
from typing import Protocol

from limen.core.ids import UserId
from limen.core.page import Page, Selection
from limen.core.users.model import Email, User, Username


class Users(Protocol):
    """Keeps users. E-mail addresses and usernames are unique by their keys, races included."""

    async def get(self, user_id: UserId) -> User:
        """Return the user; raise `UserNotFound`."""
        ...

    async def lock(self, user_id: UserId) -> User:
        """Return the user for change; raise `UserNotFound`.

        Until this unit of work ends no other one can lock or change the same user: it waits.
        """
        ...

    async def find(self, identifier: Email | Username) -> User | None:
        """Return the user whose address or username has the identifier's key, if there is one."""
        ...

    async def list(self, selection: Selection, now: datetime) -> Page[User]:
        """Return the users that meet all conditions, in order, and where to go on.

        Fields are those of `limen.core.users.directory.FIELDS`. Texts are compared and sorted by
        their folded form (`limen.core.text.fold`; e-mail and username by their keys) and code
        point, wildcards in values are literal; nothing sorts before everything. `ne` also finds
        rows without a value. `role` looks at the grants that have not ended. A walk by `after`
        gives every row that is there all the while exactly once. An estimated count may be wrong,
        an exact one is not.
        """
        ...

    async def add(self, user: User) -> None:
        """Add a new user; raise `EmailTaken` or `UsernameTaken`."""
        ...

    async def save(self, user: User) -> None:
        """Store a changed user over the version before it.

        Raises `ConcurrentUpdate` if the stored version is not exactly one less, and `EmailTaken`
        or `UsernameTaken`.
        """
        ...

    async def sign_in(self, user: User) -> None:
        """Store `last_sign_in_at` alone, without a new version."""
        ...

    async def remove(self, user_id: UserId) -> None:
        """Remove the user with credential, sessions, families and grants; raise `UserNotFound`.

        The endings of sessions stay.
        """
        ...
