from datetime import timedelta

import pytest

from limen.core.actor import Actor
from limen.core.errors import HashingBusy, InvalidCredentials, TooManyAttempts
from limen.core.secret import Secret
from limen.core.users.model import UserPolicy
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, tokens_of
from limen.testing.fakes import PlainHasher
from limen.testing.people import registered
from limen.testing.policies import Policies

AT_HOME = Actor.anonymous(address="192.0.2.1", user_agent="test", request_id="r1")


class CountingHasher(PlainHasher):
    """Counts what it is asked to verify, and against what."""

    def __init__(self, cost: int = 4) -> None:
        super().__init__(cost)
        self.verified: list[bool] = []

    async def verify(self, password: Secret[str], digest: Secret[str] | None) -> None:
        self.verified.append(digest is not None)
        await super().verify(password, digest)


async def refusal(limen: Assembly, identifier: str, password: str = PASSWORD) -> str:
    """Sign in, be refused, and return the reason that only the event tells."""
    with pytest.raises(InvalidCredentials) as refused:
        await limen.sign_in.sign_in(identifier=identifier, password=password, actor=AT_HOME)
    assert refused.value.details == ()
    assert refused.value.message == InvalidCredentials.sentence
    async with limen.unit_of_work.view() as view:
        events = await view.outbox.list(limit=1000)
    last = [event for event in events if event.name == "signin.failed"][-1]
    assert last.actor == AT_HOME
    return str(last.payload["reason"])


async def test_sign_in_by_address_or_username_begins_a_session() -> None:
    limen = Assembly()
    await limen.keys.ensure(actor=OPERATOR)
    made = await limen.users.register(email="ada@example.org", username="ada", password=PASSWORD)
    ada = registered(made)
    for identifier in ("ada@example.org", "ADA", "Ada@Example.ORG"):
        tokens = tokens_of(
            await limen.sign_in.sign_in(
                identifier=identifier, password=PASSWORD, actor=AT_HOME, label="laptop"
            )
        )
        assert tokens.user.last_sign_in_at == limen.clock.now()
        claims = await limen.tokens.authenticate(tokens.access_token)
        assert (claims.user_id, claims.session_id) == (ada.id, tokens.session_id)
        assert (tokens.expires_in, tokens.refresh_expires_in) == (900, 14 * 24 * 3600)
        async with limen.unit_of_work.view() as view:
            session = await view.sessions.find(tokens.session_id)
        assert session is not None
        assert (session.label, session.user_agent) == ("laptop", "test")
        assert session.address == "192.0.2.1"


async def test_a_sign_in_changes_no_version() -> None:
    limen = Assembly()
    ada = await limen.register()
    await limen.enter()
    stored = await limen.users.get(ada.id, actor=OPERATOR)
    assert (stored.version, stored.last_sign_in_at) == (1, limen.clock.now())


async def test_all_refusals_look_the_same_and_only_the_event_tells_why() -> None:
    limen = Assembly()
    ada = await limen.register()
    await limen.users.create(actor=OPERATOR, email="nopw@example.org")
    gone = await limen.register("gone@example.org")
    await limen.users.suspend(gone.id, actor=OPERATOR)
    assert await refusal(limen, "nobody@example.org") == "unknown_user"
    assert await refusal(limen, "nobody") == "unknown_user"
    assert await refusal(limen, "not @ thing") == "unknown_user"
    assert await refusal(limen, ada.email.address, "wrong password") == "wrong_password"
    assert await refusal(limen, ada.email.address, "\ud800") == "wrong_password"
    assert await refusal(limen, ada.email.address, "x" * 257) == "wrong_password"
    assert await refusal(limen, "nopw@example.org") == "no_password"
    assert await refusal(limen, "gone@example.org") == "suspended"


async def test_every_refusal_costs_one_verification() -> None:
    hasher = CountingHasher()
    limen = Assembly(hasher=hasher)
    ada = await limen.register()
    await limen.users.suspend(ada.id, actor=OPERATOR)
    await refusal(limen, "nobody@example.org")
    await refusal(limen, "not @ thing")
    await refusal(limen, "ada@example.org", "x" * 300)
    await refusal(limen, "ada@example.org", "wrong password")
    await refusal(limen, "ada@example.org")
    assert hasher.verified == [False, False, False, True, True]


