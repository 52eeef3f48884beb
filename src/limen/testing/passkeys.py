"""Passkeys for tests: whole values, an authenticator in software, a verifier without cryptography.

The authenticator answers in the form of browsers, whichever key it is given: `PlainKey` for
`PlainWebAuthn`, real ones for the adapter. It can be told to lie.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from limen.core.encoding import read_base64url, write_base64url
from limen.core.errors import PasskeyRefused
from limen.core.ids import PasskeyId, SessionId, UserId
from limen.core.passkeys.model import (
    AuthenticatorState,
    Ceremony,
    CeremonyPurpose,
    NewCredential,
    Passkey,
    PasskeyPolicy,
)
from limen.core.passkeys.responses import Assertion, Attestation
from limen.ports.webauthn import WebAuthn
from limen.testing.builders import a_user_id
from limen.testing.fakes import NOON

ORIGIN: Final = "https://id.example.org"
POLICY: Final = PasskeyPolicy(
    rp_id="id.example.org", rp_name="Example", origins=(ORIGIN, "https://app.id.example.org")
)

# Flags of authenticator data (WebAuthn level 3, section 6.1).
PRESENT: Final = 1 << 0
VERIFIED: Final = 1 << 2
BACKUP_ELIGIBLE: Final = 1 << 3
BACKED_UP: Final = 1 << 4
_HAS_KEY: Final = 1 << 6

_PLAIN: Final = b"plain "
_NO_ATTESTATION: Final = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData"
_HEAD: Final = 37
_ID_BYTES: Final = 32


def a_passkey(
    user_id: UserId,
    *,
    name: str = "Passkey",
    credential_id: bytes | None = None,
    sign_count: int = 0,
    is_backup_eligible: bool = False,
    is_backed_up: bool = False,
    transports: tuple[str, ...] = (),
    last_used_at: datetime | None = None,
    version: int = 1,
) -> Passkey:
    """Build a passkey that was never used."""
    passkey_id = PasskeyId(a_user_id())
    return Passkey(
        id=passkey_id,
        user_id=user_id,
        name=name,
        credential_id=credential_id or passkey_id.bytes.ljust(32, b"i"),
        public_key=passkey_id.bytes.ljust(77, b"k"),
        sign_count=sign_count,
        transports=transports,
        is_backup_eligible=is_backup_eligible,
        is_backed_up=is_backed_up,
        created_at=NOON,
        last_used_at=last_used_at,
        version=version,
    )


def a_ceremony(
    purpose: CeremonyPurpose = CeremonyPurpose.SIGN_IN,
    *,
    user_id: UserId | None = None,
    session_id: SessionId | None = None,
    expires_at: datetime = NOON + timedelta(minutes=5),
) -> Ceremony:
    """Build a ceremony that is live for five minutes from noon on."""
    seed = a_user_id().bytes
    return Ceremony(
        digest=seed.ljust(32, b"d"),
        purpose=purpose,
        challenge=seed.ljust(32, b"c"),
        user_id=user_id,
        session_id=session_id,
        expires_at=expires_at,
    )


class CredentialKey(Protocol):
    """A key pair: the public half in COSE form, and what signs."""

    @property
    def public_key(self) -> bytes:
        """The public half."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return a signature over `data`."""
        ...


@dataclass(frozen=True, slots=True)
class PlainKey:
    """A key that anybody can sign by who has seen its public half."""

    public_key: bytes

    def sign(self, data: bytes) -> bytes:
        """Return a digest of the key and `data`."""
        return hashlib.sha256(self.public_key + data).digest()


@dataclass(slots=True, kw_only=True)
class Credential:
    """What an authenticator keeps of a credential."""

    credential_id: bytes
    key: CredentialKey
    user_handle: bytes
    sign_count: int = 0


