"""What a sign-in stores and tells, what is counted, and against what."""

from datetime import timedelta

import pytest

from limen.core.actor import Actor
from limen.core.errors import (
    HashingBusy,
    InvalidCredentials,
    RefreshTokenInvalid,
    TooManyAttempts,
)
from limen.core.events import SignInFailure
from limen.core.ids import UserId
from limen.core.secret import Secret
from limen.core.signin.admission import reason_to_refuse
from limen.core.signin.levels import FactorPolicy
from limen.core.throttles.charging import charge_registration
from limen.core.throttles.model import (
    Throttle,
    ThrottlePolicy,
    account_key,
    address_key,
    of_user,
    of_user_at,
)
from limen.core.users.model import Status, UserPolicy
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, tokens_of
from limen.testing.builders import a_user
from limen.testing.fakes import NOON, PlainHasher
from limen.testing.machine_builders import a_service_account
from limen.testing.policies import Policies

ADA = "ada@example.org"
AT_HOME = Actor.anonymous(address="192.0.2.1", user_agent="test", request_id="r1")
ELSEWHERE = Actor.anonymous(address="198.51.100.7")


class NotingHasher(PlainHasher):
    """Notes what it is asked; can be made to want upgrades, or to believe everything."""

    def __init__(self) -> None:
        super().__init__()
        self.compared: list[tuple[Secret[str], Secret[str] | None]] = []
        self.hashed = 0
        self.wants_upgrade = False
        self.believes_everything = False

    async def hash(self, password: Secret[str]) -> Secret[str]:
        self.hashed += 1
        return await super().hash(password)

    async def verify(self, password: Secret[str], digest: Secret[str] | None) -> None:
        self.compared.append((password, digest))
        if not self.believes_everything:
            await super().verify(password, digest)

    def needs_upgrade(self, digest: Secret[str]) -> bool:
        return self.wants_upgrade or super().needs_upgrade(digest)


async def told(limen: Assembly) -> tuple[object, ...]:
    event = await limen.last_event()
    return event.name, event.at, event.actor, event.user_id, event.payload


async def fail(limen: Assembly, identifier: str = ADA, actor: Actor | None = None) -> None:
    with pytest.raises(InvalidCredentials):
        await limen.sign_in.sign_in(identifier=identifier, password="wrong one", actor=actor)


async def throttle(limen: Assembly, key: str) -> Throttle:
    async with limen.unit_of_work() as uow:
        (found,) = await uow.throttles.lock([key], limen.clock.now())
    return found


@pytest.mark.parametrize("actor", [AT_HOME, None])
async def test_a_sign_in_is_told_as_an_act_of_the_user(actor: Actor | None) -> None:
    limen = Assembly()
    ada = await limen.register()
    now = limen.clock.advance(timedelta(minutes=1))
    tokens = tokens_of(await limen.sign_in.sign_in(identifier=ADA, password=PASSWORD, actor=actor))
    by = (actor or Actor.anonymous()).as_user(ada.id, tokens.session_id)
    payload = {"session_id": str(tokens.session_id), "methods": ["pwd"]}
    assert await told(limen) == ("signin.succeeded", now, by, ada.id, payload)


@pytest.mark.parametrize("actor", [AT_HOME, None])
async def test_a_refusal_is_told_with_whom_it_was_about_if_there_is_such_a_user(
    actor: Actor | None,
) -> None:
    limen = Assembly()
    ada = await limen.register()
    now = limen.clock.advance(timedelta(minutes=1))
    by = actor or Actor.anonymous()
    await fail(limen, actor=actor)
    reason = {"reason": "wrong_password"}
    assert await told(limen) == ("signin.failed", now, by, ada.id, reason)
    await fail(limen, "nobody@example.org", actor)
    reason = {"reason": "unknown_user"}
    assert await told(limen) == ("signin.failed", now, by, None, reason)
    await limen.users.suspend(ada.id, actor=OPERATOR)
    with pytest.raises(InvalidCredentials):
        await limen.sign_in.sign_in(identifier=ADA, password=PASSWORD, actor=actor)
    reason = {"reason": "suspended"}
    assert await told(limen) == ("signin.failed", now, by, ada.id, reason)


