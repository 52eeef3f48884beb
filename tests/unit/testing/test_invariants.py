"""Every invariant can be violated, and is then named."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from limen.adapters.memory.store import Rows
from limen.core.events import UserReactivated
from limen.core.ids import EventId, UserId
from limen.core.roles.model import ADMIN
from limen.core.sessions.model import EndReason
from limen.core.users.model import Status, Username, UserPolicy
from limen.testing.assembly import OPERATOR
from limen.testing.builders import (
    a_family,
    a_full_session,
    a_grant,
    a_recovery_code,
    a_role,
    a_signing_key,
    a_totp,
    a_user,
)
from limen.testing.crashes.scene import ROLE, UNUSED_ROLE, Scene, run
from limen.testing.crashes.use_cases import USE_CASES
from limen.testing.fakes import NOON
from limen.testing.invariants.violations import check_store, violations
from limen.testing.passkeys import a_passkey
from limen.testing.policies import Policies
from tests.unit.testing import tamperings
from tests.unit.testing.crashes.worlds import World
from tests.unit.testing.tamperings import tell

Tampering = Callable[[Rows, Scene], object]


def end_session_alone(rows: Rows, scene: Scene) -> None:
    session = rows.sessions[scene.first.session_id]
    rows.sessions.put(session.id, replace(session, ended_at=NOON, end_reason=EndReason.REVOKED))


def remove_user_alone(rows: Rows, scene: Scene) -> None:
    rows.users.pop(scene.ada.id)
    rows.emails.pop(scene.ada.email.key)


def add_session_in_silence(rows: Rows, scene: Scene) -> None:
    session = a_full_session(scene.ada.id)
    rows.sessions.put(session.id, session)
    ids = rows.user_sessions[scene.ada.id]
    rows.user_sessions.put(scene.ada.id, ids | {session.id})
    rows.families.put(session.id, a_family(session.id))


def lose_session(rows: Rows, scene: Scene) -> None:
    rows.sessions.pop(scene.first.session_id)
    rows.user_sessions.put(scene.ada.id, frozenset({scene.second.session_id}))


def forget_an_event(rows: Rows, name: str) -> None:
    last = max(event.id for event in rows.events.values() if event.name == name)
    rows.events.pop(last)


def repeat_an_event(rows: Rows, name: str) -> None:
    event = next(event for event in rows.events.values() if event.name == name)
    # Behind all others.
    repeated = EventId(UUID(int=2**128 - 1))
    rows.events.put(repeated, replace(event, id=repeated))


def give_session_away(rows: Rows, scene: Scene) -> None:
    session = rows.sessions[scene.first.session_id]
    rows.sessions.put(session.id, replace(session, user_id=scene.root.id))


def leave_sessions_behind(rows: Rows, scene: Scene) -> None:
    tell(rows, "user.deleted", scene.ada.id)
    remove_user_alone(rows, scene)


def shut_out_alone(rows: Rows, scene: Scene) -> None:
    user = rows.users[scene.ada.id]
    rows.users.put(user.id, replace(user, status=Status.SUSPENDED))


def demote_the_last_administrator(rows: Rows, scene: Scene) -> None:
    rows.grants.pop(scene.root.id)
    tell(rows, "role.withdrawn", scene.root.id, role=ADMIN)


def lose_keys(rows: Rows, _scene: Scene) -> None:
    for key in list(rows.keys.values()):
        rows.keys.pop(key.id)


def move_key(rows: Rows, _scene: Scene) -> None:
    (key,) = rows.keys.values()
    rows.keys.put(key.id, replace(key, signs_from=NOON + timedelta(seconds=1)))


def limit_a_grant(rows: Rows, scene: Scene) -> None:
    limited = replace(a_grant(scene.ada.id, ROLE), ends_at=NOON + timedelta(days=1))
    rows.grants.put(scene.ada.id, (limited,))


def take_username_twice(rows: Rows, scene: Scene) -> None:
    for user in (scene.ada, scene.root):
        rows.users.put(user.id, replace(user, username=Username.parse("countess")))


def take_address_twice(rows: Rows, _scene: Scene) -> None:
    other = a_user(email="ADA@example.org")
    rows.users.put(other.id, other)


def change_family(rows: Rows, scene: Scene, **fields: object) -> None:
    family = rows.families[scene.first.session_id]
    rows.families.put(family.session_id, replace(family, **fields))  # type: ignore[arg-type]


def bump_password(rows: Rows, scene: Scene) -> None:
    credential = rows.passwords[scene.ada.id]
    rows.passwords.put(scene.ada.id, replace(credential, version=7))


def give_factors(rows: Rows, user_id: UserId) -> None:
    totp, code = a_totp(user_id, confirmed_at=NOON), a_recovery_code(user_id)
    rows.totps.put(user_id, totp)
    rows.recovery_codes.put(user_id, (code,))


def leave_factors_behind(rows: Rows, scene: Scene) -> None:
    give_factors(rows, scene.ada.id)
    remove_user_alone(rows, scene)


def leave_passkey_behind(rows: Rows, scene: Scene) -> None:
    rows.passkeys.put(scene.ada.id, (a_passkey(scene.ada.id),))
    remove_user_alone(rows, scene)


TAMPERINGS: dict[str, tuple[Tampering, str]] = {
    "a user without an event": (
        lambda rows, _: forget_an_event(rows, "user.registered"),
        "is there, untold",
    ),
    "an event without its user": (
        lambda rows, s: rows.users.pop(s.shut_out.id),
        "is gone, which no event tells",
    ),
    "a registration told twice": (
        lambda rows, _: repeat_an_event(rows, "user.registered"),
        "is told twice",
    ),
    "an address taken twice": (take_address_twice, "is taken 2 times"),
    "a username taken twice": (take_username_twice, "countess is taken 2 times"),
    "an address that leads nowhere": (
        lambda rows, s: rows.emails.pop(s.ada.email.key),
        "does not lead to user",
    ),
    "a change nobody told": (
        lambda rows, s: rows.users.put(s.ada.id, replace(s.ada, version=2)),
        "has version 2, the events tell 1",
    ),
    "a suspension that did not happen": (
        lambda rows, s: rows.users.put(s.shut_out.id, replace(s.shut_out, version=2)),
        "is active, the events tell suspended",
    ),
    "a password that is lost": (lambda rows, s: rows.passwords.pop(s.ada.id), "version 0"),
    "a password nobody told": (bump_password, "version 7"),
    "a grant that is lost": (lambda rows, s: rows.grants.pop(s.ada.id), "has roles []"),
    "a grant without its role": (lambda rows, _: rows.roles.pop(ROLE), "granted and not there"),
    "a grant of somebody else": (
        lambda rows, s: rows.grants.put(s.ada.id, (a_grant(s.root.id, ROLE),)),
        "a grant of somebody else",
    ),
    "an app nobody told": (
        lambda rows, s: give_factors(rows, s.ada.id),
        "has an authenticator app, which no event tells",
    ),
    "recovery codes nobody told": (
        lambda rows, s: give_factors(rows, s.ada.id),
        "has 1 recovery codes, the events tell 0",
    ),
    "an app that is lost": (
        lambda rows, s: tell(rows, "factor.enrolled", s.ada.id, factor="totp"),
        "has no authenticator app, which no event tells",
    ),
    "an app that nobody had": (
        lambda rows, s: tell(rows, "factor.removed", s.ada.id, factor="totp"),
        "who had no app",
    ),
    "a recovery code of none": (
        lambda rows, s: tell(rows, "recovery_code.used", s.ada.id, left=9),
        "tells of 9 left",
    ),
    "an app that outlived its user": (leave_factors_behind, "an authenticator app of"),
    "codes that outlived their user": (leave_factors_behind, "recovery codes of"),
    "a passkey nobody told": (
        lambda rows, s: rows.passkeys.put(s.ada.id, (a_passkey(s.ada.id),)),
        "is there, untold",
    ),
    "a passkey that is lost": (
        lambda rows, s: tell(rows, "passkey.enrolled", s.ada.id, passkey_id="019a"),
        "passkey 019a is lost",
    ),
    "a passkey that nobody had": (
        lambda rows, s: tell(rows, "passkey.removed", s.ada.id, passkey_id="019a"),
        "who had no 019a",
    ),
    "a passkey that outlived its user": (leave_passkey_behind, "has outlived its user"),
    "a session that is lost": (
        lose_session,
        "is lost",
    ),
    "a session that outlived its user": (remove_user_alone, "has outlived its user"),
    "a password that outlived its user": (remove_user_alone, "the password of"),
    "grants that outlived their user": (remove_user_alone, "grants of"),
    "a session nobody told": (add_session_in_silence, "is there, untold"),
    "a session that ended in silence": (end_session_alone, "the events differ"),
    "a family that outlived its session": (end_session_alone, "did not end with it"),
    "a suspension told twice": (
        lambda rows, _: repeat_an_event(rows, "user.suspended"),
        "has version 2, the events tell 3",
    ),
    "a rotation nobody told": (
        lambda rows, s: change_family(rows, s, generation=2, previous_digest=b"x" * 32),
        "has generation 2",
    ),
    "two living tokens": (
        lambda rows, s: change_family(rows, s, previous_digest=b"x" * 32),
        "exactly one living refresh token",
    ),
    "a family that is lost": (
        lambda rows, s: rows.families.pop(s.first.session_id),
        "the family of",
    ),
    "a role nobody told": (
        lambda rows, _: rows.roles.put("silent", a_role("silent")),
        "role silent is there",
    ),
    "a role with other permissions": (
        lambda rows, _: rows.roles.put(ROLE, a_role(ROLE)),
        "other permissions",
    ),
    "a key nobody told": (
        lambda rows, _: rows.keys.put("silent", a_signing_key("silent")),
        "key silent is there",
    ),
    "a key told twice": (
        lambda rows, _: repeat_an_event(rows, "key.added"),
        "key.added is told twice",
    ),
    "a key that is lost": (lose_keys, "key 54cebdc199557ddb is lost"),
    "a key that signs from another instant": (move_key, "signs from another instant"),
    "another first status": (
        lambda rows, s: rows.users.put(s.ada.id, replace(s.ada, status=Status.PENDING)),
        "is pending, the events tell active",
    ),
    "a live session of somebody shut out": (shut_out_alone, "is suspended and has a live session"),
    "no administrator any more": (demote_the_last_administrator, "no administrator any more"),
    "a grant with another end": (limit_a_grant, "ends at another instant"),
    "a session that belongs to somebody else": (give_session_away, "belongs to somebody else"),
    "sessions that outlived their user": (leave_sessions_behind, "sessions of"),
    "a user who is there though gone": (
        lambda rows, s: tell(rows, "user.deleted", s.ada.id),
        "is there, which no event tells",
    ),
    "more sessions told to have ended than were live": (
        lambda rows, s: tell(rows, "session.all_revoked", s.ada.id, kept=None, count=3),
        "tells of 3 sessions",
    ),
    "a session told twice": (
        lambda rows, _: repeat_an_event(rows, "signin.succeeded"),
        "signin.succeeded is told twice",
    ),
    "a refresh of a session that never was": (
        lambda rows, s: tell(
            rows, "token.refreshed", s.ada.id, session_id=str(UUID(int=7)), generation=2
        ),
        "which is not live",
    ),
    "a generation left out": (
        lambda rows, s: tell(
            rows, "token.refreshed", s.ada.id, session_id=str(s.first.session_id), generation=3
        ),
        "where 2 is next",
    ),
    "a role made twice": (
        lambda rows, _: tell(rows, "role.created", role=ROLE, permissions=[]),
        f"role.created is told twice of {ROLE}",
    ),
    "a new version of a role that never was": (
        lambda rows, _: tell(rows, "role.replaced", role="nothing", permissions=[]),
        "role.replaced is told of nothing",
    ),
    "the end of a role that never was": (
        lambda rows, _: tell(rows, "role.deleted", role="nothing"),
        "role.deleted is told of nothing",
    ),
    "a role taken from somebody without it": (
        lambda rows, s: tell(rows, "role.withdrawn", s.root.id, role=ROLE),
        "did not have",
    ),
    "a role that is lost": (lambda rows, _: rows.roles.pop(UNUSED_ROLE), "is gone, which no"),
    "a lost built-in role": (lambda rows, _: rows.roles.pop(ADMIN), "role admin is gone"),
    "an event that names nobody": (
        lambda rows, _: tell(rows, "user.registered"),
        "it names no user",
    ),
    "an event that says too little": (
        lambda rows, s: tell(rows, "session.revoked", s.ada.id),
        "cannot be told: KeyError('session_id')",
    ),
    **tamperings.TAMPERINGS,
}


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_what_is_broken_is_named(name: str) -> None:
    tamper, sentence = TAMPERINGS[name]
    world = World()
    scene = await world.scene()
    assert await violations(world.plain, NOON) == []
    tamper(world.store.rows, scene)
    world.store.rows.apply()
    found = await violations(world.plain, NOON)
    assert any(sentence in violation for violation in found), found


async def test_what_is_broken_fails_a_check_of_the_store() -> None:
    world = World()
    scene = await world.scene()
    await check_store(world.plain, NOON)
    rows = world.store.rows
    rows.families.pop(scene.first.session_id)
    rows.apply()
    with pytest.raises(AssertionError, match=r"the family of session .* is lost"):
        await check_store(world.plain, NOON)


async def test_a_purge_takes_those_keys_alone_that_verify_nothing_any_more() -> None:
    world = World()
    scene = await world.scene()
    limen, policy = scene.limen, scene.limen.policies.keys
    (first,) = world.store.rows.keys.values()
    await limen.keys.rotate(actor=OPERATOR)
    limen.clock.advance(policy.announced + policy.verifies)
    world.store.rows.keys.pop(first.id)
    world.store.rows.apply()
    assert await violations(world.plain, limen.clock.now()) == [f"key {first.id} is lost"]
    limen.clock.advance(timedelta(microseconds=1))
    assert await violations(world.plain, limen.clock.now()) == []


async def test_who_registers_has_the_status_that_the_policies_say() -> None:
    world = World()
    await world.scene()
    cautious = Policies(users=UserPolicy(allows_unverified_sign_in=False))
    found = await violations(world.plain, NOON, cautious)
    assert any("is active, the events tell pending" in violation for violation in found), found


async def test_an_ending_that_no_list_holds_is_named() -> None:
    world = World()
    scene = await world.scene()
    await scene.limen.sessions.revoke_all(scene.ada.id, actor=OPERATOR)
    assert await violations(world.plain, NOON) == []
    world.store.rows.endings.pop(scene.first.session_id)
    world.store.rows.apply()
    assert any("no list says so" in found for found in await violations(world.plain, NOON))


async def grant_for_an_hour(scene: Scene) -> None:
    ends_at = scene.limen.clock.now() + timedelta(hours=1)
    await scene.limen.roles.grant(scene.ada.id, UNUSED_ROLE, actor=OPERATOR, ends_at=ends_at)


async def test_a_role_is_deleted_with_its_ended_grants() -> None:
    world = World()
    scene = await world.scene()
    await grant_for_an_hour(scene)
    scene.limen.clock.advance(timedelta(hours=1))
    await scene.limen.roles.delete(UNUSED_ROLE, actor=OPERATOR)
    assert await violations(world.plain, scene.limen.clock.now()) == []


async def test_a_role_deleted_with_a_grant_that_had_not_ended_is_named() -> None:
    world = World()
    scene = await world.scene()
    await grant_for_an_hour(scene)
    rows = world.store.rows
    rows.roles.pop(UNUSED_ROLE)
    rows.grants.put(
        scene.ada.id,
        tuple(grant for grant in rows.grants[scene.ada.id] if grant.role != UNUSED_ROLE),
    )
    tell(rows, "role.deleted", role=UNUSED_ROLE)
    rows.apply()
    found = await violations(world.plain, NOON)
    assert found == [
        f"user {scene.ada.id} has roles ['{ROLE}'], the events tell ['{ROLE}', '{UNUSED_ROLE}']"
    ]


async def test_a_tale_of_somebody_who_is_gone_is_named() -> None:
    world = World()
    scene = await world.scene()
    await scene.limen.users.delete(scene.ada.id, actor=OPERATOR)
    async with world.plain() as uow:
        uow.emit(UserReactivated(at=NOON, actor=OPERATOR, user_id=scene.ada.id))
        await uow.commit()
    assert any("who is not there" in found for found in await violations(world.plain, NOON))


@pytest.mark.parametrize("name", [name for name in USE_CASES if "maintenance" not in name])
async def test_no_use_case_violates_anything(name: str) -> None:
    world = World()
    scene = await world.scene()
    await run(USE_CASES[name], scene)
    later = scene.limen.clock.now() + timedelta(minutes=1)
    assert await violations(world.plain, later) == []
