"""What the end of a session leaves behind: the session, the event, and who may bring it about."""

from datetime import timedelta

import pytest

from limen.core.actor import Actor
from limen.core.errors import BeyondOwnPermissions, NotSignedIn, PermissionMissing
from limen.core.ids import SessionId, UserId
from limen.core.roles.model import Permission
from limen.core.sessions.model import EndReason, Session
from limen.testing.assembly import OPERATOR, Assembly, acting
from limen.testing.builders import a_session_id

BOB = "bob@example.org"


async def stored(limen: Assembly, session_id: SessionId) -> Session:
    async with limen.unit_of_work.view() as view:
        session = await view.sessions.find(session_id)
    assert session is not None
    return session


async def told(limen: Assembly) -> tuple[object, ...]:
    event = await limen.last_event()
    return event.name, event.at, event.actor, event.user_id, event.payload


async def bob_with(limen: Assembly, *permissions: str) -> Actor:
    """Bob is signed in and has exactly these permissions."""
    bob = await limen.register(BOB)
    await limen.roles.create(actor=OPERATOR, name="exact", permissions=permissions)
    await limen.roles.grant(bob.id, "exact", actor=OPERATOR)
    return acting(await limen.enter(BOB))


async def test_a_session_that_was_signed_out_of_says_so() -> None:
    limen = Assembly()
    await limen.register()
    tokens = await limen.enter()
    now, actor = limen.clock.advance(timedelta(minutes=1)), acting(tokens)
    await limen.sessions.sign_out(actor=actor)
    session = await stored(limen, tokens.session_id)
    assert (session.ended_at, session.end_reason) == (now, EndReason.SIGNED_OUT)
    payload = {"session_id": str(tokens.session_id), "reason": "signed_out"}
    assert await told(limen) == ("session.revoked", now, actor, tokens.user.id, payload)


async def test_a_session_that_was_revoked_says_so() -> None:
    limen = Assembly()
    await limen.register()
    other, mine = await limen.enter(), await limen.enter()
    now, actor = limen.clock.advance(timedelta(minutes=1)), acting(mine)
    await limen.sessions.revoke(mine.user.id, other.session_id, actor=actor)
    session = await stored(limen, other.session_id)
    assert (session.ended_at, session.end_reason) == (now, EndReason.REVOKED)
    payload = {"session_id": str(other.session_id), "reason": "revoked"}
    assert await told(limen) == ("session.revoked", now, actor, mine.user.id, payload)
    assert (await stored(limen, mine.session_id)).ended_at is None


async def test_sessions_that_were_revoked_together_are_told_together() -> None:
    limen = Assembly()
    await limen.register()
    other, mine = await limen.enter(), await limen.enter()
    actor, user_id = acting(mine), mine.user.id
    now = limen.clock.advance(timedelta(minutes=1))
    await limen.sessions.revoke_others(actor=actor)
    payload = {"count": 1, "kept": str(mine.session_id)}
    assert await told(limen) == ("session.all_revoked", now, actor, user_id, payload)
    assert (await stored(limen, other.session_id)).end_reason is EndReason.REVOKED
    now = limen.clock.advance(timedelta(minutes=1))
    assert await limen.sessions.revoke_all(user_id, actor=actor) == 1
    kept: dict[str, object] = {"count": 1, "kept": None}
    assert await told(limen) == ("session.all_revoked", now, actor, user_id, kept)


async def test_where_nothing_ends_nothing_is_told() -> None:
    limen = Assembly()
    ada = await limen.register()
    before = await limen.event_names()
    assert await limen.sessions.revoke_all(ada.id, actor=OPERATOR) == 0
    assert await limen.event_names() == before


async def test_anothers_sessions_are_seen_and_ended_with_exactly_the_permission() -> None:
    limen = Assembly()
    ada = await limen.register()
    tokens = await limen.enter()
    reader = await bob_with(limen, Permission.SESSIONS_READ)
    assert len(await limen.sessions.list(ada.id, actor=reader)) == 1
    for call in (
        limen.sessions.revoke(ada.id, tokens.session_id, actor=reader),
        limen.sessions.revoke_all(ada.id, actor=reader),
    ):
        with pytest.raises(PermissionMissing, match=r"sessions\.revoke"):
            await call
    await limen.roles.replace("exact", actor=OPERATOR, permissions=[Permission.SESSIONS_REVOKE])
    with pytest.raises(PermissionMissing, match=r"sessions\.read"):
        await limen.sessions.list(ada.id, actor=reader)
    await limen.sessions.revoke(ada.id, tokens.session_id, actor=reader)
    await limen.enter()
    assert await limen.sessions.revoke_all(ada.id, actor=reader) == 1


async def test_the_sessions_of_somebody_who_may_more_are_out_of_reach() -> None:
    limen = Assembly()
    root = await limen.administrator()
    tokens = await limen.enter("root@example.org")
    actor = await bob_with(limen, Permission.SESSIONS_REVOKE)
    for call in (
        limen.sessions.revoke(root.id, tokens.session_id, actor=actor),
        limen.sessions.revoke_all(root.id, actor=actor),
    ):
        with pytest.raises(BeyondOwnPermissions):
            await call


@pytest.mark.parametrize(("user", "session"), [(None, None), (None, a_session_id()), ("ada", None)])
async def test_who_is_in_no_session_has_none_to_end(
    user: str | None, session: SessionId | None
) -> None:
    limen = Assembly()
    ada = await limen.register()
    user_id: UserId | None = ada.id if user else None
    actor = Actor(kind=acting(await limen.enter()).kind, user_id=user_id, session_id=session)
    with pytest.raises(NotSignedIn):
        await limen.sessions.sign_out(actor=actor)
    with pytest.raises(NotSignedIn):
        await limen.sessions.revoke_others(actor=actor)


async def test_who_is_gone_has_no_session_to_keep() -> None:
    limen = Assembly()
    ada = await limen.register()
    actor = acting(await limen.enter())
    await limen.users.delete(ada.id, actor=OPERATOR)
    with pytest.raises(NotSignedIn):
        await limen.sessions.revoke_others(actor=actor)
