"""Who does something, and through which request."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from limen.core.ids import SessionId, UserId
from limen.core.meter import Meter
from limen.core.secret import Secret


class ActorKind(StrEnum):
    """What kind of party acts."""

    ANONYMOUS = "anonymous"
    USER = "user"
    IDENTIFIED = "identified"
    API_KEY = "api_key"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The party behind a use case: the subject of every permission check and every event.

    `SYSTEM` is the operator's own code or shell and may do everything; a door that serves other
    people builds the other kinds only. `API_KEY` acts for the user `user_id` within `scopes` and is
    no person: it owns nothing; `name` is the public part of the key. `IDENTIFIED` is whoever sits
    at a browser that remembers the user `user_id`: they have proved nothing, and own nothing.
    `address` and `user_agent` are what the door knows of the caller, `device` is the mark its
    browser keeps, `request_id` ties events to log lines. In `meter` is noted what is counted for
    the caller's network, if the door wants to tell it. `authenticated_at` is when the access token
    says that they proved themselves: of a session that rose since, it is an old copy.
    """

    kind: ActorKind
    name: str | None = None
    user_id: UserId | None = None
    session_id: SessionId | None = None
    authenticated_at: datetime | None = None
    request_id: str | None = None
    address: str | None = None
    user_agent: str | None = None
    device: Secret[str] | None = None
    scopes: frozenset[str] = frozenset()
    meter: Meter | None = field(default=None, compare=False, repr=False)

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
        device: Secret[str] | None = None,
    ) -> Self:
        """Make the actor for somebody who has not shown who they are."""
        return cls(
            kind=ActorKind.ANONYMOUS,
            request_id=request_id,
            address=address,
            user_agent=user_agent,
            device=device,
        )

    def as_user(
        self,
        user_id: UserId,
        session_id: SessionId | None = None,
        authenticated_at: datetime | None = None,
    ) -> "Actor":
        """Return this actor as the user they have proved to be, in the same request."""
        return replace(
            self,
            kind=ActorKind.USER,
            user_id=user_id,
            session_id=session_id,
            authenticated_at=authenticated_at,
        )

    def as_identified(
        self, user_id: UserId, session_id: SessionId, authenticated_at: datetime | None = None
    ) -> "Actor":
        """Return this actor as whoever is in a browser that remembers this user."""
        named = self.as_user(user_id, session_id, authenticated_at)
        return replace(named, kind=ActorKind.IDENTIFIED)

    def as_key(self, user_id: UserId, name: str, scopes: frozenset[str]) -> "Actor":
        """Return this actor as the API key it has shown, in the same request."""
        return replace(self, kind=ActorKind.API_KEY, user_id=user_id, name=name, scopes=scopes)

    @property
    def recorded(self) -> "Actor":
        """This actor as events tell of it: who it was, not what it could do."""
        return replace(self, scopes=frozenset(), meter=None, device=None, authenticated_at=None)

    @property
    def person_id(self) -> UserId | None:
        """The user who is here, signed in; `None` for a key, which only acts for one."""
        return self.user_id if self.kind is ActorKind.USER else None

    @property
    def is_identified(self) -> bool:
        """Whether a browser was remembered, and nothing was proved."""
        return self.kind is ActorKind.IDENTIFIED

    @property
    def is_key(self) -> bool:
        """Whether this is an API key."""
        return self.kind is ActorKind.API_KEY

    @property
    def is_system(self) -> bool:
        """Whether this is the operator's own code."""
        return self.kind is ActorKind.SYSTEM

    def owns(self, user_id: UserId) -> bool:
        """Tell whether `user_id` is the acting user."""
        return self.kind is ActorKind.USER and self.user_id == user_id

    def is_known_as(self, user_id: UserId) -> bool:
        """Tell whether `user_id` is the acting user, or the one whom the browser remembers."""
        return self.owns(user_id) or (self.is_identified and self.user_id == user_id)
