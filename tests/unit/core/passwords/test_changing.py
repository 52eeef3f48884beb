"""What setting and changing a password stores and tells, and who may."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import pytest

from limen.core.actor import Actor
from limen.core.errors import (
    BeyondOwnPermissions,
    CurrentPasswordWrong,
    LimenError,
    PasswordMismatch,
    PasswordRefused,
    PermissionMissing,
    SessionEnded,
    StepUpNeeded,
    TooManyAttempts,
)
from limen.core.ids import SessionId, UserId
from limen.core.messages.model import MessageKind
from limen.core.passwords.model import PasswordCredential
from limen.core.roles.model import Permission
from limen.core.secret import Secret
from limen.core.sessions.model import EndReason
from limen.core.tokens.issuing import IssuedTokens
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting
from limen.testing.fakes import PlainHasher

NEW = "staple my other horse"
ADA, BOB = "ada@example.org", "bob@example.org"


async def begin() -> tuple[Assembly, IssuedTokens]:
    limen = Assembly()
    await limen.register()
    return limen, await limen.enter()


async def credential(limen: Assembly, user_id: UserId) -> PasswordCredential:
    async with limen.unit_of_work.view() as view:
        found = await view.passwords.find(user_id)
    assert found is not None
    return found


async def end_reason(limen: Assembly, session_id: SessionId) -> EndReason | None:
    async with limen.unit_of_work.view() as view:
        session = await view.sessions.find(session_id)
    assert session is not None
    return session.end_reason


async def told(limen: Assembly) -> tuple[object, ...]:
    event = await limen.last_event()
    return event.name, event.at, event.actor, event.user_id


def at_home(tokens: IssuedTokens) -> Actor:
    home = Actor.anonymous(address="192.0.2.1")
    return home.as_user(tokens.user.id, tokens.session_id)


async def test_a_change_is_stored_told_and_the_reason_why_sessions_ended() -> None:
    limen, other = await begin()
    mine = await limen.enter()
    now = limen.clock.advance(timedelta(minutes=1))
    await limen.passwords.change(current=PASSWORD, new=NEW, actor=acting(mine))
    kept = await credential(limen, mine.user.id)
    await limen.hasher.verify(Secret(NEW), kept.digest)
    assert (kept.changed_at, kept.version) == (now, 2)
    assert await told(limen) == ("password.changed", now, acting(mine), mine.user.id)
    assert await end_reason(limen, other.session_id) is EndReason.PASSWORD_CHANGED
    assert await end_reason(limen, mine.session_id) is None


async def test_a_password_that_was_set_is_stored_told_and_the_reason_why_sessions_ended() -> None:
    limen, tokens = await begin()
    now = limen.clock.advance(timedelta(minutes=1))
    await limen.passwords.set(tokens.user.id, new=NEW, actor=OPERATOR)
    kept = await credential(limen, tokens.user.id)
    await limen.hasher.verify(Secret(NEW), kept.digest)
    assert (kept.changed_at, kept.version) == (now, 2)
    assert await told(limen) == ("password.set", now, OPERATOR, tokens.user.id)
    assert await end_reason(limen, tokens.session_id) is EndReason.PASSWORD_CHANGED


async def test_the_first_password_of_a_user_is_dated() -> None:
    limen = Assembly()
    user = await limen.users.create(actor=OPERATOR, email=ADA)
    now = limen.clock.advance(timedelta(minutes=1))
    await limen.passwords.set(user.id, new=NEW, actor=OPERATOR)
    kept = await credential(limen, user.id)
    assert (kept.user_id, kept.changed_at, kept.version) == (user.id, now, 1)
    await limen.hasher.verify(Secret(NEW), kept.digest)


async def test_a_refused_change_is_told() -> None:
    limen, mine = await begin()
    with pytest.raises(CurrentPasswordWrong):
        await limen.passwords.change(current="wrong one", new=NEW, actor=acting(mine))
    now = limen.clock.now()
    assert await told(limen) == ("password.proof_failed", now, acting(mine), mine.user.id)
    with pytest.raises(PasswordMismatch):
        await limen.hasher.verify(Secret(NEW), (await credential(limen, mine.user.id)).digest)


@pytest.mark.parametrize("current", [PASSWORD, Secret(PASSWORD)])
async def test_passwords_may_come_plain_or_as_secrets(current: Secret[str] | str) -> None:
    limen, mine = await begin()
    await limen.passwords.change(current=current, new=Secret(NEW), actor=acting(mine))
    await limen.passwords.set(mine.user.id, new=Secret(PASSWORD), actor=OPERATOR)
    await limen.enter()


async def test_nobodys_password_is_made_of_their_own_words() -> None:
    limen, mine = await begin()
    for call in (
        limen.passwords.change(current=PASSWORD, new=ADA, actor=acting(mine)),
        limen.passwords.set(mine.user.id, new=ADA, actor=OPERATOR),
    ):
        with pytest.raises(PasswordRefused) as refused:
            await call
        assert [fault.code for fault in refused.value.details] == ["own_words"]


async def test_a_password_is_set_with_exactly_the_permission_and_not_of_who_may_more() -> None:
    limen, tokens = await begin()
    root = await limen.administrator()
    bob = await limen.register(BOB)
    await limen.roles.create(actor=OPERATOR, name="exact", permissions=[Permission.PASSWORDS_SET])
    await limen.roles.grant(bob.id, "exact", actor=OPERATOR)
    actor = acting(await limen.enter(BOB))
    await limen.passwords.set(tokens.user.id, new=NEW, actor=actor)
    with pytest.raises(BeyondOwnPermissions):
        await limen.passwords.set(root.id, new=NEW, actor=actor)
    rest = set(Permission) - {Permission.PASSWORDS_SET}
    await limen.roles.replace("exact", actor=OPERATOR, permissions=rest)
    with pytest.raises(PermissionMissing, match=r"passwords\.set"):
        await limen.passwords.set(tokens.user.id, new=NEW, actor=actor)


class SlowHasher(PlainHasher):
    """Lets something happen while a new password is hashed."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def hash(self, password: Secret[str]) -> Secret[str]:
        happening, self.meanwhile = self.meanwhile, None
        if happening is not None:
            await happening()
        return await super().hash(password)