@dataclass(slots=True, kw_only=True)
class Authenticator:
    """Makes credentials and signs with them, as options ask for it.

    `flags` are what it tells of its user and of backups; with `counts` it has a counter. Each
    keyword of `create` and `get` is a lie, told in place of what the options say.
    """

    make_key: Callable[[bytes], CredentialKey] = lambda seed: PlainKey(_PLAIN + seed)
    origin: str = ORIGIN
    flags: int = PRESENT | VERIFIED
    counts: bool = True
    seed: int = 0
    credentials: list[Credential] = field(default_factory=list)

    def create(
        self,
        options: Mapping[str, Any],
        *,
        kind: str = "webauthn.create",
        challenge: str | None = None,
        rp_id: str | None = None,
        **client_data: object,
    ) -> dict[str, Any]:
        """Make a credential; return what `navigator.credentials.create()` gives, as JSON."""
        made = self._make(read_base64url(options["user"]["id"]))
        told = self._client_data(kind, challenge or options["challenge"], client_data)
        length = len(made.credential_id).to_bytes(2)
        attested = bytes(16) + length + made.credential_id + made.key.public_key
        data = self._head(rp_id or options["rp"]["id"], made, _HAS_KEY) + attested
        response = {
            "clientDataJSON": write_base64url(told),
            "attestationObject": write_base64url(_NO_ATTESTATION + _cbor_bytes(data)),
            "transports": ["internal", "hybrid"],
        }
        return _answer(made.credential_id, response)

    def get(
        self,
        options: Mapping[str, Any],
        *,
        kind: str = "webauthn.get",
        challenge: str | None = None,
        rp_id: str | None = None,
        credential: Credential | None = None,
        **client_data: object,
    ) -> dict[str, Any]:
        """Sign with a credential; return what `navigator.credentials.get()` gives, as JSON."""
        chosen = credential or self._choose(options.get("allowCredentials", []))
        chosen.sign_count += self.counts
        told = self._client_data(kind, challenge or options["challenge"], client_data)
        data = self._head(rp_id or options["rpId"], chosen, 0)
        signature = chosen.key.sign(data + hashlib.sha256(told).digest())
        response = {
            "clientDataJSON": write_base64url(told),
            "authenticatorData": write_base64url(data),
            "signature": write_base64url(signature),
            "userHandle": write_base64url(chosen.user_handle),
        }
        return _answer(chosen.credential_id, response)

    def _make(self, user_handle: bytes) -> Credential:
        number = f"{self.seed} {len(self.credentials)}".encode()
        made = Credential(
            credential_id=hashlib.sha256(b"credential " + number).digest()[:_ID_BYTES],
            key=self.make_key(number),
            user_handle=user_handle,
        )
        self.credentials.append(made)
        return made

    def _choose(self, allowed: list[dict[str, Any]]) -> Credential:
        ids = {read_base64url(one["id"]) for one in allowed}
        return next(one for one in self.credentials if not ids or one.credential_id in ids)

    def _client_data(self, kind: str, challenge: str, others: Mapping[str, object]) -> bytes:
        told = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps({**told, **others}).encode()

    def _head(self, rp_id: str, credential: Credential, flags: int) -> bytes:
        told = bytes([self.flags | flags]) + credential.sign_count.to_bytes(4)
        return hashlib.sha256(rp_id.encode()).digest() + told


def _answer(credential_id: bytes, response: Mapping[str, object]) -> dict[str, Any]:
    text = write_base64url(credential_id)
    return {
        "id": text,
        "rawId": text,
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "clientExtensionResults": {},
        "response": dict(response),
    }


def _cbor_bytes(data: bytes) -> bytes:
    """Return a byte string of CBOR (RFC 8949, section 3.1), its length in two bytes."""
    return b"\x59" + len(data).to_bytes(2) + data


def with_statement(attestation_object: bytes, form: str, statement: bytes) -> bytes:
    """Return what `create` gave with another attestation statement, which is CBOR of a map."""
    named = bytes([0x60 | len(form)]) + form.encode()
    data = attestation_object.removeprefix(_NO_ATTESTATION)
    return b"\xa3\x63fmt" + named + b"\x67attStmt" + statement + b"\x68authData" + data


class PlainWebAuthn:
    """Verifies answers by `PlainKey`."""

    def check_attestation(
        self, attestation: Attestation, challenge: bytes, policy: PasskeyPolicy
    ) -> NewCredential:
        """Return the new credential."""
        _check_client_data(attestation.client_data, "webauthn.create", challenge, policy)
        if not attestation.attestation_object.startswith(_NO_ATTESTATION):
            raise PasskeyRefused
        data = attestation.attestation_object[len(_NO_ATTESTATION) + 3 :]
        if _NO_ATTESTATION + _cbor_bytes(data) != attestation.attestation_object:
            raise PasskeyRefused
        state = _read_head(data, policy)
        start = _HEAD + 18
        end = start + int.from_bytes(data[start - 2 : start])
        public_key = data[end:]
        is_its_own = data[start:end] == attestation.credential_id
        if not is_its_own or not public_key.startswith(_PLAIN):
            raise PasskeyRefused
        return NewCredential(public_key=public_key, state=state)

    def check_assertion(
        self, assertion: Assertion, public_key: bytes, challenge: bytes, policy: PasskeyPolicy
    ) -> AuthenticatorState:
        """Return what the authenticator tells."""
        _check_client_data(assertion.client_data, "webauthn.get", challenge, policy)
        state = _read_head(assertion.authenticator_data, policy)
        signed = assertion.authenticator_data + hashlib.sha256(assertion.client_data).digest()
        if assertion.signature != PlainKey(public_key).sign(signed):
            raise PasskeyRefused
        return state


def _check_client_data(raw: bytes, kind: str, challenge: bytes, policy: PasskeyPolicy) -> None:
    try:
        told = json.loads(raw)
    except ValueError:
        raise PasskeyRefused from None
    if not isinstance(told, dict) or told.get("type") != kind or told.get("crossOrigin"):
        raise PasskeyRefused
    is_ours = told.get("origin") in policy.origins
    if told.get("challenge") != write_base64url(challenge) or not is_ours:
        raise PasskeyRefused


def _read_head(data: bytes, policy: PasskeyPolicy) -> AuthenticatorState:
    flags = data[_HEAD - 5] if len(data) >= _HEAD else 0
    is_ours = data[:32] == hashlib.sha256(policy.rp_id.encode()).digest()
    if not is_ours or not flags & PRESENT or not flags & VERIFIED:
        raise PasskeyRefused
    return AuthenticatorState(
        sign_count=int.from_bytes(data[_HEAD - 4 : _HEAD]),
        is_backup_eligible=bool(flags & BACKUP_ELIGIBLE),
        is_backed_up=bool(flags & BACKED_UP),
    )


_conforms: type[WebAuthn] = PlainWebAuthn
