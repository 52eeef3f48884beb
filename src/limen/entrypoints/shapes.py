"""The shapes that leave limen: what HTTP answers and what the command line prints with `--json`.

Each `of` is the only mapper of its model. Instants are RFC 3339 in UTC with `Z` (msgspec writes
them so), field names are those of `http-api.md`. Nothing here knows Litestar, so that the command
line starts fast.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, Literal, Self, TypeVar
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType, to_builtins

from limen.core.emails.service import VerifiedEmail
from limen.core.errors import Fault, InvalidQuery, LimenError
from limen.core.keys.service import KeyInUse
from limen.core.messages.model import Message
from limen.core.page import Listing
from limen.core.roles.model import Grant, Role, permissions_of
from limen.core.sessions.model import Session
from limen.core.tokens.issuing import IssuedTokens
from limen.core.users.model import User

T = TypeVar("T")


class UserOut(Struct, frozen=True, kw_only=True):
    """A user. `locale` is the language tag (BCP 47) of what limen writes to them.

    A user of the kind `service_account` is nobody: see `/service-accounts`.
    """

    id: UUID
    kind: Literal["person", "service_account"]
    email: str
    username: str | None
    name: str
    locale: str | None
    status: Literal["pending", "active", "suspended"]
    attributes: dict[str, Any]
    email_verified: bool
    email_verified_at: datetime | None
    created_at: datetime
    updated_at: datetime
    last_sign_in_at: datetime | None
    version: int

    @classmethod
    def of(cls, user: User) -> Self:
        """Map the model."""
        return cls(
            id=user.id,
            kind=user.kind.value,
            email=user.email.address,
            username=user.username.name if user.username else None,
            name=user.name,
            locale=user.locale,
            status=user.status.value,
            attributes=dict(user.attributes),
            email_verified=user.email_verified_at is not None,
            email_verified_at=user.email_verified_at,
            created_at=user.created_at,
            updated_at=user.updated_at,
            last_sign_in_at=user.last_sign_in_at,
            version=user.version,
        )


class SessionOut(Struct, frozen=True, kw_only=True):
    """A sign-in of a user. `is_current` tells the session that asked.

    In an `identified` one a browser was remembered, and nothing was proved.
    """

    id: UUID
    user_id: UUID
    state: Literal["identified", "full"]
    label: str
    address: str | None
    user_agent: str | None
    methods: tuple[str, ...]
    authenticated_at: datetime
    is_current: bool
    created_at: datetime
    last_used_at: datetime
    idle_expires_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, session: Session, *, current: UUID | None = None) -> Self:
        """Map the model."""
        return cls(
            id=session.id,
            user_id=session.user_id,
            state=session.state.value,
            label=session.label,
            address=session.address,
            user_agent=session.user_agent,
            methods=session.methods,
            authenticated_at=session.authenticated_at,
            is_current=session.id == current,
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            idle_expires_at=session.idle_expires_at,
            expires_at=session.expires_at,
        )


class RoleOut(Struct, frozen=True, kw_only=True):
    """A named set of permissions; a built-in one cannot be changed."""

    name: str
    description: str
    permissions: tuple[str, ...]
    is_built_in: bool
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, role: Role) -> Self:
        """Map the model."""
        return cls(
            name=role.name,
            description=role.description,
            permissions=tuple(sorted(permissions_of([role]))),
            is_built_in=role.is_built_in,
            created_at=role.created_at,
            updated_at=role.updated_at,
            version=role.version,
        )


class GrantOut(Struct, frozen=True, kw_only=True):
    """A role given to a user, for good or until `ends_at`."""

    user_id: UUID
    role: str
    granted_at: datetime
    ends_at: datetime | None

    @classmethod
    def of(cls, grant: Grant) -> Self:
        """Map the model."""
        return cls(
            user_id=grant.user_id,
            role=grant.role,
            granted_at=grant.granted_at,
            ends_at=grant.ends_at,
        )


class KeyOut(Struct, frozen=True, kw_only=True):
    """A signing key: its public half as a JWK (RFC 7517), and what it does now."""

    id: str
    algorithm: str
    state: Literal["announced", "signing", "verifying", "retired"]
    public: dict[str, str]
    created_at: datetime
    signs_from: datetime

    @classmethod
    def of(cls, used: KeyInUse) -> Self:
        """Map the model."""
        return cls(
            id=used.key.id,
            algorithm=used.key.algorithm.value,
            state=used.state.value,
            public=dict(used.key.public),
            created_at=used.key.created_at,
            signs_from=used.key.signs_from,
        )


class TokensOut(Struct, frozen=True, kw_only=True):
    """What a sign-in or a refresh gives (RFC 6749 section 5.1); lifetimes are in seconds."""

    state: Literal["full"]
    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    session_id: UUID
    user: UserOut

    @classmethod
    def of(cls, tokens: IssuedTokens) -> Self:
        """Map the model."""
        return cls(
            state="full",
            access_token=tokens.access_token.reveal(),
            token_type="Bearer",  # noqa: S106 - the type of the token, not a token
            expires_in=tokens.expires_in,
            refresh_token=tokens.refresh_token.reveal(),
            refresh_expires_in=tokens.refresh_expires_in,
            session_id=tokens.session_id,
            user=UserOut.of(tokens.user),
        )


class AcceptedOut(Struct, frozen=True, kw_only=True):
    """What was asked for is done later, or not at all: the answer does not tell."""

    message: str


class MessageOut(Struct, frozen=True, kw_only=True):
    """A message to somebody: what kind, and how far it is; never what it says.

    `to` is set where it is not the user's present address.
    """

    id: UUID
    kind: str
    user_id: UUID | None
    to: str | None
    state: Literal["waiting", "sent", "dropped", "undeliverable"]
    tries: int
    fault: str | None
    created_at: datetime
    due_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, message: Message) -> Self:
        """Map the model."""
        return cls(
            id=message.id,
            kind=message.kind.value,
            user_id=message.user_id,
            to=message.to,
            state=message.state.value,
            tries=message.tries,
            fault=message.fault,
            created_at=message.created_at,
            due_at=message.due_at,
            ended_at=message.ended_at,
        )


class LinkAskedOut(Struct, frozen=True, kw_only=True):
    """What the browser that asked for a link keeps: without it the link is of no use."""

    browser_token: str


class VerifiedEmailOut(Struct, frozen=True, kw_only=True):
    """What came of a proof. With `is_waiting` a change of address waits for its other end.

    With `reset_token` one sets a password, by `POST /auth/password/reset`.
    """

    user: UserOut
    is_waiting: bool
    reset_token: str | None

    @classmethod
    def of(cls, verified: VerifiedEmail) -> Self:
        """Map the result."""
        token = verified.reset_token
        return cls(
            user=UserOut.of(verified.user),
            is_waiting=verified.is_waiting,
            reset_token=None if token is None else token.reveal(),
        )


class ListMetaOut(Struct, frozen=True, kw_only=True):
    """Where a list stands."""

    page: int | None
    limit: int
    total: int | None
    next_cursor: str | None

    @classmethod
    def of(cls, listing: Listing[Any]) -> Self:
        """Map the model."""
        return cls(
            page=listing.page,
            limit=listing.limit,
            total=listing.total,
            next_cursor=listing.next_cursor,
        )


class FaultOut(Struct, frozen=True, kw_only=True):
    """One thing wrong with one field."""

    field: str
    code: str
    message: str

    @classmethod
    def of(cls, fault: Fault) -> Self:
        """Map the model."""
        return cls(field=fault.field, code=fault.code, message=fault.message)


class ErrorOut(Struct, frozen=True, kw_only=True):
    """A refusal: a stable code, a sentence, every field at fault."""

    code: str
    message: str
    details: tuple[FaultOut, ...] = ()
    request_id: str | UnsetType = UNSET

    @classmethod
    def of(cls, error: LimenError, *, request_id: str | UnsetType = UNSET) -> Self:
        """Map the error."""
        return cls(
            code=error.code,
            message=error.message,
            details=tuple(map(FaultOut.of, error.details)),
            request_id=request_id,
        )


class Success(Struct, Generic[T], frozen=True, kw_only=True):
    """The envelope of what was asked for; `meta` where there is something to say."""

    success: Literal[True] = True
    data: T
    meta: ListMetaOut | UnsetType = UNSET


class Failure(Struct, frozen=True, kw_only=True):
    """The envelope of a refusal."""

    success: Literal[False] = False
    error: ErrorOut


def read_fields(text: str | None, shape: type[Struct]) -> tuple[str, ...] | None:
    """Read a list such as `id,email` of the fields of `shape`; raise `InvalidQuery` for others."""
    if text is None:
        return None
    known = shape.__struct_fields__
    names = tuple(dict.fromkeys(text.split(",")))
    faults = tuple(
        Fault("fields", "unknown_field", f"{name!r} is unknown; may be {', '.join(known)}")
        for name in names
        if name not in known
    )
    if faults:
        raise InvalidQuery(details=faults)
    return names


def sparse(shape: Struct, names: tuple[str, ...]) -> Mapping[str, Any]:
    """Return only the named fields of a shape, as plain JSON values."""
    plain = to_builtins(shape)
    return {name: plain[name] for name in names}
