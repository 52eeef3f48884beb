"""Who does something, and through which request."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from limen.core.ids import SessionId, UserId


class ActorKind(StrEnum):
    """What kind of party acts."""

    ANONYMOUS = "anonymous"
    USER = "user"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The party behind a use case: the subject of every permission check and every event.

    `SYSTEM` is the operator's own code or shell and may do everything; a door that serves other
    people builds `USER` and `ANONYMOUS` actors only. `address` and `user_agent` are what the door
    knows of the caller, `request_id` ties events to log lines.
    """

    kind: ActorKind
    name: str | None = None
    user_id: UserId | None = None
    session_id: SessionId | None = None
    request_id: str | None = None
    address: str | None = None
    user_agent: str | None = None

    @classmethod
    def system(cls, name: str, *, request_id: str | None = None) -> Self:
        """Make the actor for trusted code of the operator, called `name` in events."""
        return cls(kind=ActorKind.SYSTEM, name=name, request_id=request_id)

    @classmethod
    def anonymous(
        cls,
        *,
        request_id: str | None = None,
        address: str | None = None,
        user_agent: str | None = None,
    ) -> Self:
        """Make the actor for somebody who has not shown who they are."""
        return cls(
            kind=ActorKind.ANONYMOUS,
            request_id=request_id,
            address=address,
            user_agent=user_agent,
        )

    def as_user(self, user_id: UserId, session_id: SessionId | None = None) -> "Actor":
        """Return this actor as the user they have proved to be, in the same request."""
        return replace(self, kind=ActorKind.USER, user_id=user_id, session_id=session_id)

    @property
    def is_system(self) -> bool:
        """Whether this is the operator's own code."""
        return self.kind is ActorKind.SYSTEM

    def owns(self, user_id: UserId) -> bool:
        """Tell whether `user_id` is the acting user."""
        return self.kind is ActorKind.USER and self.user_id == user_id
