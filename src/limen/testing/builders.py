"""Whole values with sensible defaults: name what a test is about, leave the rest.

Everything built is different from everything built before (ids, e-mail addresses, names), valid,
and dated around `limen.testing.fakes.NOON`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from limen.core.actor import Actor
from limen.core.devices.model import KnownDevice
from limen.core.events import UserRegistered
from limen.core.factors.model import RecoveryCode, Totp
from limen.core.idempotency.model import Attempt
from limen.core.ids import (
    MessageId,
    PartialSessionId,
    ProofId,
    RememberedId,
    SessionId,
    TotpId,
    UserId,
)
from limen.core.keys.model import Algorithm, SigningKey
from limen.core.messages.model import Message, MessageKind, MessageState
from limen.core.partial_sessions.model import PartialSession
from limen.core.passwords.model import PasswordCredential
from limen.core.proofs.model import Proof, Purpose
from limen.core.remembered.model import Remembered
from limen.core.roles.model import ADMIN, Grant, Role
from limen.core.secret import Secret
from limen.core.sessions.model import EndReason, Session
from limen.core.throttles.model import Throttle
from limen.core.tokens.family import RefreshFamily
from limen.core.users.model import Email, Json, Status, User, UserKind, Username
from limen.ports.accounts import Account
from limen.testing.fakes import NOON, CountingIds

# A day apart from a `CountingIds()` of the test itself, so that the two never meet.
_ids: Final = CountingIds(NOON - timedelta(days=1))
_numbers: Final = count(1)


def a_user_id() -> UserId:
    """Build an id nobody has."""
    return UserId(_ids.new())


def a_session_id() -> SessionId:
    """Build an id no session has."""
    return SessionId(_ids.new())


def a_user(
    *,
    user_id: UserId | None = None,
    email: str | None = None,
    username: str | None = None,
    name: str = "",
    locale: str | None = None,
    kind: UserKind = UserKind.PERSON,
    status: Status = Status.ACTIVE,
    attributes: Mapping[str, Json] | None = None,
    email_verified_at: datetime | None = None,
    first_verified_at: datetime | None = None,
    created_at: datetime = NOON,
    updated_at: datetime | None = None,
    last_sign_in_at: datetime | None = None,
    version: int = 1,
) -> User:
    """Build a user: active, without username, name, locale or attributes."""
    return User(
        id=user_id or a_user_id(),
        email=Email.parse(email or f"user{next(_numbers)}@example.org"),
        username=None if username is None else Username.parse(username),
        name=name,
        locale=locale,
        kind=kind,
        status=status,
        attributes=attributes or {},
        email_verified_at=email_verified_at,
        first_verified_at=first_verified_at or email_verified_at,
        created_at=created_at,
        updated_at=updated_at or created_at,
        last_sign_in_at=last_sign_in_at,
        version=version,
    )


def a_full_user() -> User:
    """Build a user with every field filled, so that none can be lost on the way."""
    number = next(_numbers)
    return a_user(
        email=f"Zoë.{number}@Bücher.example",
        username=f"Zoe_{number}",
        name="Zoë 日本 O'Neil %_\\",
        locale="zh-Hant-TW",
        status=Status.PENDING,
        attributes={
            "team": ["é", 1, 2.5, True, None, {"deep": {"deeper": "x"}}],
            "Größe": 2**53 - 1,
            "empty": {},
        },
        email_verified_at=NOON - timedelta(days=3, microseconds=1),
        first_verified_at=NOON - timedelta(days=3, microseconds=2),
        created_at=NOON - timedelta(days=4, microseconds=999_999),
        updated_at=NOON - timedelta(days=2, microseconds=7),
        last_sign_in_at=NOON - timedelta(days=1, microseconds=123_456),
        version=7,
    )


def a_credential(
    user_id: UserId, *, digest: str = "$plain$1", version: int = 1
) -> PasswordCredential:
    """Build the password credential of a user."""
    return PasswordCredential(
        user_id=user_id, digest=Secret(digest), changed_at=NOON, version=version
    )


def a_session(
    user_id: UserId,
    *,
    session_id: SessionId | None = None,
    authenticated_at: datetime | None = None,
    created_at: datetime = NOON,
    last_used_at: datetime | None = None,
    idle_expires_at: datetime | None = None,
    expires_at: datetime | None = None,
    ended_at: datetime | None = None,
    address: str | None = None,
) -> Session:
    """Build a session that began at `created_at` and lives for an hour, for a day with use."""
    return Session(
        id=session_id or a_session_id(),
        user_id=user_id,
        address=address,
        authenticated_at=authenticated_at or created_at,
        created_at=created_at,
        last_used_at=last_used_at or created_at,
        idle_expires_at=idle_expires_at or created_at + timedelta(hours=1),
        expires_at=expires_at or created_at + timedelta(days=1),
        ended_at=ended_at,
        end_reason=None if ended_at is None else EndReason.REVOKED,
    )


def a_full_session(user_id: UserId) -> Session:
    """Build a session with every field filled but its end."""
    return Session(
        id=a_session_id(),
        user_id=user_id,
        label="Zoë's phone 📱",
        address="2001:db8::1",
        user_agent="Mozilla/5.0 (日本)",
        methods=("pwd", "otp"),
        authenticated_at=NOON + timedelta(microseconds=5),
        created_at=NOON + timedelta(microseconds=1),
        last_used_at=NOON + timedelta(microseconds=2),
        idle_expires_at=NOON + timedelta(hours=1, microseconds=3),
        expires_at=NOON + timedelta(days=1, microseconds=4),
    )


def a_family(
    session_id: SessionId, *, generation: int = 1, rotated_at: datetime = NOON
) -> RefreshFamily:
    """Build the refresh family of a session, at some generation."""
    return RefreshFamily(
        session_id=session_id,
        seed=Secret(session_id.bytes),
        generation=generation,
        digest=_digest(generation),
        previous_digest=_digest(generation - 1) if generation > 1 else None,
        rotated_at=rotated_at,
    )


def _digest(generation: int) -> bytes:
    return generation.to_bytes(32, "big")


def a_role(
    name: str | None = None, *, permissions: frozenset[str] = frozenset(), version: int = 1
) -> Role:
    """Build a role of the application's own."""
    return Role(
        name=name or f"role-{next(_numbers)}",
        description="Rôle %_\\ 日本",
        permissions=permissions or frozenset({"invoices.read", "users.read"}),
        created_at=NOON,
        updated_at=NOON + timedelta(microseconds=1),
        version=version,
    )


