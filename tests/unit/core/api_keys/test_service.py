"""Making, showing, rotating and ending keys; and what a key may do."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from limen.core.actor import Actor
from limen.core.api_keys.form import public_part, write_key
from limen.core.api_keys.model import ApiKeyPolicy, ApiKeyStatus
from limen.core.api_keys.service import NewKey, SeenKey
from limen.core.errors import (
    ApiKeyInvalid,
    ApiKeyNotFound,
    ApiKeyOver,
    BeyondOwnPermissions,
    ConcurrentUpdate,
    InvalidInput,
    LimenError,
    NotByKey,
    NotSignedIn,
    PermissionMissing,
    StepUpNeeded,
    TooManyApiKeys,
    TooManyAttempts,
    UserNotFound,
    VersionMismatch,
)
from limen.core.page import ListQuery
from limen.core.roles.model import NEVER_BY_KEY, OWN
from limen.core.users.model import User
from limen.testing.assembly import OPERATOR, Assembly, acting
from limen.testing.builders import a_user_id
from limen.testing.policies import Policies

ALL = ListQuery(filters={})
DAY = timedelta(days=1)
HERE = Actor.anonymous(address="192.0.2.1")


async def person(limen: Assembly, *permissions: str, email: str = "ada@example.org") -> Actor:
    """Sign somebody in who has these permissions."""
    user = await limen.register(email)
    if permissions:
        role = f"role-{email.partition('@')[0]}"
        await limen.roles.create(actor=OPERATOR, name=role, permissions=permissions)
        await limen.roles.grant(user.id, role, actor=OPERATOR)
    return acting(await limen.enter(email))


async def key_of(limen: Assembly, owner: Actor, *scopes: str, **wanted: Any) -> NewKey:
    assert owner.user_id is not None
    return await limen.api_keys.create(
        owner.user_id, actor=owner, name="build", scopes=scopes, **wanted
    )


async def actor_of(limen: Assembly, made: NewKey) -> Actor:
    claims = await limen.api_keys.authenticate(made.text, actor=HERE)
    return HERE.as_key(claims.user_id, claims.name, claims.scopes)


async def robot(limen: Assembly, *permissions: str) -> User:
    account = await limen.service_accounts.create(actor=OPERATOR, username="robot")
    await limen.roles.create(actor=OPERATOR, name="robots", permissions=permissions)
    await limen.roles.grant(account.id, "robots", actor=OPERATOR)
    return account


# --- making --------------------------------------------------------------------------------------


async def test_a_key_lets_in_for_its_owner_with_its_scopes() -> None:
    limen = Assembly()
    ada = await person(limen, "users.read", "roles.read", "invoices.read")
    made = await key_of(limen, ada, "users.read", "invoices.read")
    claims = await limen.api_keys.authenticate(made.text)
    assert claims.user_id == ada.user_id
    assert claims.key_id == made.key.id
    assert claims.permissions == claims.scopes == {"users.read", "invoices.read"}
    assert claims.name == public_part(made.key.id)
    assert made.text.reveal() not in f"{made!r} {claims!r}"


async def test_nobody_gives_a_key_what_they_lack() -> None:
    limen = Assembly()
    ada = await person(limen, "users.read")
    with pytest.raises(BeyondOwnPermissions, match=r"roles\.read"):
        await key_of(limen, ada, "users.read", "roles.read")


@pytest.mark.parametrize("scope", sorted(NEVER_BY_KEY))
async def test_no_key_carries_what_is_a_matter_for_people(scope: str) -> None:
    limen = Assembly()
    ada = await person(limen, scope)
    with pytest.raises(InvalidInput) as refused:
        await key_of(limen, ada, scope)
    assert scope in refused.value.details[0].message


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"scopes": ["no such thing"]}, "scopes"),
        ({"scopes": ["users.everything"]}, "scopes"),
        ({"scopes": ["me.write"]}, "scopes"),
        ({"scopes": [f"a.b{n}" for n in range(201)]}, "scopes"),
        ({"expires_at": "past"}, "expires_at"),
        ({"expires_at": "naive"}, "expires_at"),
        ({"expires_at": "late"}, "expires_at"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field(wanted: dict[str, Any], field: str) -> None:
    limen = Assembly(policies=Policies(api_keys=ApiKeyPolicy(longest_life=30 * DAY)))
    ada = await person(limen)
    now = limen.clock.now()
    ends = {"past": now, "naive": now.replace(tzinfo=None) + DAY, "late": now + 31 * DAY}
    if "expires_at" in wanted:
        wanted = {"expires_at": ends[wanted["expires_at"]]}
    with pytest.raises(InvalidInput) as refused:
        await limen.api_keys.create(ada.user_id, actor=ada, **{"name": "build", **wanted})  # type: ignore[arg-type]
    assert [fault.field for fault in refused.value.details] == [field]


async def test_where_there_is_a_longest_life_every_key_expires() -> None:
    limen = Assembly(policies=Policies(api_keys=ApiKeyPolicy(longest_life=30 * DAY)))
    made = await key_of(limen, await person(limen))
    assert made.key.expires_at == limen.clock.now() + 30 * DAY


async def test_there_are_only_so_many_keys_that_hold() -> None:
    limen = Assembly(policies=Policies(api_keys=ApiKeyPolicy(most_live=2)))
    ada = await person(limen)
    first, _ = await key_of(limen, ada), await key_of(limen, ada)
    with pytest.raises(TooManyApiKeys):
        await key_of(limen, ada)
    await limen.api_keys.rotate(first.key.owner_id, first.key.id, actor=ada)
    with pytest.raises(TooManyApiKeys):
        await key_of(limen, ada)
    await limen.api_keys.revoke((await key_names(limen, ada))[0], actor=ada)
    await key_of(limen, ada)


async def key_names(limen: Assembly, ada: Actor) -> list[Any]:
    assert ada.user_id is not None
    return [seen.key.id for seen in (await limen.api_keys.list(ada.user_id, ALL, actor=ada)).items]


async def test_of_many_keys_at_once_no_more_are_made_than_may_be() -> None:
    limen = Assembly(policies=Policies(api_keys=ApiKeyPolicy(most_live=5)))
    ada = await person(limen)
    made = await asyncio.gather(*(key_of(limen, ada) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(one, NewKey) for one in made) == 5
    assert sum(isinstance(one, TooManyApiKeys) for one in made) == 15


async def test_making_a_key_needs_a_fresh_sign_in() -> None:
    limen = Assembly()
    ada = await person(limen)
    made = await key_of(limen, ada)
    limen.clock.advance(timedelta(minutes=11))
    with pytest.raises(StepUpNeeded):
        await key_of(limen, ada)
    with pytest.raises(StepUpNeeded):
        await limen.api_keys.rotate(made.key.owner_id, made.key.id, actor=ada)
    await limen.api_keys.revoke(made.key.id, actor=ada)


async def test_permission_comes_before_a_fresh_sign_in_for_the_keys_of_service_accounts() -> None:
    limen = Assembly()
    account = await limen.service_accounts.create(actor=OPERATOR, username="robot")
    eve = await person(limen, email="eve@example.org")
    limen.clock.advance(timedelta(minutes=11))
    with pytest.raises(PermissionMissing):
        await limen.api_keys.create(account.id, actor=eve, name="x")


async def test_people_make_their_keys_themselves() -> None:
    limen = Assembly()
    ada, eve = await person(limen), await person(limen, email="eve@example.org")
    await limen.administrator()
    root = acting(await limen.enter("root@example.org"))
    assert ada.user_id is not None
    for other in (eve, root):
        with pytest.raises(PermissionMissing):
            await limen.api_keys.create(ada.user_id, actor=other, name="x")
    with pytest.raises(NotSignedIn):
        await limen.api_keys.create(ada.user_id, actor=HERE, name="x")
    assert (await limen.api_keys.create(ada.user_id, actor=OPERATOR, name="x")).key.made_by is None


async def test_a_key_for_nobody_is_refused() -> None:
    limen = Assembly()
    with pytest.raises(UserNotFound):
        await limen.api_keys.create(a_user_id(), actor=OPERATOR, name="x")


async def test_the_owner_is_told_of_a_new_key_at_a_proved_address() -> None:
    limen = Assembly()
    ada = await person(limen)
    await limen.emails.verify(token=(await limen.read_mail())["link"].partition("#")[2], actor=ada)
    made = await key_of(limen, ada)
    mail = await limen.read_mail()
    assert (mail["name"], mail["key"]) == ("build", public_part(made.key.id))
    assert made.text.reveal() not in str(mail)


# --- service accounts ----------------------------------------------------------------------------


async def test_a_service_account_acts_by_keys_that_administrators_make() -> None:
    limen = Assembly()
    account = await robot(limen, "users.read")
    admin = await person(limen, "service_accounts.manage", "users.read")
    made = await limen.api_keys.create(
        account.id, actor=admin, name="nightly", scopes=["users.read"]
    )
    assert made.key.made_by == admin.user_id
    bot = await actor_of(limen, made)
    assert (await limen.users.list(ALL, actor=bot)).items
    with pytest.raises(PermissionMissing):
        await limen.api_keys.create(account.id, actor=bot, name="more")


async def test_nobody_gets_more_by_the_key_of_a_service_account_than_they_have() -> None:
    limen = Assembly()
    account = await robot(limen, "users.read", "users.delete")
    admin = await person(limen, "service_accounts.manage", "users.read")
    with pytest.raises(BeyondOwnPermissions):
        await limen.api_keys.create(account.id, actor=admin, name="x", scopes=["users.read"])


# --- using ---------------------------------------------------------------------------------------


async def test_a_key_does_no_more_than_its_owner_may_now() -> None:
    limen = Assembly()
    ada = await person(limen, "users.read")
    made = await key_of(limen, ada, "users.read")
    key = await actor_of(limen, made)
    assert (await limen.users.list(ALL, actor=key)).items
    await limen.roles.withdraw(made.key.owner_id, "role-ada", actor=OPERATOR)
    with pytest.raises(PermissionMissing):
        await limen.users.list(ALL, actor=key)
    assert (await limen.api_keys.authenticate(made.text)).permissions == set()


async def test_a_key_does_no_more_than_its_scopes_whatever_its_owner_may() -> None:
    limen = Assembly()
    root = await limen.administrator()
    owner = acting(await limen.enter("root@example.org"))
    key = await actor_of(limen, await key_of(limen, owner, "users.read"))
    with pytest.raises(PermissionMissing):
        await limen.roles.list(actor=key)
    with pytest.raises(PermissionMissing):
        await limen.users.suspend(root.id, actor=key)


async def test_a_key_never_reaches_its_owner() -> None:
    limen = Assembly()
    scopes = sorted(OWN - NEVER_BY_KEY)
    ada = await person(limen, *scopes)
    key = await actor_of(limen, await key_of(limen, ada, *scopes))
    owner_id = ada.user_id
    assert owner_id is not None
    reaching = [
        limen.users.delete(owner_id, actor=key),
        limen.users.suspend(owner_id, actor=key),
        limen.users.update(owner_id, actor=key, email="new@example.org"),
        limen.users.update(owner_id, actor=key, name="New"),
        limen.roles.grant(owner_id, "role-ada", actor=key),
        limen.sessions.revoke_all(owner_id, actor=key),
    ]
    for use_case in reaching:
        with pytest.raises(NotByKey):
            await use_case


async def test_a_key_changes_no_credential_of_anybody() -> None:
    limen = Assembly()
    scopes = sorted(OWN - NEVER_BY_KEY)
    ada = await person(limen, *OWN)
    eve = await limen.register("eve@example.org")
    made = await key_of(limen, ada, *scopes)
    key = await actor_of(limen, made)
    changing = [
        limen.users.update(eve.id, actor=key, email="new@example.org"),
        limen.passwords.set(eve.id, new="a long enough one", actor=key),
        limen.passwords.change(current="x", new="a long enough one", actor=key),
        limen.emails.request_change(new_email="new@example.org", actor=key),
        limen.api_keys.create(eve.id, actor=key, name="x"),
        limen.api_keys.rotate(made.key.owner_id, made.key.id, actor=key),
        limen.api_keys.revoke(made.key.id, actor=key),
        limen.service_accounts.create(actor=key, username="robot"),
        limen.sessions.sign_out(actor=key),
        limen.sessions.revoke_others(actor=key),
        limen.keys.rotate(actor=key),
        limen.users.create(actor=key, email="x@example.org", password="a long enough one"),
    ]
    for use_case in changing:
        with pytest.raises((NotByKey, PermissionMissing, NotSignedIn)):
            await use_case
    await limen.users.update(eve.id, actor=key, name="Eve")


async def test_a_key_makes_no_proved_account() -> None:
    limen = Assembly()
    key = await actor_of(limen, await key_of(limen, await person(limen, *OWN), "users.write"))
    with pytest.raises(PermissionMissing, match=r"users\.verify"):
        await limen.users.create(actor=key, email="x@example.org", is_email_verified=True)
    await limen.users.create(actor=key, email="x@example.org")


async def test_a_key_gives_and_takes_only_what_it_holds_of_an_application_too() -> None:
    limen = Assembly()
    eve = await limen.register("eve@example.org")
    for name in ("read", "pay"):
        await limen.roles.create(actor=OPERATOR, name=name, permissions=[f"invoices.{name}"])
    ada = await person(limen, "roles.grant", "roles.manage", "invoices.read", "invoices.pay")
    scopes = ("roles.grant", "roles.manage", "invoices.read")
    key = await actor_of(limen, await key_of(limen, ada, *scopes))
    await limen.roles.grant(eve.id, "read", actor=key)
    with pytest.raises(BeyondOwnPermissions):
        await limen.roles.grant(eve.id, "pay", actor=key)
    with pytest.raises(BeyondOwnPermissions):
        await limen.roles.replace("read", permissions=["invoices.read", "invoices.pay"], actor=key)
    await limen.roles.replace("read", permissions=["invoices.read"], description="x", actor=key)
    await limen.roles.grant(eve.id, "pay", actor=ada)
    with pytest.raises(BeyondOwnPermissions):
        await limen.roles.withdraw(eve.id, "pay", actor=key)
    await limen.roles.withdraw(eve.id, "read", actor=key)
    await limen.roles.withdraw(eve.id, "pay", actor=ada)
    with pytest.raises(BeyondOwnPermissions):
        await limen.roles.delete("pay", actor=key)
    with pytest.raises(BeyondOwnPermissions):
        await limen.roles.create(name="other", permissions=["invoices.pay"], actor=key)
    await limen.roles.delete("read", actor=key)
    await limen.roles.create(name="read", permissions=["invoices.read"], actor=key)


async def test_a_key_lets_nobody_in_again_who_may_do_more_in_an_application() -> None:
    limen = Assembly()
    eve = await limen.register("eve@example.org")
    await limen.roles.create(actor=OPERATOR, name="pay", permissions=["invoices.pay"])
    await limen.roles.grant(eve.id, "pay", actor=OPERATOR)
    ada = await person(limen, "users.write", "invoices.pay")
    key = await actor_of(limen, await key_of(limen, ada, "users.write"))
    await limen.users.suspend(eve.id, actor=key)
    with pytest.raises(BeyondOwnPermissions):
        await limen.users.reactivate(eve.id, actor=key)
    whole = await actor_of(limen, await key_of(limen, ada, "users.write", "invoices.pay"))
    await limen.users.reactivate(eve.id, actor=whole)


async def test_a_key_unlocks_nobody() -> None:
    limen = Assembly()
    ada = await person(limen, *OWN)
    with pytest.raises(InvalidInput):
        await key_of(limen, ada, "users.unlock")


async def test_a_key_sees_its_owner_if_it_may() -> None:
    limen = Assembly()
    ada = await person(limen)
    seeing = await actor_of(limen, await key_of(limen, ada, "me.read"))
    blind = await actor_of(limen, await key_of(limen, ada))
    assert ada.user_id is not None
    assert (await limen.users.get(ada.user_id, actor=seeing)).id == ada.user_id
    with pytest.raises(PermissionMissing):
        await limen.users.get(ada.user_id, actor=blind)
    eve = await limen.register("eve@example.org")
    with pytest.raises(PermissionMissing):
        await limen.users.get(eve.id, actor=seeing)


async def test_events_tell_of_the_key_and_not_of_what_it_could_do() -> None:
    limen = Assembly()
    ada = await person(limen, "users.write")
    eve = await limen.register("eve@example.org")
    made = await key_of(limen, ada, "users.write")
    await limen.users.update(eve.id, name="Eve", actor=await actor_of(limen, made))
    event = await limen.last_event()
    assert (event.actor.kind, event.actor.name) == ("api_key", public_part(made.key.id))
    assert event.actor.user_id == ada.user_id
    assert event.actor.scopes == frozenset()


# --- refusing ------------------------------------------------------------------------------------


async def test_every_wrong_key_gets_one_answer_and_only_the_event_tells_why() -> None:
    limen = Assembly()
    ada = await person(limen)
    revoked, expiring, other = [
        await key_of(limen, ada),
        await key_of(limen, ada, expires_at=limen.clock.now() + DAY),
        await key_of(limen, ada),
    ]
    await limen.api_keys.revoke(revoked.key.id, actor=ada)
    limen.clock.advance(DAY)
    unknown = Assembly(seed=5)
    stranger = await key_of(unknown, await person(unknown))
    wrong = write_key(other.key.id, b"w" * 32)
    for text, reason in (
        (revoked.text, "revoked"),
        (expiring.text, "expired"),
        (stranger.text, "unknown"),
        (wrong, "wrong_secret"),
    ):
        with pytest.raises(ApiKeyInvalid):
            await limen.api_keys.authenticate(text, actor=HERE)
        event = await limen.last_event()
        assert (event.name, event.payload["reason"]) == ("api_key.refused", reason)


async def test_a_misspelt_key_is_refused_before_the_store_is_asked() -> None:
    limen = Assembly()
    text = (await key_of(limen, await person(limen))).text.reveal()
    before = await limen.event_names()
    with pytest.raises(ApiKeyInvalid):
        await limen.api_keys.authenticate(text[:-1] + ("A" if text[-1] != "A" else "B"))
    assert await limen.event_names() == before


async def test_a_suspended_owner_takes_their_keys_along_at_once() -> None:
    limen = Assembly()
    ada = await person(limen)
    made = await key_of(limen, ada)
    owner_id = made.key.owner_id
    await limen.users.suspend(owner_id, actor=OPERATOR)
    with pytest.raises(ApiKeyInvalid):
        await limen.api_keys.authenticate(made.text)
    assert (await limen.last_event()).payload["reason"] == "owner_refused"
    await limen.users.reactivate(owner_id, actor=OPERATOR)
    await limen.api_keys.authenticate(made.text)
    await limen.users.delete(owner_id, actor=OPERATOR)
    with pytest.raises(ApiKeyInvalid):
        await limen.api_keys.authenticate(made.text)


async def test_many_wrong_keys_from_one_address_must_wait_and_good_ones_need_not() -> None:
    limen = Assembly(policies=Policies(api_keys=ApiKeyPolicy(most_wrong=3)))
    ada = await person(limen)
    good, bad = await key_of(limen, ada), await key_of(limen, ada)
    await limen.api_keys.revoke(bad.key.id, actor=ada)
    for _ in range(3):
        with pytest.raises(ApiKeyInvalid):
            await limen.api_keys.authenticate(bad.text, actor=HERE)
    told = len(await limen.event_names())
    with pytest.raises(TooManyAttempts):
        await limen.api_keys.authenticate(bad.text, actor=HERE)
    assert len(await limen.event_names()) == told
    await limen.api_keys.authenticate(good.text, actor=HERE)
    with pytest.raises(ApiKeyInvalid):
        await limen.api_keys.authenticate(bad.text, actor=Actor.anonymous(address="192.0.2.2"))
    limen.clock.advance(timedelta(minutes=15))
    with pytest.raises(ApiKeyInvalid):
        await limen.api_keys.authenticate(bad.text, actor=HERE)


async def test_whoever_proves_an_address_takes_the_keys_of_its_squatter() -> None:
    limen = Assembly()
    squatter = await person(limen)
    made = await key_of(limen, squatter)
    await limen.emails.verify(token=(await limen.read_mail())["link"].partition("#")[2])
    with pytest.raises(ApiKeyInvalid):
        await limen.api_keys.authenticate(made.text)


# --- rotating and ending -------------------------------------------------------------------------


async def test_a_rotated_key_holds_beside_its_successor_for_the_overlap() -> None:
    limen = Assembly()
    ada = await person(limen, "users.read")
    old = await key_of(limen, ada, "users.read", expires_at=limen.clock.now() + 30 * DAY)
    limen.clock.advance(timedelta(minutes=5))
    new = await limen.api_keys.rotate(old.key.owner_id, old.key.id, actor=ada)
    now = limen.clock.now()
    assert (new.key.name, new.key.scopes) == (old.key.name, old.key.scopes)
    assert new.key.expires_at == now + 30 * DAY
    seen = await limen.api_keys.get(old.key.id, actor=ada)
    assert (seen.status, seen.key.successor_id) == (ApiKeyStatus.ROTATED, new.key.id)
    limen.clock.advance(DAY - timedelta(microseconds=1))
    await limen.api_keys.authenticate(old.text)
    limen.clock.advance(timedelta(microseconds=1))
    with pytest.raises(ApiKeyInvalid):
        await limen.api_keys.authenticate(old.text)
    await limen.api_keys.authenticate(new.text)


async def test_no_more_keys_hold_beside_their_successors_than_may_be_made() -> None:
    limen = Assembly(policies=Policies(api_keys=ApiKeyPolicy(most_live=2)))
    ada = await person(limen)
    made = await key_of(limen, ada)
    owner_id = made.key.owner_id
    for _ in range(2):
        made = await limen.api_keys.rotate(owner_id, made.key.id, actor=ada)
    with pytest.raises(TooManyApiKeys):
        await limen.api_keys.rotate(owner_id, made.key.id, actor=ada)
    at_once = timedelta(0)
    made = await limen.api_keys.rotate(owner_id, made.key.id, actor=ada, overlap=at_once)
    limen.clock.advance(DAY)
    ada = acting(await limen.enter())
    await limen.api_keys.rotate(owner_id, made.key.id, actor=ada)


async def test_without_overlap_a_rotated_key_is_over_at_once() -> None:
    limen = Assembly()
    ada = await person(limen)
    old = await key_of(limen, ada)
    await limen.api_keys.rotate(old.key.owner_id, old.key.id, actor=ada, overlap=timedelta(0))
    with pytest.raises(ApiKeyInvalid):
        await limen.api_keys.authenticate(old.text)


@pytest.mark.parametrize("overlap", [timedelta(days=8), -timedelta(seconds=1)])
async def test_an_overlap_beyond_bounds_is_refused(overlap: timedelta) -> None:
    limen = Assembly()
    ada = await person(limen)
    old = await key_of(limen, ada)
    with pytest.raises(InvalidInput):
        await limen.api_keys.rotate(old.key.owner_id, old.key.id, actor=ada, overlap=overlap)


async def test_a_key_is_rotated_once_and_not_when_it_is_over() -> None:
    limen = Assembly()
    ada = await person(limen)
    old, dead = await key_of(limen, ada), await key_of(limen, ada)
    await limen.api_keys.rotate(old.key.owner_id, old.key.id, actor=ada)
    await limen.api_keys.revoke(dead.key.id, actor=ada)
    for key in (old, dead):
        with pytest.raises(ApiKeyOver):
            await limen.api_keys.rotate(key.key.owner_id, key.key.id, actor=ada)
    with pytest.raises(ApiKeyOver):
        await limen.api_keys.revoke(dead.key.id, actor=ada)


async def test_a_key_of_another_version_stays() -> None:
    limen = Assembly()
    ada = await person(limen)
    made = await key_of(limen, ada)
    with pytest.raises(VersionMismatch):
        await limen.api_keys.revoke(made.key.id, actor=ada, expected_version=2)
    with pytest.raises(VersionMismatch):
        await limen.api_keys.rotate(made.key.owner_id, made.key.id, actor=ada, expected_version=2)
    await limen.api_keys.revoke(made.key.id, actor=ada, expected_version=1)


async def test_others_see_and_end_keys_by_permissions_of_their_own() -> None:
    limen = Assembly()
    ada = await person(limen)
    made = await key_of(limen, ada)
    owner_id, key_id = made.key.owner_id, made.key.id
    reader = await person(limen, "api_keys.read", email="reader@example.org")
    ender = await person(limen, "api_keys.revoke", email="ender@example.org")
    nobody = await person(limen, email="nobody@example.org")
    seen = SeenKey(key=made.key, status=ApiKeyStatus.ACTIVE)
    assert (await limen.api_keys.list(owner_id, ALL, actor=reader)).items == (seen,)
    assert await limen.api_keys.get(key_id, actor=reader) == seen
    for actor in (ender, nobody):
        with pytest.raises(PermissionMissing):
            await limen.api_keys.list(owner_id, ALL, actor=actor)
        with pytest.raises(PermissionMissing):
            await limen.api_keys.get(key_id, actor=actor)
    for actor in (reader, nobody):
        with pytest.raises(PermissionMissing):
            await limen.api_keys.revoke(key_id, actor=actor)
    await limen.api_keys.revoke(key_id, actor=ender)


async def test_who_may_not_see_keys_is_not_told_which_there_are() -> None:
    limen = Assembly()
    made = await key_of(limen, await person(limen))
    eve = await person(limen, email="eve@example.org")
    unknown = await key_of(limen, eve)
    await limen.users.delete(unknown.key.owner_id, actor=OPERATOR)
    eve = await person(limen, email="eve@example.org")
    for key_id in (made.key.id, unknown.key.id):
        with pytest.raises(PermissionMissing):
            await limen.api_keys.get(key_id, actor=eve)
        with pytest.raises(PermissionMissing):
            await limen.api_keys.revoke(key_id, actor=eve)
    with pytest.raises(ApiKeyNotFound):
        await limen.api_keys.get(unknown.key.id, actor=OPERATOR)
    with pytest.raises(ApiKeyNotFound):
        await limen.api_keys.revoke(unknown.key.id, actor=OPERATOR)


async def test_a_key_is_found_under_its_owner_alone() -> None:
    limen = Assembly()
    made = await key_of(limen, await person(limen))
    other = a_user_id()
    for use_case in (
        limen.api_keys.get(made.key.id, actor=OPERATOR, owner_id=other),
        limen.api_keys.revoke(made.key.id, actor=OPERATOR, owner_id=other),
    ):
        with pytest.raises(ApiKeyNotFound):
            await use_case


async def test_keys_are_listed_newest_first_page_by_page() -> None:
    limen = Assembly()
    ada = await person(limen)
    made = [(await key_of(limen, ada)).key for _ in range(3)]
    assert ada.user_id is not None
    first = await limen.api_keys.list(ada.user_id, ListQuery(filters={}, limit=2), actor=ada)
    assert [seen.key for seen in first.items] == made[:0:-1]
    rest = ListQuery(filters={}, limit=2, cursor=first.next_cursor)
    last = await limen.api_keys.list(ada.user_id, rest, actor=ada)
    assert [seen.key for seen in last.items] == made[:1]
    for query in (
        ListQuery(filters={}, sort="name"),
        ListQuery(filters={}, page=1),
        ListQuery(filters={}, search="x"),
        ListQuery(filters={}, count="exact"),
        ListQuery(filters={("name", "eq"): "x"}),
    ):
        with pytest.raises(LimenError, match="list query"):
            await limen.api_keys.list(ada.user_id, query, actor=ada)


@pytest.mark.parametrize("revokes", [False, True])
async def test_of_many_who_rotate_or_revoke_at_once_one_of_each_wins(revokes: bool) -> None:
    limen = Assembly()
    ada = await person(limen)
    made = await key_of(limen, ada)

    async def one(number: int) -> str:
        try:
            if revokes and number % 2:
                await limen.api_keys.revoke(made.key.id, actor=ada)
                return "revoked"
            await limen.api_keys.rotate(made.key.owner_id, made.key.id, actor=ada)
        except (ApiKeyOver, ConcurrentUpdate):
            return "late"
        return "rotated"

    outcomes = await asyncio.gather(*map(one, range(100)))
    assert outcomes.count("rotated") <= 1
    assert outcomes.count("revoked") == int(revokes)
    assert outcomes.count("rotated") == 1 or revokes
    assert ada.user_id is not None
    kept = await limen.api_keys.list(ada.user_id, ALL, actor=ada)
    assert len(kept.items) == 1 + outcomes.count("rotated")


# --- reporting -----------------------------------------------------------------------------------


async def test_whoever_shows_a_key_whole_ends_it_and_its_owner_is_told() -> None:
    limen = Assembly()
    ada = await person(limen)
    await limen.emails.verify(token=(await limen.read_mail())["link"].partition("#")[2], actor=ada)
    made = await key_of(limen, ada)
    await limen.api_keys.report(made.text, actor=HERE)
    event = await limen.last_event()
    assert (event.name, event.user_id, event.actor) == ("api_key.reported", ada.user_id, HERE)
    with pytest.raises(ApiKeyInvalid):
        await limen.api_keys.authenticate(made.text)
    mail = await limen.read_mail()
    assert mail["key"] == public_part(made.key.id)
    told = await limen.event_names()
    await limen.api_keys.report(made.text, actor=HERE)
    assert await limen.event_names() == told


async def test_a_reported_key_of_a_service_account_is_told_to_who_made_it() -> None:
    limen = Assembly()
    account = await robot(limen)
    admin = await person(limen, "service_accounts.manage")
    token = (await limen.read_mail())["link"].partition("#")[2]
    await limen.emails.verify(token=token, actor=admin)
    made = await limen.api_keys.create(account.id, actor=admin, name="nightly")
    await limen.api_keys.report(made.text)
    mail = await limen.read_mail()
    assert (mail["name"], mail["key"]) == ("nightly", public_part(made.key.id))


async def test_only_a_key_that_is_one_can_be_reported() -> None:
    limen = Assembly(policies=Policies(api_keys=ApiKeyPolicy(most_wrong=1)))
    made = await key_of(limen, await person(limen))
    for text in ("", public_part(made.key.id), made.text.reveal()[:-1]):
        with pytest.raises(ApiKeyNotFound):
            await limen.api_keys.report(text, actor=HERE)
    wrong = write_key(made.key.id, b"w" * 32)
    with pytest.raises(ApiKeyNotFound):
        await limen.api_keys.report(wrong, actor=HERE)
    with pytest.raises(TooManyAttempts):
        await limen.api_keys.report(wrong, actor=HERE)
    await limen.api_keys.authenticate(made.text)


async def test_of_many_who_report_one_key_all_are_heard_and_one_is_told_of() -> None:
    limen = Assembly()
    made = await key_of(limen, await person(limen))
    await asyncio.gather(*(limen.api_keys.report(made.text) for _ in range(100)))
    assert (await limen.event_names()).count("api_key.reported") == 1


# --- the last use --------------------------------------------------------------------------------


async def test_a_use_is_noted_once_in_ten_minutes() -> None:
    limen = Assembly()
    ada = await person(limen)
    made = await key_of(limen, ada)

    async def used_at() -> Any:
        await asyncio.gather(*(limen.api_keys.authenticate(made.text) for _ in range(5)))
        await limen.key_uses.settled()
        return (await limen.api_keys.get(made.key.id, actor=ada)).key.last_used_at

    first = limen.clock.now()
    assert await used_at() == first
    limen.clock.advance(timedelta(minutes=9))
    assert await used_at() == first
    limen.clock.advance(timedelta(minutes=1))
    assert await used_at() == limen.clock.now()