async def test_what_changed_meanwhile_is_told_as_that() -> None:
    class MeddlingHasher(PlainHasher):
        async def verify(self, password: Secret[str], digest: Secret[str] | None) -> None:
            await super().verify(password, digest)
            if is_suspending:
                await limen.users.suspend(ada.id, actor=OPERATOR)

    is_suspending = False
    limen = Assembly(hasher=MeddlingHasher())
    ada = await limen.register()
    is_suspending = True
    with pytest.raises(InvalidCredentials):
        await limen.sign_in.sign_in(identifier=ADA, password=PASSWORD, actor=AT_HOME)
    reason = {"reason": "suspended"}
    assert await told(limen) == ("signin.failed", limen.clock.now(), AT_HOME, ada.id, reason)
    assert await limen.sessions.list(ada.id, actor=OPERATOR) == ()


async def test_an_upgraded_hash_is_told_as_an_act_of_the_user() -> None:
    limen = Assembly()
    ada = await limen.register()
    old = await PlainHasher(cost=2).hash(Secret(PASSWORD))
    async with limen.unit_of_work() as uow:
        credential = await uow.passwords.find(ada.id)
        assert credential is not None
        await uow.passwords.save(credential.upgraded(old))
        await uow.commit()
    tokens = tokens_of(
        await limen.sign_in.sign_in(identifier=ADA, password=PASSWORD, actor=AT_HOME)
    )
    async with limen.unit_of_work.view() as view:
        upgraded, signed_in = (await view.outbox.list(limit=100))[-2:]
        kept = await view.passwords.find(ada.id)
    assert kept is not None
    assert kept.version == credential.version + 2
    assert signed_in.name == "signin.succeeded"
    by = AT_HOME.as_user(ada.id, tokens.session_id)
    assert (upgraded.name, upgraded.at) == ("password.hash_upgraded", limen.clock.now())
    assert (upgraded.actor, upgraded.user_id) == (by, ada.id)


async def test_an_upgrade_that_has_to_wait_keeps_nobody_out() -> None:
    class BusyHasher(PlainHasher):
        async def hash(self, password: Secret[str]) -> Secret[str]:
            if is_busy:
                raise HashingBusy(retry_after=1)
            return await super().hash(password)

        def needs_upgrade(self, digest: Secret[str]) -> bool:
            del digest
            return True

    is_busy = False
    limen = Assembly(hasher=BusyHasher())
    ada = await limen.register()
    is_busy = True
    await limen.enter()
    assert "password.hash_upgraded" not in await limen.event_names(ada.id)


async def test_who_may_not_come_in_gets_no_new_hash_either() -> None:
    hasher = NotingHasher()
    limen = Assembly(hasher=hasher)
    ada = await limen.register()
    await limen.users.suspend(ada.id, actor=OPERATOR)
    hasher.wants_upgrade, hashed = True, hasher.hashed
    with pytest.raises(InvalidCredentials):
        await limen.enter()
    assert hasher.hashed == hashed


@pytest.mark.parametrize("password", ["\ud800", "x" * 257])
async def test_what_can_be_nobodys_password_is_compared_as_an_empty_one(password: str) -> None:
    hasher = NotingHasher()
    limen = Assembly(hasher=hasher)
    await limen.register()
    with pytest.raises(InvalidCredentials):
        await limen.sign_in.sign_in(identifier=ADA, password=password)
    assert hasher.compared == [(Secret(""), None)]


@pytest.mark.parametrize(
    ("identifier", "password"),
    [("nobody@example.org", PASSWORD), ("nopw@example.org", PASSWORD), (ADA, "\ud800")],
)
async def test_not_even_a_hasher_that_believes_everything_lets_just_anybody_in(
    identifier: str, password: str
) -> None:
    hasher = NotingHasher()
    limen = Assembly(hasher=hasher)
    await limen.register()
    await limen.users.create(actor=OPERATOR, email="nopw@example.org")
    hasher.believes_everything = True
    with pytest.raises(InvalidCredentials):
        await limen.sign_in.sign_in(identifier=identifier, password=password)


