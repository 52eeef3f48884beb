import pytest

from limen.core.actor import Actor
from limen.core.errors import (
    CurrentPasswordWrong,
    HashingBusy,
    InvalidCredentials,
    NotSignedIn,
    PasswordRefused,
    PermissionMissing,
    RefreshTokenInvalid,
    SessionEnded,
    TooManyAttempts,
    UserNotFound,
)
from limen.core.passwords.storing import store_password
from limen.core.secret import Secret
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting
from limen.testing.builders import a_session, a_user_id
from limen.testing.fakes import PlainHasher

NEW = "staple my other horse"


async def test_a_change_needs_the_current_one_and_ends_all_other_sessions() -> None:
    limen = Assembly()
    await limen.register()
    other, mine = await limen.enter(), await limen.enter()
    await limen.passwords.change(current=PASSWORD, new=NEW, actor=acting(mine))
    await limen.tokens.authenticate(mine.access_token)
    await limen.tokens.refresh(refresh_token=mine.refresh_token)
    with pytest.raises(SessionEnded):
        await limen.tokens.authenticate(other.access_token)
    with pytest.raises(RefreshTokenInvalid):
        await limen.tokens.refresh(refresh_token=other.refresh_token)
    with pytest.raises(InvalidCredentials):
        await limen.enter()
    await limen.sign_in.sign_in(identifier="ada@example.org", password=NEW)


@pytest.mark.parametrize("current", ["wrong password", "", "\ud800"])
async def test_a_wrong_current_password_changes_nothing(current: str) -> None:
    limen = Assembly()
    await limen.register()
    mine = await limen.enter()
    with pytest.raises(CurrentPasswordWrong):
        await limen.passwords.change(current=current, new=NEW, actor=acting(mine))
    assert (await limen.event_names())[-1] == "password.proof_failed"
    await limen.enter()


async def test_guessing_the_current_password_is_throttled_with_the_sign_ins() -> None:
    limen = Assembly()
    await limen.register()
    mine = await limen.enter()
    for _ in range(6):
        with pytest.raises(CurrentPasswordWrong):
            await limen.passwords.change(current="wrong one", new=NEW, actor=acting(mine))
    with pytest.raises(TooManyAttempts):
        await limen.enter()
    with pytest.raises(TooManyAttempts):
        await limen.passwords.change(current=PASSWORD, new=NEW, actor=acting(mine))


async def test_a_bad_new_password_is_refused() -> None:
    limen = Assembly()
    await limen.register()
    mine = await limen.enter()
    with pytest.raises(PasswordRefused) as refused:
        await limen.passwords.change(current=PASSWORD, new="short", actor=acting(mine))
    assert [fault.field for fault in refused.value.details] == ["new_password"]
    with pytest.raises(PasswordRefused):
        await limen.passwords.set(mine.user.id, new="short", actor=OPERATOR)


async def test_nobody_has_no_password_to_change() -> None:
    with pytest.raises(NotSignedIn):
        await Assembly().passwords.change(current=PASSWORD, new=NEW, actor=Actor.anonymous())


async def test_a_user_without_password_cannot_change_it_but_can_be_given_one() -> None:
    limen = Assembly()
    await limen.keys.ensure(actor=OPERATOR)
    user = await limen.users.create(actor=OPERATOR, email="ada@example.org")
    async with limen.unit_of_work() as uow:
        await uow.sessions.add(session := a_session(user.id))
        await uow.commit()
    actor = Actor.anonymous().as_user(user.id, session.id)
    with pytest.raises(CurrentPasswordWrong):
        await limen.passwords.change(current=PASSWORD, new=NEW, actor=actor)
    await limen.passwords.set(user.id, new=PASSWORD, actor=OPERATOR)
    await limen.enter()


async def test_setting_ends_all_sessions_and_forgets_failed_attempts() -> None:
    limen = Assembly()
    ada = await limen.register()
    tokens = await limen.enter()
    for _ in range(6):
        with pytest.raises(InvalidCredentials):
            await limen.sign_in.sign_in(identifier="ada@example.org", password="wrong one")
    await limen.passwords.set(ada.id, new=NEW, actor=OPERATOR)
    with pytest.raises(SessionEnded):
        await limen.tokens.authenticate(tokens.access_token)
    await limen.sign_in.sign_in(identifier="ada@example.org", password=NEW)


async def test_setting_needs_the_permission_even_for_oneself() -> None:
    limen = Assembly()
    ada = await limen.register()
    tokens = await limen.enter()
    with pytest.raises(PermissionMissing):
        await limen.passwords.set(ada.id, new=NEW, actor=acting(tokens))
    with pytest.raises(UserNotFound):
        await limen.passwords.set(a_user_id(), new=NEW, actor=OPERATOR)


async def test_a_busy_hasher_is_no_failed_attempt() -> None:
    limen = Assembly()
    await limen.register()
    mine = await limen.enter()
    limen.hasher.is_busy = True
    for _ in range(8):
        with pytest.raises(HashingBusy):
            await limen.passwords.change(current=PASSWORD, new=NEW, actor=acting(mine))
    limen.hasher.is_busy = False
    await limen.passwords.change(current=PASSWORD, new=NEW, actor=acting(mine))


async def test_of_two_changes_at_once_the_second_finds_its_proof_out_of_date() -> None:
    class MeddlingHasher(PlainHasher):
        async def verify(self, password: Secret[str], digest: Secret[str] | None) -> None:
            await super().verify(password, digest)
            if is_meddling:
                async with limen.unit_of_work() as uow:
                    await store_password(uow, mine.user.id, Secret("another"), limen.clock.now())
                    await uow.commit()

    is_meddling = False
    limen = Assembly(hasher=MeddlingHasher())
    await limen.register()
    mine = await limen.enter()
    is_meddling = True
    with pytest.raises(CurrentPasswordWrong):
        await limen.passwords.change(current=PASSWORD, new="yet another one", actor=acting(mine))
