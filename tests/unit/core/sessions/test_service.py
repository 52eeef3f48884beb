from datetime import timedelta

import pytest

from limen.core.actor import Actor
from limen.core.errors import (
    NotSignedIn,
    PermissionMissing,
    SessionEnded,
    SessionNotFound,
    UserNotFound,
)
from limen.testing.assembly import OPERATOR, Assembly, acting
from limen.testing.builders import a_session_id, a_user_id


async def test_people_see_their_live_sessions_the_last_used_first() -> None:
    limen = Assembly()
    ada = await limen.register()
    first = await limen.enter(label="phone")
    limen.clock.advance(timedelta(minutes=5))
    second = await limen.enter(label="laptop")
    limen.clock.advance(timedelta(minutes=5))
    await limen.tokens.refresh(refresh_token=first.refresh_token)
    actor = acting(second)
    listed = await limen.sessions.list(ada.id, actor=actor)
    assert [session.label for session in listed] == ["phone", "laptop"]
    await limen.sessions.revoke(ada.id, first.session_id, actor=actor)
    assert [session.label for session in await limen.sessions.list(ada.id, actor=actor)] == [
        "laptop"
    ]


async def test_signing_out_ends_this_session_at_once_and_twice_is_no_harm() -> None:
    limen = Assembly()
    await limen.register()
    tokens = await limen.enter()
    await limen.sessions.sign_out(actor=acting(tokens))
    await limen.sessions.sign_out(actor=acting(tokens))
    with pytest.raises(SessionEnded):
        await limen.tokens.authenticate(tokens.access_token)
    assert (await limen.event_names()).count("session.revoked") == 1


async def test_a_session_is_revoked_once() -> None:
    limen = Assembly()
    ada = await limen.register()
    mine, other = await limen.enter(), await limen.enter()
    await limen.sessions.revoke(ada.id, other.session_id, actor=acting(mine))
    with pytest.raises(SessionNotFound):
        await limen.sessions.revoke(ada.id, other.session_id, actor=acting(mine))
    with pytest.raises(SessionNotFound):
        await limen.sessions.revoke(ada.id, a_session_id(), actor=acting(mine))


async def test_the_session_of_another_user_is_none_of_ones_own() -> None:
    limen = Assembly()
    ada, bob = await limen.register(), await limen.register("bob@example.org")
    adas, bobs = await limen.enter(), await limen.enter("bob@example.org")
    with pytest.raises(SessionNotFound):
        await limen.sessions.revoke(ada.id, bobs.session_id, actor=acting(adas))
    for call in (
        limen.sessions.revoke(bob.id, bobs.session_id, actor=acting(adas)),
        limen.sessions.revoke_all(bob.id, actor=acting(adas)),
        limen.sessions.list(bob.id, actor=acting(adas)),
    ):
        with pytest.raises(PermissionMissing):
            await call
    await limen.tokens.authenticate(bobs.access_token)


async def test_all_others_are_revoked_and_this_one_stays() -> None:
    limen = Assembly()
    await limen.register()
    others = [await limen.enter() for _ in range(3)]
    mine = await limen.enter()
    assert await limen.sessions.revoke_others(actor=acting(mine)) == 3
    assert await limen.sessions.revoke_others(actor=acting(mine)) == 0
    await limen.tokens.authenticate(mine.access_token)
    for other in others:
        with pytest.raises(SessionEnded):
            await limen.tokens.authenticate(other.access_token)
    assert (await limen.event_names()).count("session.all_revoked") == 1


async def test_an_administrator_revokes_all_sessions_of_a_user() -> None:
    limen = Assembly()
    ada = await limen.register()
    for _ in range(3):
        await limen.enter()
    await limen.administrator()
    root = acting(await limen.enter("root@example.org"))
    assert len(await limen.sessions.list(ada.id, actor=root)) == 3
    assert await limen.sessions.revoke_all(ada.id, actor=root) == 3
    with pytest.raises(UserNotFound):
        await limen.sessions.revoke_all(a_user_id(), actor=root)
    with pytest.raises(UserNotFound):
        await limen.sessions.list(a_user_id(), actor=OPERATOR)


async def test_nobody_has_no_session() -> None:
    limen = Assembly()
    with pytest.raises(NotSignedIn):
        await limen.sessions.sign_out(actor=Actor.anonymous())
    with pytest.raises(NotSignedIn):
        await limen.sessions.revoke_others(actor=OPERATOR)