def a_grant(user_id: UserId, role: str = ADMIN, *, ends_at: datetime | None = None) -> Grant:
    """Build a grant, for good unless `ends_at` is given."""
    return Grant(
        user_id=user_id, role=role, granted_at=NOON + timedelta(microseconds=1), ends_at=ends_at
    )


def a_signing_key(
    key_id: str | None = None,
    *,
    signs_from: datetime = NOON,
    algorithm: Algorithm = Algorithm.EDDSA,
) -> SigningKey:
    """Build a signing key whose halves are made up."""
    return SigningKey(
        id=key_id or f"key-{next(_numbers)}",
        algorithm=algorithm,
        public={"kty": "OKP", "crv": "Ed25519", "x": "abc-_"},
        sealed=b"\x00\xff sealed",
        created_at=NOON - timedelta(microseconds=1),
        signs_from=signs_from,
    )


def a_throttle(
    key: str = "account:ada",
    *,
    attempts: int = 3,
    since: datetime = NOON,
    last_at: datetime = NOON,
    blocked_until: datetime | None = None,
) -> Throttle:
    """Build a throttle with some attempts."""
    return Throttle(
        key=key, attempts=attempts, since=since, last_at=last_at, blocked_until=blocked_until
    )


def an_attempt(
    scope: bytes = b"scope",
    *,
    fingerprint: bytes = b"fingerprint",
    begun_at: datetime = NOON,
    expires_at: datetime | None = None,
    sealed: bytes | None = None,
) -> Attempt:
    """Build an attempt, without an answer unless `sealed` is given."""
    return Attempt(
        scope=scope.ljust(32, b"\0"),
        fingerprint=fingerprint.ljust(32, b"\0"),
        begun_at=begun_at,
        expires_at=expires_at or begun_at + timedelta(days=1),
        sealed=sealed,
    )


def a_message(
    *,
    message_id: MessageId | None = None,
    user_id: UserId | None = None,
    to: str | None = None,
    sealed: bytes | None = b"sealed",
    due_at: datetime = NOON,
    state: MessageState = MessageState.WAITING,
    ended_at: datetime | None = None,
    tries: int = 0,
    fault: str | None = None,
    version: int = 1,
) -> Message:
    """Build a message that is due at noon."""
    return Message(
        id=message_id or MessageId(_ids.new()),
        kind=MessageKind.VERIFY_EMAIL,
        user_id=user_id,
        to=to,
        sealed=sealed,
        created_at=NOON,
        due_at=due_at,
        state=state,
        ended_at=ended_at,
        tries=tries,
        fault=fault,
        version=version,
    )