async def test_the_roles_of_the_user_are_in_the_first_token() -> None:
    limen = Assembly()
    ada = await limen.register()
    for name in ("reader", "editor"):
        await limen.roles.create(actor=OPERATOR, name=name)
        await limen.roles.grant(ada.id, name, actor=OPERATOR)
    tokens = await limen.enter()
    assert (await limen.tokens.authenticate(tokens.access_token)).roles == ("editor", "reader")


async def test_a_session_has_no_label_unless_it_is_given_one() -> None:
    limen = Assembly()
    ada = await limen.register()
    await limen.sign_in.sign_in(identifier=ADA, password=PASSWORD)
    (session,) = await limen.sessions.list(ada.id, actor=OPERATOR)
    assert session.label == ""


async def test_a_wait_of_a_minute_is_worth_telling_and_a_shorter_one_is_not() -> None:
    limen = Assembly()
    ada, now = await limen.register(), limen.clock.now()
    for attempt in range(1, 13):
        await fail(limen, actor=AT_HOME)
        now = limen.clock.now()
        counted = await throttle(limen, account_key(of_user(ada.id)))
        assert counted.attempts == attempt
        limen.clock.advance((counted.blocked_until or now) - now)
    async with limen.unit_of_work.view() as view:
        events = [event for event in await view.outbox.list(limit=100) if "thr" in event.name]
    # The sixth attempt costs a second, the eleventh 32, the twelfth 64.
    (event,) = events
    assert (event.name, event.at, event.actor) == ("signin.throttled", now, AT_HOME)
    until = now + timedelta(seconds=64)
    assert event.user_id == ada.id
    assert event.payload == {"attempts": 12, "until": until.isoformat()}


async def test_attempts_against_strangers_are_told_without_a_user() -> None:
    limen = Assembly()
    for _ in range(12):
        await fail(limen, "nobody@example.org")
        limen.clock.advance(timedelta(minutes=15))
    async with limen.unit_of_work.view() as view:
        events = [event for event in await view.outbox.list(limit=100) if "thr" in event.name]
    assert [event.user_id for event in events] == [None]


async def test_a_wait_of_exactly_a_minute_is_told() -> None:
    policies = Policies(throttle=ThrottlePolicy(free_failures=0, first_wait=timedelta(minutes=1)))
    limen = Assembly(policies=policies)
    await limen.register()
    await fail(limen)
    assert "signin.throttled" in await limen.event_names()


async def test_each_attempt_counts_once_at_the_account_and_once_at_the_address() -> None:
    limen = Assembly()
    ada = await limen.register()
    account, home = account_key(of_user(ada.id)), address_key("192.0.2.1")
    for _ in range(2):
        await fail(limen, actor=AT_HOME)
    assert (await throttle(limen, account)).attempts == 2
    assert (await throttle(limen, home)).attempts == 2
    limen.hasher.is_busy = True
    with pytest.raises(HashingBusy):
        await limen.sign_in.sign_in(identifier=ADA, password=PASSWORD, actor=AT_HOME)
    assert (await throttle(limen, account)).attempts == 2
    assert (await throttle(limen, home)).attempts == 2
    limen.hasher.is_busy = False
    await limen.sign_in.sign_in(identifier=ADA, password=PASSWORD, actor=AT_HOME)
    assert (await throttle(limen, account)).attempts == 0
    assert (await throttle(limen, home)).attempts == 2


async def test_where_somebody_is_signed_in_attempts_count_apart() -> None:
    limen = Assembly()
    ada = await limen.register()
    await limen.sign_in.sign_in(identifier=ADA, password=PASSWORD, actor=ELSEWHERE)
    limen.clock.advance(timedelta(minutes=1))
    await limen.sign_in.sign_in(identifier=ADA, password=PASSWORD, actor=AT_HOME)
    for actor in (AT_HOME, ELSEWHERE, Actor.anonymous(address="203.0.113.9"), None):
        await fail(limen, actor=actor)
    assert (await throttle(limen, account_key(of_user_at(ada.id, "192.0.2.1")))).attempts == 1
    assert (await throttle(limen, account_key(of_user_at(ada.id, "198.51.100.7")))).attempts == 1
    assert (await throttle(limen, account_key(of_user(ada.id)))).attempts == 2


