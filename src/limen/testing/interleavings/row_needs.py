"""Which rows a method of a repository locks, as PostgreSQL does."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from limen.adapters.memory.api_keys import keys_of
from limen.adapters.memory.store import Rows
from limen.core.api_keys.model import ApiKey
from limen.core.devices.model import KnownDevice
from limen.core.factors.model import ResetRequest, Totp
from limen.core.idempotency.model import Attempt
from limen.core.ids import ProofId, SessionId, TotpId, UserId
from limen.core.keys.model import SigningKey
from limen.core.messages.model import Message
from limen.core.passkeys.model import Passkey
from limen.core.passwords.model import PasswordCredential
from limen.core.proofs.model import Proof, Purpose
from limen.core.remembered.model import Remembered
from limen.core.roles.model import Grant, Role
from limen.core.sessions.model import Session
from limen.core.throttles.model import Throttle
from limen.core.tokens.family import RefreshFamily
from limen.core.users.model import User
from limen.ports.accounts import Account
from limen.testing.interleavings.row_locks import Lock, Mode

# What a method locks, told from the rows as they are and from its arguments.
Needs: TypeAlias = Callable[..., Iterable[Lock]]


def _change(kind: str, key: object) -> Lock:
    return Lock((kind, key), Mode.NO_KEY_UPDATE)


def _whole(kind: str, key: object) -> Lock:
    return Lock((kind, key), Mode.UPDATE)


def _reference(kind: str, key: object) -> Lock:
    return Lock((kind, key), Mode.KEY_SHARE)


def _names(user: User) -> list[Lock]:
    names = [_whole("email", user.email.key)]
    return names if user.username is None else [*names, _whole("username", user.username.key)]


def _add_user(_rows: Rows, user: User) -> list[Lock]:
    return [_whole("user", user.id), *_names(user)]


def _save_user(_rows: Rows, user: User) -> list[Lock]:
    return [_change("user", user.id), *_names(user)]


def _remove_user(rows: Rows, user_id: UserId) -> list[Lock]:
    user = rows.users.get(user_id)
    return [
        _whole("user", user_id),
        *(() if user is None else _names(user)),
        _whole("password", user_id),
        *_proofs_of(rows, user_id),
        *_partial_sessions_of(rows, user_id),
        *_keys_of(rows, user_id),
        *_devices_of(rows, user_id),
        *_remembered_of(rows, user_id),
        _whole("factor reset", user_id),
        _whole("passkeys of", user_id),
        _whole("totps of", user_id),
        _whole("codes of", user_id),
        _whole("grants of", user_id),
        _whole("sessions of", user_id),
        *_sessions(rows, user_id),
    ]


def _sessions(rows: Rows, user_id: UserId) -> list[Lock]:
    ids = sorted(rows.user_sessions.get(user_id) or ())
    sessions = [_change("session", session_id) for session_id in ids]
    return sessions + [_change("family", session_id) for session_id in ids]


def _end_sessions(
    rows: Rows,
    user_id: UserId,
    *_: object,
    only: SessionId | None = None,
    keep: SessionId | None = None,
) -> list[Lock]:
    """Lock those that have not ended: first the sessions, then their families."""
    ids = [
        session_id
        for session_id in sorted(rows.user_sessions.get(user_id) or ())
        if rows.sessions[session_id].ended_at is None
        and only in {None, session_id}
        and session_id != keep
    ]
    return [_change(kind, session_id) for kind in ("session", "family") for session_id in ids]


def _add_session(_rows: Rows, session: Session) -> list[Lock]:
    # The index by user is one row here: two sign-ins of one user wait for each other.
    user_id = session.user_id
    return [_reference("user", user_id), _change("sessions of", user_id)]


def _put_grant(_rows: Rows, grant: Grant) -> list[Lock]:
    # The grants of a user are one row here.
    user_id = grant.user_id
    return [
        _reference("user", user_id),
        _reference("role", grant.role),
        _change("grants of", user_id),
    ]


def _remove_role(rows: Rows, name: str, *_: object) -> list[Lock]:
    holders = {g.user_id for grants in rows.grants.values() for g in grants if g.role == name}
    return [_whole("role", name), *(_change("grants of", user_id) for user_id in sorted(holders))]


def _lock_throttles(_rows: Rows, keys: Sequence[str], *_: object) -> list[Lock]:
    return [_change("throttle", key) for key in sorted(keys)]


def _own_session(_rows: Rows, session: Session) -> list[Lock]:
    return [_change("session", session.id)]


def _own_family(_rows: Rows, family: RefreshFamily) -> list[Lock]:
    return [_change("family", family.session_id)]


def _own_password(_rows: Rows, credential: PasswordCredential) -> list[Lock]:
    return [_change("password", credential.user_id)]


def _add_password(rows: Rows, credential: PasswordCredential) -> list[Lock]:
    return [_reference("user", credential.user_id), *_own_password(rows, credential)]


def _own_role(_rows: Rows, role: Role) -> list[Lock]:
    return [_whole("role", role.name)]


def _own_key(_rows: Rows, key: SigningKey) -> list[Lock]:
    return [_whole("key", key.id)]


def _own_attempt(_rows: Rows, attempt: Attempt, **_: object) -> list[Lock]:
    return [_whole("attempt", attempt.scope)]


def _add_accounts(rows: Rows, accounts: Sequence[Account]) -> list[Lock]:
    # In order: two batches never wait for each other in a circle.
    names = {lock for account in accounts for lock in _add_user(rows, account.user)}
    roles = {grant.role for account in accounts for grant in account.grants}
    shared = [_reference("role", role) for role in sorted(roles)]
    return shared + sorted(names, key=lambda lock: (lock.row[0], str(lock.row[1])))


def _own_throttle(_rows: Rows, throttle: Throttle) -> list[Lock]:
    return [_change("throttle", throttle.key)]


def _put_proof(_rows: Rows, proof: Proof) -> list[Lock]:
    return [_reference("user", proof.user_id), _change("proof", _place_of(proof))]


def _own_proof(rows: Rows, proof_id: ProofId, *_: object) -> list[Lock]:
    proof = rows.proofs.get(proof_id)
    return [] if proof is None else [_change("proof", _place_of(proof))]


def _proofs_of(rows: Rows, user_id: UserId) -> list[Lock]:
    found = (proof for proof in rows.proofs.values() if proof.user_id == user_id)
    return [_whole("proof", place) for place in sorted(map(_place_of, found))]


def _place_of(proof: Proof) -> tuple[UserId, Purpose, bytes]:
    return proof.user_id, proof.purpose, proof.asker or b""


def _partial_sessions_of(rows: Rows, user_id: UserId) -> list[Lock]:
    ids = sorted(p.id for p in rows.partial_sessions.values() if p.user_id == user_id)
    return [_change("partial session", partial_id) for partial_id in ids]


def _passkeys_of(_rows: Rows, passkey: Passkey) -> list[Lock]:
    # The passkeys of a user are one row here.
    return [_change("passkeys of", passkey.user_id)]


def _add_passkey(rows: Rows, passkey: Passkey) -> list[Lock]:
    return [
        _reference("user", passkey.user_id),
        _whole("credential", passkey.credential_id),
        *_passkeys_of(rows, passkey),
    ]


def _own_passkeys(_rows: Rows, user_id: UserId, *_: object) -> list[Lock]:
    return [_change("passkeys of", user_id)]


def _add_api_key(_rows: Rows, key: ApiKey) -> list[Lock]:
    return [_reference("user", key.owner_id), _whole("api key", key.id)]


def _keys_of(rows: Rows, user_id: UserId, *_: object) -> list[Lock]:
    return [_change("api key", key.id) for key in keys_of(rows, user_id)]


def _note_device(_rows: Rows, device: KnownDevice) -> list[Lock]:
    return [
        _reference("user", device.user_id),
        _whole("device", (device.user_id, device.digest)),
    ]


def _devices_of(rows: Rows, user_id: UserId, *, keep: int = 0) -> list[Lock]:
    own = [(key, device) for key, device in rows.devices.items() if key[0] == user_id]
    own.sort(key=lambda item: item[1].last_seen_at, reverse=True)
    return [_whole("device", key) for key in sorted(key for key, _ in own[keep:])]


def _add_remembered(_rows: Rows, remembered: Remembered) -> list[Lock]:
    return [_reference("user", remembered.user_id)]


def _own_remembered(_rows: Rows, remembered: Remembered) -> list[Lock]:
    return [_change("remembered", remembered.id)]


def _remembered_of(rows: Rows, user_id: UserId, **_: object) -> list[Lock]:
    found = sorted(one.id for one in rows.remembered.values() if one.user_id == user_id)
    return [_change("remembered", remembered_id) for remembered_id in found]


def _put_reset(_rows: Rows, request: ResetRequest) -> list[Lock]:
    return [_reference("user", request.user_id), _whole("factor reset", request.user_id)]


def _put_totp(_rows: Rows, totp: Totp) -> list[Lock]:
    # The secrets of a user are one row here, and so are the recovery codes.
    return [_reference("user", totp.user_id), _whole("totps of", totp.user_id)]


def _own_totps(rows: Rows, totp_id: TotpId, *_: object) -> list[Lock]:
    totps = [*rows.totps.values(), *rows.waiting_totps.values()]
    return [_whole("totps of", totp.user_id) for totp in totps if totp.id == totp_id]


def _codes_of(_rows: Rows, user_id: UserId, *_: object) -> list[Lock]:
    return [_whole("codes of", user_id)]


def _own_message(_rows: Rows, message: Message) -> list[Lock]:
    return [_change("message", message.id)]


NEEDS: Final[Mapping[str, Mapping[str, Needs]]] = {
    "users": {
        "lock": lambda _rows, user_id: [_change("user", user_id)],
        "add": _add_user,
        "save": _save_user,
        "sign_in": lambda _rows, user: [_change("user", user.id)],
        "remove": _remove_user,
    },
    "passwords": {
        "add": _add_password,
        "save": _own_password,
        "remove": lambda _rows, user_id: [_whole("password", user_id)],
    },
    "proofs": {
        "put": _put_proof,
        "charge": _own_proof,
        "consume": _own_proof,
        "remove": _proofs_of,
    },
    "partial_sessions": {
        "add": lambda _rows, partial: [_reference("user", partial.user_id)],
        "charge": lambda _rows, partial_id, *_: [_change("partial session", partial_id)],
        "consume": lambda _rows, partial_id, *_: [_change("partial session", partial_id)],
        "remove": _partial_sessions_of,
    },
    "passkeys": {
        "add": _add_passkey,
        "save": _passkeys_of,
        "use": _passkeys_of,
        "remove": _own_passkeys,
        "remove_all": _own_passkeys,
    },
    "ceremonies": {
        "add": lambda _rows, ceremony: [_change("ceremony", ceremony.digest)],
        "consume": lambda _rows, digest, *_: [_change("ceremony", digest)],
    },
    "totps": {
        "put": _put_totp,
        **dict.fromkeys(("confirm", "use", "reseal"), _own_totps),
        "remove": lambda _rows, user_id: [_whole("totps of", user_id)],
    },
    "recovery_codes": dict.fromkeys(("replace", "consume", "remove"), _codes_of),
    "api_keys": {
        "add": _add_api_key,
        "save": lambda _rows, key: [_change("api key", key.id)],
        "use": lambda _rows, key_id, *_: [_change("api key", key_id)],
        "end": _keys_of,
    },
    "remembered": {
        "add": _add_remembered,
        "renew": _own_remembered,
        "remove": _remembered_of,
    },
    "devices": {"note": _note_device, "remove": _devices_of},
    "factor_resets": {
        "put": _put_reset,
        "consume": lambda _rows, request, _now: [_whole("factor reset", request.user_id)],
    },
    "messages": {
        "add": _own_message,
        "save": _own_message,
        # Workers skip what others have; here they take turns.
        "claim": lambda _rows, *_: [_whole("turn", "messages")],
    },
    "sessions": {
        "add": _add_session,
        "use": _own_session,
        "prove": _own_session,
        "end": _end_sessions,
    },
    "families": {"add": _own_family, "rotate": _own_family},
    "roles": {
        "add": _own_role,
        "save": _own_role,
        "remove": _remove_role,
        "lock_administrators": lambda _rows: [_whole("turn", "administrators")],
    },
    "grants": {
        "put": _put_grant,
        "remove": lambda _rows, user_id, _role: [_change("grants of", user_id)],
    },
    "throttles": {
        "lock": _lock_throttles,
        "save": _own_throttle,
        "clear": lambda _rows, key: [_change("throttle", key)],
    },
    "keys": {"lock": lambda _rows: [_whole("turn", "keys")], "add": _own_key},
    "attempts": {"begin": _own_attempt, "finish": _own_attempt, "abandon": _own_attempt},
    "accounts": {"add": _add_accounts},
}