@pytest.mark.parametrize("what", ["the session ends", "the permission goes"])
async def test_who_may_not_any_more_once_it_is_hashed_sets_no_password(what: str) -> None:
    hasher = SlowHasher()
    limen = Assembly(hasher=hasher)
    ada, bob = await limen.register(), await limen.register(BOB)
    await limen.roles.create(actor=OPERATOR, name="exact", permissions=[Permission.PASSWORDS_SET])
    await limen.roles.grant(bob.id, "exact", actor=OPERATOR)
    helper = acting(await limen.enter(BOB))
    refusal: type[LimenError]
    if what == "the session ends":
        refusal, change = SessionEnded, partial(limen.sessions.sign_out, actor=helper)
    else:
        take = partial(limen.roles.withdraw, bob.id, "exact", actor=OPERATOR)
        refusal, change = PermissionMissing, take
    hasher.meanwhile = change
    with pytest.raises(refusal):
        await limen.passwords.set(ada.id, new=NEW, actor=helper)
    assert "password.set" not in await limen.event_names()
    await limen.enter()


@pytest.mark.parametrize("what", ["the session ends", "the password goes"])
async def test_what_happens_while_a_change_is_hashed_counts(what: str) -> None:
    hasher = SlowHasher()
    limen = Assembly(hasher=hasher)
    ada = await limen.register()
    mine = acting(await limen.enter())

    async def take_the_password() -> None:
        async with limen.unit_of_work() as uow:
            await uow.passwords.remove(ada.id)
            await uow.commit()

    refusal: type[LimenError] = SessionEnded
    hasher.meanwhile = partial(limen.sessions.sign_out, actor=mine)
    if what == "the password goes":
        refusal, hasher.meanwhile = CurrentPasswordWrong, take_the_password
    with pytest.raises(refusal):
        await limen.passwords.change(current=PASSWORD, new=NEW, actor=mine)
    assert "password.changed" not in await limen.event_names()


async def test_a_stale_sign_in_neither_guesses_nor_hashes() -> None:
    hasher = SlowHasher()
    limen = Assembly(hasher=hasher)
    await limen.administrator()
    mine = await limen.enter("root@example.org")
    limen.clock.advance(timedelta(minutes=10))
    hasher.meanwhile = limen.event_names
    with pytest.raises(StepUpNeeded):
        await limen.passwords.change(current="wrong one", new=NEW, actor=acting(mine))
    ada = await limen.register(ADA)
    hasher.meanwhile = limen.event_names
    with pytest.raises(StepUpNeeded):
        await limen.passwords.set(ada.id, new=NEW, actor=acting(mine))
    assert hasher.meanwhile is not None
    assert "password.proof_failed" not in await limen.event_names()


async def test_the_owner_is_written_to_of_a_change() -> None:
    limen, mine = await begin()
    await limen.passwords.change(current=PASSWORD, new=NEW, actor=acting(mine))
    async with limen.unit_of_work.view() as view:
        kinds = [message.kind for message in await view.messages.list()]
    assert MessageKind.PASSWORD_CHANGED in kinds


async def test_a_password_that_must_be_reset_proves_nothing_any_more() -> None:
    limen, mine = await begin()
    async with limen.unit_of_work() as uow:
        kept = await uow.passwords.find(mine.user.id)
        assert kept is not None
        await uow.passwords.save(kept.marked(limen.clock.now()))
        await uow.commit()
    with pytest.raises(CurrentPasswordWrong):
        await limen.passwords.change(current=PASSWORD, new=NEW, actor=acting(mine))
    assert (await limen.last_event()).name == "password.proof_failed"


async def test_attempts_count_where_they_come_from_and_a_good_one_is_forgiven() -> None:
    limen, mine = await begin()
    for number in range(150):
        current, new = (PASSWORD, NEW) if number % 2 == 0 else (NEW, PASSWORD)
        await limen.passwords.change(current=current, new=new, actor=at_home(mine))
    for _ in range(5):
        with pytest.raises(CurrentPasswordWrong):
            await limen.passwords.change(current="wrong one", new=NEW, actor=at_home(mine))
    await limen.passwords.change(current=PASSWORD, new=NEW, actor=at_home(mine))
    for _ in range(6):
        with pytest.raises(CurrentPasswordWrong):
            await limen.passwords.change(current="wrong one", new=NEW, actor=at_home(mine))
    with pytest.raises(TooManyAttempts):
        await limen.passwords.change(current=NEW, new=PASSWORD, actor=at_home(mine))
