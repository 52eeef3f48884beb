"""Every call that a store answers: what holds for all of them is tried on each."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from limen.core.page import Count, Selection
from limen.core.sessions.model import EndReason
from limen.testing.builders import (
    a_credential,
    a_family,
    a_grant,
    a_role,
    a_session,
    a_session_id,
    a_signing_key,
    a_throttle,
    a_user,
    a_user_id,
    an_account,
    an_attempt,
)
from limen.testing.fakes import NOON

# Every way to write or lock, each one good by itself.
WRITES: Final[dict[str, Callable[[Any], Awaitable[Any]]]] = {
    "users.add": lambda v: v.users.add(a_user()),
    "users.save": lambda v: v.users.save(a_user(version=2)),
    "users.sign_in": lambda v: v.users.sign_in(a_user()),
    "users.remove": lambda v: v.users.remove(a_user_id()),
    "users.lock": lambda v: v.users.lock(a_user_id()),
    "passwords.add": lambda v: v.passwords.add(a_credential(a_user_id())),
    "passwords.save": lambda v: v.passwords.save(a_credential(a_user_id(), version=2)),
    "sessions.add": lambda v: v.sessions.add(a_session(a_user_id())),
    "sessions.use": lambda v: v.sessions.use(a_session(a_user_id())),
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
    "outbox.list": lambda v: v.outbox.list(),
    "accounts.list": lambda v: v.accounts.list(),
}