async def test_an_unverified_address_signs_in_only_where_that_is_allowed() -> None:
    limen = Assembly(policies=Policies(users=UserPolicy(allows_unverified_sign_in=False)))
    ada = await limen.register()
    assert await refusal(limen, "ada@example.org") == "pending"
    await limen.users.reactivate(ada.id, actor=OPERATOR)
    assert await refusal(limen, "ada@example.org") == "unverified"


@pytest.mark.parametrize("identifier", ["ada@example.org", "nobody@example.org", "!"])
async def test_known_and_unknown_accounts_are_throttled_alike(identifier: str) -> None:
    limen = Assembly()
    await limen.register()
    for _ in range(6):
        await refusal(limen, identifier, "wrong password")
    with pytest.raises(TooManyAttempts) as refused:
        await limen.sign_in.sign_in(identifier=identifier, password=PASSWORD)
    assert refused.value.retry_after == 1
    limen.clock.advance(timedelta(seconds=1))
    await refusal(limen, identifier, "wrong password")


async def test_two_names_of_one_user_share_one_count() -> None:
    limen = Assembly()
    await limen.users.register(email="ada@example.org", username="ada", password=PASSWORD)
    for identifier in ("ada", "ada@example.org") * 3:
        await refusal(limen, identifier, "wrong password")
    with pytest.raises(TooManyAttempts):
        await limen.sign_in.sign_in(identifier="ADA", password=PASSWORD)


async def test_coming_through_forgets_the_failures() -> None:
    limen = Assembly()
    await limen.register()
    for _ in range(3):
        for _ in range(5):
            await refusal(limen, "ada@example.org", "wrong password")
        await limen.enter()


async def test_one_address_tries_so_many_accounts_and_no_more() -> None:
    limen = Assembly()
    await limen.register()
    for number in range(100):
        await refusal(limen, f"user{number}@example.org")
    with pytest.raises(TooManyAttempts):
        await limen.sign_in.sign_in(identifier="ada@example.org", password=PASSWORD, actor=AT_HOME)
    await limen.enter()


async def test_good_sign_ins_do_not_use_an_address_up() -> None:
    limen = Assembly()
    await limen.register()
    for _ in range(150):
        await limen.sign_in.sign_in(identifier="ada@example.org", password=PASSWORD, actor=AT_HOME)


async def test_a_long_wait_is_told_as_an_event() -> None:
    limen = Assembly()
    ada = await limen.register()
    for _ in range(12):
        await refusal(limen, "ada@example.org", "wrong password")
        limen.clock.advance(timedelta(minutes=15))
    assert "signin.throttled" in await limen.event_names(ada.id)


async def test_a_busy_hasher_is_no_failed_attempt() -> None:
    limen = Assembly()
    await limen.register()
    limen.hasher.is_busy = True
    for _ in range(20):
        with pytest.raises(HashingBusy):
            await limen.enter()
    limen.hasher.is_busy = False
    for _ in range(6):
        await refusal(limen, "ada@example.org", "wrong password")
    limen.clock.advance(timedelta(seconds=1))
    limen.hasher.is_busy = True
    with pytest.raises(HashingBusy):
        await limen.enter()
    limen.hasher.is_busy = False
    await limen.enter()


async def test_an_old_hash_is_upgraded_when_it_proved_right() -> None:
    limen = Assembly()
    old = await PlainHasher(cost=2).hash(Secret(PASSWORD))
    ada = await limen.register()
    async with limen.unit_of_work() as uow:
        credential = await uow.passwords.find(ada.id)
        assert credential is not None
        await uow.passwords.save(credential.upgraded(old))
        await uow.commit()
    await limen.enter()
    async with limen.unit_of_work.view() as view:
        upgraded = await view.passwords.find(ada.id)
    assert upgraded is not None
    assert not limen.hasher.needs_upgrade(upgraded.digest)
    assert upgraded.changed_at == credential.changed_at
    assert "password.hash_upgraded" in await limen.event_names(ada.id)
    await limen.enter()
    assert (await limen.event_names(ada.id)).count("password.hash_upgraded") == 1