def a_proof(
    user_id: UserId,
    purpose: Purpose = Purpose.VERIFY_EMAIL,
    *,
    proof_id: ProofId | None = None,
    email: str = "ada@example.org",
    new_email: str | None = None,
    asker: bytes | None = None,
    expires_at: datetime = NOON + timedelta(hours=1),
    tries: int = 0,
    spent_at: datetime | None = None,
) -> Proof:
    """Build a proof that is live for an hour from noon on."""
    new_id = proof_id or ProofId(_ids.new())
    return Proof(
        id=new_id,
        purpose=purpose,
        user_id=user_id,
        email=email,
        new_email=new_email,
        link_digest=new_id.bytes.ljust(32, b"l"),
        code_digest=new_id.bytes.ljust(32, b"c"),
        asker=asker,
        created_at=NOON,
        expires_at=expires_at,
        tries=tries,
        spent_at=spent_at,
    )


def a_partial_session(
    user_id: UserId,
    *,
    methods: tuple[str, ...] = ("pwd",),
    label: str = "",
    expires_at: datetime = NOON + timedelta(minutes=10),
    tries: int = 0,
) -> PartialSession:
    """Build a partial session that can be finished for ten minutes from noon on."""
    partial_id = PartialSessionId(_ids.new())
    return PartialSession(
        id=partial_id,
        user_id=user_id,
        digest=partial_id.bytes.ljust(32, b"d"),
        methods=methods,
        label=label,
        created_at=NOON,
        expires_at=expires_at,
        tries=tries,
    )


def a_totp(
    user_id: UserId,
    *,
    sealed: bytes = b"sealed",
    expires_at: datetime | None = NOON + timedelta(minutes=15),
    confirmed_at: datetime | None = None,
    last_step: int = 0,
) -> Totp:
    """Build the secret of an app; it waits until a quarter past noon, unless it is confirmed."""
    return Totp(
        id=TotpId(_ids.new()),
        user_id=user_id,
        sealed=sealed,
        created_at=NOON,
        expires_at=expires_at if confirmed_at is None else None,
        confirmed_at=confirmed_at,
        last_step=last_step,
    )


def a_recovery_code(user_id: UserId, *, digest: bytes | None = None) -> RecoveryCode:
    """Build a recovery code."""
    return RecoveryCode(user_id=user_id, digest=digest or _ids.new().bytes * 2, made_at=NOON)


def a_remembered(
    user_id: UserId,
    *,
    session_id: SessionId | None = None,
    previous_digest: bytes | None = None,
    label: str = "",
    address: str | None = None,
    user_agent: str | None = None,
    used_at: datetime = NOON,
    expires_at: datetime = NOON + timedelta(days=30),
) -> Remembered:
    """Build a browser that is remembered for thirty days from noon on."""
    remembered_id = RememberedId(_ids.new())
    return Remembered(
        id=remembered_id,
        user_id=user_id,
        session_id=session_id or a_session_id(),
        series_digest=remembered_id.bytes.ljust(32, b"s"),
        digest=remembered_id.bytes.ljust(32, b"d"),
        previous_digest=previous_digest,
        label=label,
        address=address,
        user_agent=user_agent,
        authenticated_at=NOON - timedelta(hours=1),
        created_at=NOON,
        used_at=used_at,
        expires_at=expires_at,
    )


def a_device(
    user_id: UserId, *, digest: bytes | None = None, last_seen_at: datetime = NOON
) -> KnownDevice:
    """Build a device that was first seen at noon."""
    known_by = digest or _ids.new().bytes * 2
    return KnownDevice(
        user_id=user_id, digest=known_by, first_seen_at=NOON, last_seen_at=last_seen_at
    )


def an_account(user: User | None = None, *roles: str) -> Account:
    """Build an account: a user, a credential, and grants of `roles`."""
    owner = user or a_user()
    return Account(
        user=owner,
        credential=a_credential(owner.id),
        grants=tuple(a_grant(owner.id, role) for role in sorted(roles)),
    )


def an_event(
    user_id: UserId | None = None, *, at: datetime = NOON, actor: Actor | None = None
) -> UserRegistered:
    """Build an event."""
    return UserRegistered(at=at, actor=actor or Actor.system("test"), user_id=user_id)