async def test_a_session_of_unknown_address_is_nowhere() -> None:
    limen = Assembly()
    ada = await limen.register()
    await limen.enter()
    await fail(limen)
    await fail(limen, actor=AT_HOME)
    assert (await throttle(limen, account_key(of_user(ada.id)))).attempts == 2


async def test_an_address_that_is_full_keeps_everybody_out_and_counts_no_account() -> None:
    limen = Assembly()
    ada: UserId = (await limen.register()).id
    for number in range(100):
        await fail(limen, f"user{number}@example.org", AT_HOME)
    with pytest.raises(TooManyAttempts) as refused:
        await limen.sign_in.sign_in(identifier=ADA, password=PASSWORD, actor=AT_HOME)
    assert refused.value.retry_after == 900
    assert (await throttle(limen, account_key(of_user(ada)))).attempts == 0


async def test_registrations_are_counted_apart_from_sign_ins() -> None:
    limen = Assembly()
    now, window = limen.clock.now(), timedelta(hours=1)
    for actor in (AT_HOME, Actor.anonymous()):
        async with limen.unit_of_work() as uow:
            await charge_registration(uow, actor, 1, window, now)
            await uow.commit()
    counted = await throttle(limen, address_key("192.0.2.1", "registration"))
    assert (counted.attempts, counted.since) == (1, now)
    assert (await throttle(limen, address_key("192.0.2.1"))).attempts == 0
    with pytest.raises(TooManyAttempts) as refused:
        async with limen.unit_of_work() as uow:
            await charge_registration(uow, AT_HOME, 1, window, now)
    assert refused.value.retry_after == 3600


@pytest.mark.parametrize("status", [Status.PENDING, Status.SUSPENDED])
def test_only_the_active_may_come_in(status: Status) -> None:
    user = a_user(status=status)
    reason = reason_to_refuse(user, UserPolicy())
    assert reason is not None
    assert reason.value == status.value
    assert reason_to_refuse(a_user(), UserPolicy()) is None
    strict = UserPolicy(allows_unverified_sign_in=False)
    assert reason_to_refuse(a_user(), strict) is SignInFailure.UNVERIFIED
    assert reason_to_refuse(a_user(email_verified_at=NOON), strict) is None


def test_a_service_account_comes_in_by_key_alone_and_has_no_address_to_prove() -> None:
    robot = a_service_account("robot")
    strict = UserPolicy(allows_unverified_sign_in=False)
    assert reason_to_refuse(robot, strict) is SignInFailure.NOT_A_PERSON
    assert reason_to_refuse(robot, strict, is_by_key=True) is None


async def test_who_must_have_a_second_factor_by_now_does_not_go_on_without() -> None:
    before = Assembly()
    ada = await before.register()
    await before.roles.create(actor=OPERATOR, name="keeper", permissions=[])
    await before.roles.grant(ada.id, "keeper", actor=OPERATOR)
    tokens = await before.enter()
    factors = FactorPolicy(required_for=frozenset({"keeper"}))
    after = Assembly(before.unit_of_work, policies=Policies(factors=factors))
    with pytest.raises(RefreshTokenInvalid):
        await after.tokens.refresh(refresh_token=tokens.refresh_token)
    await before.tokens.refresh(refresh_token=tokens.refresh_token)


async def test_only_whoever_wants_that_is_remembered_and_only_by_a_cookie() -> None:
    limen = Assembly()
    ada = await limen.register()
    tokens = await limen.enter()
    await limen.sign_in.sign_in_by_cookie(identifier=ADA, password=PASSWORD)
    assert await limen.remembered.list(ada.id, actor=OPERATOR) == ()
    assert (await limen.sessions.list(ada.id, actor=OPERATOR))[0].label == ""
    await limen.tokens.refresh(refresh_token=tokens.refresh_token)
