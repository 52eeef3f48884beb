"""Every call that a store answers: what holds for all of them is tried on each."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

from limen.core.api_keys.model import ApiKeyEnd
from limen.core.page import Count, Selection
from limen.core.passkeys.model import CeremonyPurpose
from limen.core.proofs.model import Purpose
from limen.core.sessions.model import EndReason
from limen.testing.builders import (
    a_credential,
    a_device,
    a_family,
    a_grant,
    a_message,
    a_partial_session,
    a_proof,
    a_recovery_code,
    a_remembered,
    a_role,
    a_session,
    a_session_id,
    a_signing_key,
    a_throttle,
    a_totp,
    a_user,
    a_user_id,
    an_account,
    an_attempt,
)
from limen.testing.fakes import NOON
from limen.testing.machine_builders import a_key, a_reset_request
from limen.testing.passkeys import a_ceremony, a_passkey

# Every way to write or lock, each one good by itself.
WRITES: Final[dict[str, Callable[[Any], Awaitable[Any]]]] = {
    "users.add": lambda v: v.users.add(a_user()),
    "users.save": lambda v: v.users.save(a_user(version=2)),
    "users.sign_in": lambda v: v.users.sign_in(a_user()),
    "users.remove": lambda v: v.users.remove(a_user_id()),
    "users.lock": lambda v: v.users.lock(a_user_id()),
    "passwords.add": lambda v: v.passwords.add(a_credential(a_user_id())),
    "passwords.save": lambda v: v.passwords.save(a_credential(a_user_id(), version=2)),
    "passwords.remove": lambda v: v.passwords.remove(a_user_id()),
    "sessions.add": lambda v: v.sessions.add(a_session(a_user_id())),
    "sessions.use": lambda v: v.sessions.use(a_session(a_user_id())),
    "sessions.prove": lambda v: v.sessions.prove(a_session(a_user_id())),
    "sessions.end": lambda v: v.sessions.end(a_user_id(), NOON, EndReason.REVOKED),
    "sessions.purge": lambda v: v.sessions.purge(NOON, 1),
    "families.add": lambda v: v.families.add(a_family(a_session_id())),
    "families.rotate": lambda v: v.families.rotate(a_family(a_session_id(), generation=2)),
    "keys.add": lambda v: v.keys.add(a_signing_key()),
    "keys.lock": lambda v: v.keys.lock(),
    "keys.purge": lambda v: v.keys.purge(NOON),
    "roles.add": lambda v: v.roles.add(a_role()),
    "roles.save": lambda v: v.roles.save(a_role(version=2)),
    "roles.remove": lambda v: v.roles.remove("unknown", NOON),
    "roles.lock_administrators": lambda v: v.roles.lock_administrators(),
    "grants.put": lambda v: v.grants.put(a_grant(a_user_id())),
    "grants.remove": lambda v: v.grants.remove(a_user_id(), "unknown"),
    "grants.purge": lambda v: v.grants.purge(NOON, 1),
    "throttles.lock": lambda v: v.throttles.lock(["key"], NOON),
    "throttles.save": lambda v: v.throttles.save(a_throttle()),
    "throttles.clear": lambda v: v.throttles.clear("key"),
    "throttles.purge": lambda v: v.throttles.purge(NOON, 1),
    "outbox.purge": lambda v: v.outbox.purge(NOON, 1),
    "attempts.begin": lambda v: v.attempts.begin(an_attempt(), abandoned_before=NOON),
    "attempts.finish": lambda v: v.attempts.finish(an_attempt(sealed=b"answer")),
    "attempts.abandon": lambda v: v.attempts.abandon(an_attempt()),
    "attempts.purge": lambda v: v.attempts.purge(NOON, 1),
    "accounts.add": lambda v: v.accounts.add([an_account()]),
    "proofs.put": lambda v: v.proofs.put(a_proof(a_user_id())),
    "proofs.charge": lambda v: v.proofs.charge(a_proof(a_user_id()).id, 1),
    "proofs.consume": lambda v: v.proofs.consume(a_proof(a_user_id()).id, NOON),
    "proofs.remove": lambda v: v.proofs.remove(a_user_id()),
    "proofs.purge": lambda v: v.proofs.purge(NOON, 1),
    "partial_sessions.add": lambda v: v.partial_sessions.add(a_partial_session(a_user_id())),
    "partial_sessions.charge": lambda v: v.partial_sessions.charge(
        a_partial_session(a_user_id()).id, 1
    ),
    "partial_sessions.consume": lambda v: v.partial_sessions.consume(
        a_partial_session(a_user_id()).id, NOON
    ),
    "partial_sessions.remove": lambda v: v.partial_sessions.remove(a_user_id()),
    "partial_sessions.purge": lambda v: v.partial_sessions.purge(NOON, 1),
    "passkeys.add": lambda v: v.passkeys.add(a_passkey(a_user_id())),
    "passkeys.save": lambda v: v.passkeys.save(a_passkey(a_user_id(), version=2)),
    "passkeys.use": lambda v: v.passkeys.use(a_passkey(a_user_id(), last_used_at=NOON)),
    "passkeys.remove": lambda v: v.passkeys.remove(a_user_id(), a_passkey(a_user_id()).id),
    "passkeys.remove_all": lambda v: v.passkeys.remove_all(a_user_id()),
    "ceremonies.add": lambda v: v.ceremonies.add(a_ceremony()),
    "ceremonies.consume": lambda v: v.ceremonies.consume(
        a_ceremony().digest, CeremonyPurpose.SIGN_IN, NOON
    ),
    "ceremonies.purge": lambda v: v.ceremonies.purge(NOON, 1),
    "totps.put": lambda v: v.totps.put(a_totp(a_user_id())),
    "totps.confirm": lambda v: v.totps.confirm(a_totp(a_user_id()).id, 1, NOON),
    "totps.use": lambda v: v.totps.use(a_totp(a_user_id()).id, 1),
    "totps.reseal": lambda v: v.totps.reseal(a_totp(a_user_id()).id, b"anew"),
    "totps.remove": lambda v: v.totps.remove(a_user_id()),
    "totps.purge": lambda v: v.totps.purge(NOON, 1),
    "recovery_codes.replace": lambda v: v.recovery_codes.replace(
        user_id := a_user_id(), [a_recovery_code(user_id)]
    ),
    "recovery_codes.consume": lambda v: v.recovery_codes.consume(a_user_id(), b"digest"),
    "recovery_codes.remove": lambda v: v.recovery_codes.remove(a_user_id()),
    "api_keys.add": lambda v: v.api_keys.add(a_key(a_user_id())),
    "api_keys.save": lambda v: v.api_keys.save(replace(a_key(a_user_id()), version=2)),
    "api_keys.use": lambda v: v.api_keys.use(a_key(a_user_id()).id, NOON, NOON),
    "api_keys.end": lambda v: v.api_keys.end(a_user_id(), NOON, ApiKeyEnd.REVOKED),
    "api_keys.purge": lambda v: v.api_keys.purge(NOON, 1),
    "remembered.add": lambda v: v.remembered.add(a_remembered(a_user_id())),
    "remembered.renew": lambda v: v.remembered.renew(
        a_remembered(a_user_id()).renewed(b"next", a_session_id(), NOON)
    ),
    "remembered.remove": lambda v: v.remembered.remove(a_user_id()),
    "remembered.purge": lambda v: v.remembered.purge(NOON, 1),
    "factor_resets.put": lambda v: v.factor_resets.put(a_reset_request(a_user_id())),
    "factor_resets.consume": lambda v: v.factor_resets.consume(a_reset_request(a_user_id()), NOON),
    "factor_resets.purge": lambda v: v.factor_resets.purge(NOON, 1),
    "devices.note": lambda v: v.devices.note(a_device(a_user_id())),
    "devices.remove": lambda v: v.devices.remove(a_user_id()),
    "devices.purge": lambda v: v.devices.purge(NOON, 1),
    "messages.add": lambda v: v.messages.add(a_message()),
    "messages.claim": lambda v: v.messages.claim(NOON, NOON, 1),
    "messages.save": lambda v: v.messages.save(a_message(version=2)),
    "messages.purge": lambda v: v.messages.purge(NOON, 1),
}

READS: Final[dict[str, Callable[[Any], Awaitable[Any]]]] = {
    "users.get": lambda v: v.users.get(a_user_id()),
    "users.find": lambda v: v.users.find(a_user().email),
    "users.list": lambda v: v.users.list(Selection(count=Count.EXACT), NOON),
    "passwords.find": lambda v: v.passwords.find(a_user_id()),
    "sessions.find": lambda v: v.sessions.find(a_session_id()),
    "sessions.list_live": lambda v: v.sessions.list_live(a_user_id(), NOON),
    "sessions.list_endings": lambda v: v.sessions.list_endings(NOON),
    "families.find_standing": lambda v: v.families.find_standing(a_session_id(), NOON),
    "keys.list": lambda v: v.keys.list(),
    "roles.get": lambda v: v.roles.get("admin"),
    "roles.list": lambda v: v.roles.list(),
    "grants.list": lambda v: v.grants.list(a_user_id()),
    "grants.list_held": lambda v: v.grants.list_held(a_user_id(), NOON),
    "grants.count_administrators": lambda v: v.grants.count_administrators(besides=a_user_id()),
    "messages.get": lambda v: v.messages.get(a_message().id),
    "messages.list": lambda v: v.messages.list(),
    "proofs.find": lambda v: v.proofs.find(a_proof(a_user_id()).id),
    "proofs.find_of": lambda v: v.proofs.find_of(a_user_id(), Purpose.VERIFY_EMAIL),
    "partial_sessions.find": lambda v: v.partial_sessions.find(a_partial_session(a_user_id()).id),
    "passkeys.list": lambda v: v.passkeys.list(a_user_id()),
    "passkeys.find": lambda v: v.passkeys.find(b"unknown"),
    "totps.find": lambda v: v.totps.find(a_user_id()),
    "totps.find_waiting": lambda v: v.totps.find_waiting(a_user_id()),
    "recovery_codes.list": lambda v: v.recovery_codes.list(a_user_id()),
    "remembered.find": lambda v: v.remembered.find(a_remembered(a_user_id()).id),
    "remembered.list": lambda v: v.remembered.list(a_user_id()),
    "factor_resets.find": lambda v: v.factor_resets.find(a_user_id()),
    "devices.find": lambda v: v.devices.find(a_user_id(), b"x"),
    "devices.list": lambda v: v.devices.list(a_user_id()),
    "outbox.list": lambda v: v.outbox.list(),
    "accounts.list": lambda v: v.accounts.list(),
    "api_keys.find": lambda v: v.api_keys.find(a_key(a_user_id()).id),
    "api_keys.list": lambda v: v.api_keys.list(a_user_id()),
    "api_keys.count": lambda v: v.api_keys.count(a_user_id(), NOON),
}
