"""What is broken in a store about proofs, levels and API keys, and the sentence that names it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from limen.adapters.memory.store import Rows
from limen.core.api_keys.model import ApiKey
from limen.core.ids import EventId, UserId
from limen.core.proofs.model import Proof
from limen.testing.builders import a_proof, a_totp
from limen.testing.crashes.scene import Scene
from limen.testing.fakes import NOON
from limen.testing.machine_builders import a_key, a_reset_request

Tampering = Callable[[Rows, Scene], object]
_DAY = timedelta(days=1)


def tell(rows: Rows, name: str, user_id: UserId | None = None, **payload: object) -> None:
    """Have an event told behind all others, of which nothing is true."""
    last = max(rows.events.values(), key=lambda event: event.id)
    told = EventId(UUID(int=last.id.int + 1))
    rows.events.put(told, replace(last, id=told, name=name, user_id=user_id, payload=payload))


# --- API keys ---


def tell_key(rows: Rows, key: ApiKey) -> None:
    expires_at = None if key.expires_at is None else key.expires_at.isoformat()
    tell(
        rows,
        "api_key.created",
        key.owner_id,
        key_id=str(key.id),
        scopes=[],
        expires_at=expires_at,
    )


def put_key(rows: Rows, key: ApiKey) -> None:
    rows.api_keys.put(key.id, key)


def key_in_silence(rows: Rows, scene: Scene) -> None:
    put_key(rows, a_key(scene.ada.id))


def key_that_is_lost(rows: Rows, scene: Scene) -> None:
    tell_key(rows, a_key(scene.ada.id))


def key_told_twice(rows: Rows, scene: Scene) -> None:
    key = a_key(scene.ada.id)
    tell_key(rows, key)
    tell_key(rows, key)


def key_of_somebody_gone(rows: Rows, scene: Scene) -> None:
    put_key(rows, a_key(scene.ada.id))
    rows.users.pop(scene.ada.id)


def changed_key(**changes: object) -> Tampering:
    def tamper(rows: Rows, scene: Scene) -> None:
        key = a_key(scene.ada.id)
        tell_key(rows, key)
        put_key(rows, replace(key, **changes))  # type: ignore[arg-type]

    return tamper


def key_rotated_twice(rows: Rows, scene: Scene) -> None:
    key, other = a_key(scene.ada.id), a_key(scene.ada.id)
    for one in (key, other):
        put_key(rows, one)
        tell_key(rows, one)
    for _ in range(2):
        rotate(rows, key, str(other.id))


def key_with_a_successor_that_never_came(rows: Rows, scene: Scene) -> None:
    key = a_key(scene.ada.id)
    put_key(rows, key)
    tell_key(rows, key)
    rotate(rows, key, str(a_key(scene.ada.id).id))


def rotate(rows: Rows, key: ApiKey, successor_id: str) -> None:
    end = (NOON + _DAY).isoformat()
    tell(
        rows,
        "api_key.rotated",
        key.owner_id,
        key_id=str(key.id),
        successor_id=successor_id,
        expires_at=end,
    )


# --- links and codes ---


def put_proof(rows: Rows, proof: Proof, user_id: UserId) -> None:
    rows.proofs.put(proof.id, proof)
    rows.user_proofs.put(user_id, frozenset({proof.id}))


def changed_proof(**changes: object) -> Tampering:
    def tamper(rows: Rows, scene: Scene) -> None:
        proof = a_proof(scene.ada.id)
        known = replace(proof, email=scene.ada.email.key)
        put_proof(rows, replace(known, **changes), scene.ada.id)  # type: ignore[arg-type]

    return tamper


def proof_of_somebody_gone(rows: Rows, scene: Scene) -> None:
    put_proof(rows, a_proof(scene.ada.id), scene.ada.id)
    rows.users.pop(scene.ada.id)


def proof_of_somebody_else(rows: Rows, scene: Scene) -> None:
    put_proof(rows, a_proof(scene.root.id), scene.ada.id)


def proof_from_before_a_reset(rows: Rows, scene: Scene) -> None:
    proof = replace(a_proof(scene.ada.id), created_at=NOON - _DAY)
    put_proof(rows, proof, scene.ada.id)
    tell(rows, "password.reset", scene.ada.id)


def proof_under_another_id(rows: Rows, scene: Scene) -> None:
    proof = a_proof(scene.ada.id)
    put_proof(rows, replace(a_proof(scene.ada.id), id=proof.id), scene.ada.id)
    rows.proofs.put(proof.id, replace(proof, id=a_proof(scene.ada.id).id))


# --- resets of factors ---


def reset_from_before_another_password(rows: Rows, scene: Scene) -> None:
    request = a_reset_request(scene.ada.id, requested_at=NOON - _DAY / 2)
    rows.factor_resets.put(scene.ada.id, request)
    tell(rows, "factor.reset_requested", scene.ada.id, until=request.expires_at.isoformat())
    tell(rows, "password.reset", scene.ada.id)


# --- levels ---


def code_used_three_times_too_often(rows: Rows, scene: Scene) -> None:
    for _ in range(5):
        tell(rows, "session.stepped_up", scene.ada.id, methods=["pwd", "otp", "mfa"])


def app_used_in_the_future(rows: Rows, scene: Scene) -> None:
    totp = replace(a_totp(scene.ada.id, confirmed_at=NOON), last_step=2**31)
    rows.totps.put(scene.ada.id, totp)


TAMPERINGS: dict[str, tuple[Tampering, str]] = {
    "an API key nobody told": (key_in_silence, "is there, untold"),
    "an API key that is lost": (key_that_is_lost, "is lost"),
    "an API key told twice": (key_told_twice, "api_key.created is told twice"),
    "an API key that outlived its owner": (key_of_somebody_gone, "has outlived its owner"),
    "an API key that ended in silence": (changed_key(ended_at=NOON), "the events differ"),
    "an API key that holds for longer": (
        changed_key(expires_at=NOON + _DAY),
        "holds until another instant",
    ),
    "an API key that may do more": (
        changed_key(scopes=frozenset({"users.read"})),
        "for more, than the events tell",
    ),
    "an API key changed in silence": (changed_key(version=2), "another version than told"),
    "an API key rotated twice": (key_rotated_twice, "api_key.rotated is told twice"),
    "an API key whose successor never came": (
        key_with_a_successor_that_never_came,
        "which never came",
    ),
    "an end of a key that never was": (
        lambda rows, s: tell(rows, "api_key.revoked", s.ada.id, key_id=str(UUID(int=7))),
        "which does not hold",
    ),
    "a link that outlived its user": (proof_of_somebody_gone, "has outlived its user"),
    "a link of somebody else": (proof_of_somebody_else, "belongs to somebody else"),
    "a link under another id": (proof_under_another_id, "is not the one of its user"),
    "a link tried too often": (changed_proof(tries=6), "was tried 6 times"),
    "a link from before a reset": (proof_from_before_a_reset, "has outlived what ended all links"),
    "a reset of factors from before another password": (
        reset_from_before_another_password,
        "has outlived what ended all else",
    ),
    "a link to a former address": (
        changed_proof(email="former@example.org"),
        "was sent to another address",
    ),
    "a link spent too late": (
        changed_proof(spent_at=NOON + 3 * _DAY),
        "was spent when it was over",
    ),
    "a sign-in finished without a wait": (
        lambda rows, s: tell(
            rows,
            "signin.succeeded",
            s.ada.id,
            session_id=str(UUID(int=7)),
            methods=["pwd", "otp", "mfa"],
        ),
        "where no sign-in waited",
    ),
    "a sign-in stopped without a wait": (
        lambda rows, s: tell(rows, "signin.stopped", s.ada.id),
        "where no sign-in waited",
    ),
    "a code used too often": (code_used_three_times_too_often, "by a code that was used before"),
    "an app used in the future": (app_used_in_the_future, "at another step than told"),
}