async def test_a_password_changed_meanwhile_is_no_way_in() -> None:
    class MeddlingHasher(PlainHasher):
        async def verify(self, password: Secret[str], digest: Secret[str] | None) -> None:
            await super().verify(password, digest)
            await limen.passwords.set(ada.id, new="another good one", actor=OPERATOR)

    limen = Assembly(hasher=MeddlingHasher())
    ada = await limen.register()
    assert await refusal(limen, "ada@example.org") == "changed_meanwhile"


async def test_a_user_deleted_meanwhile_is_no_way_in() -> None:
    class MeddlingHasher(PlainHasher):
        async def verify(self, password: Secret[str], digest: Secret[str] | None) -> None:
            await super().verify(password, digest)
            await limen.users.delete(ada.id, actor=OPERATOR)

    limen = Assembly(hasher=MeddlingHasher())
    ada = await limen.register()
    with pytest.raises(InvalidCredentials):
        await limen.enter()
    assert (await limen.last_event()).name == "user.deleted"


async def test_a_user_whose_password_is_taken_away_meanwhile_does_not_come_in() -> None:
    class MeddlingHasher(PlainHasher):
        async def verify(self, password: Secret[str], digest: Secret[str] | None) -> None:
            await super().verify(password, digest)
            async with limen.unit_of_work() as uow:
                await uow.passwords.remove(ada.id)
                await uow.commit()

    limen = Assembly(hasher=MeddlingHasher())
    ada = await limen.register()
    assert await refusal(limen, "ada@example.org") == "changed_meanwhile"


async def test_whoever_is_suspended_is_refused_for_that_before_the_password_that_must_go() -> None:
    limen = Assembly()
    ada = await limen.register()
    await limen.assistance.require_reset(ada.id, actor=OPERATOR)
    await limen.users.suspend(ada.id, actor=OPERATOR)
    assert await refusal(limen, "ada@example.org") == "suspended"


@pytest.mark.parametrize(
    "spellings",
    [
        ["ada@example.org", "Ada@EXAMPLE.org", "ADA@example.org"],
        ["ada@example.org", "ada@example\u3002org", "ada@exam\ufe0fple.org"],
    ],
)
async def test_no_choice_of_spellings_tells_who_has_an_account(spellings: list[str]) -> None:
    answers = []
    for is_known in (True, False):
        limen = Assembly()
        await limen.keys.ensure(actor=OPERATOR)
        if is_known:
            await limen.register()
        answers.append([await answer(limen, spellings[n % len(spellings)]) for n in range(9)])
    assert answers[0] == answers[1]


async def answer(limen: Assembly, identifier: str) -> str:
    try:
        await limen.sign_in.sign_in(identifier=identifier, password="wrong password")
    except (InvalidCredentials, TooManyAttempts) as refused:
        return refused.code
    return "in"


async def test_typing_an_id_or_what_a_throttle_is_called_blocks_nobody() -> None:
    limen = Assembly()
    ada = await limen.register()
    for identifier in (str(ada.id), f"user:{ada.id}", f"nobody:{ada.email.key}"):
        for _ in range(8):
            await answer(limen, identifier)
    await limen.enter()


async def test_strangers_elsewhere_cannot_lock_somebody_out_where_they_are_signed_in() -> None:
    limen = Assembly()
    await limen.register()
    elsewhere = Actor.anonymous(address="198.51.100.7")
    await limen.sign_in.sign_in(identifier="ada@example.org", password=PASSWORD, actor=AT_HOME)
    for _ in range(6):
        with pytest.raises(InvalidCredentials):
            await limen.sign_in.sign_in(
                identifier="ada@example.org", password="wrong password", actor=elsewhere
            )
    with pytest.raises(TooManyAttempts):
        await limen.sign_in.sign_in(
            identifier="ada@example.org", password=PASSWORD, actor=elsewhere
        )
    await limen.sign_in.sign_in(identifier="ada@example.org", password=PASSWORD, actor=AT_HOME)


async def test_a_password_whose_normal_form_is_short_enough_signs_in() -> None:
    limen = Assembly()
    await limen.keys.ensure(actor=OPERATOR)
    password = "e\u0301" * 141
    await limen.users.register(email="ada@example.org", password=password)
    await limen.sign_in.sign_in(identifier="ada@example.org", password=password)
