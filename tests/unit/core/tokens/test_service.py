import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.core.errors import (
    NoSigningKey,
    RefreshTokenInvalid,
    RefreshTokenReused,
    SessionEnded,
    StorageUnavailable,
    TokenExpired,
    TokenInvalid,
)
from limen.core.keys.model import KeyState
from limen.core.users.model import Status
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory, View
from limen.testing.assembly import OPERATOR, Assembly, acting
from limen.testing.fakes import CountingIds


async def test_a_refresh_gives_new_tokens_for_the_same_session() -> None:
    limen = Assembly()
    await limen.register()
    first = await limen.enter()
    limen.clock.advance(timedelta(minutes=20))
    second = await limen.tokens.refresh(refresh_token=first.refresh_token)
    assert second.session_id == first.session_id
    assert second.refresh_token != first.refresh_token
    claims = await limen.tokens.authenticate(second.access_token)
    assert claims.authenticated_at == claims.issued_at - timedelta(minutes=20)
    assert (await limen.event_names())[-1] == "token.refreshed"


async def test_a_lost_answer_is_given_again_within_the_grace() -> None:
    limen = Assembly()
    await limen.register()
    first = await limen.enter()
    second = await limen.tokens.refresh(refresh_token=first.refresh_token)
    limen.clock.advance(timedelta(seconds=9))
    again = await limen.tokens.refresh(refresh_token=first.refresh_token)
    assert again.refresh_token == second.refresh_token
    assert (await limen.event_names()).count("token.refreshed") == 1
    await limen.tokens.refresh(refresh_token=second.refresh_token)


async def test_reuse_after_the_grace_ends_the_session_and_is_told_once() -> None:
    limen = Assembly()
    await limen.register()
    first = await limen.enter()
    second = await limen.tokens.refresh(refresh_token=first.refresh_token)
    limen.clock.advance(timedelta(seconds=10))
    with pytest.raises(RefreshTokenReused):
        await limen.tokens.refresh(refresh_token=first.refresh_token)
    for token in (first, second):
        with pytest.raises(RefreshTokenInvalid):
            await limen.tokens.refresh(refresh_token=token.refresh_token)
    with pytest.raises(SessionEnded):
        await limen.tokens.authenticate(second.access_token)
    assert (await limen.event_names()).count("token.reuse_detected") == 1


async def test_use_keeps_a_session_alive_up_to_its_absolute_end() -> None:
    limen = Assembly()
    await limen.register()
    tokens = await limen.enter()
    for _ in range(6):
        limen.clock.advance(timedelta(days=13))
        tokens = await limen.tokens.refresh(refresh_token=tokens.refresh_token)
    limen.clock.advance(timedelta(days=12, hours=-1))
    tokens = await limen.tokens.refresh(refresh_token=tokens.refresh_token)
    assert tokens.refresh_expires_in == 3600
    limen.clock.advance(timedelta(hours=1))
    with pytest.raises(RefreshTokenInvalid):
        await limen.tokens.refresh(refresh_token=tokens.refresh_token)


async def test_an_access_token_never_outlives_its_session() -> None:
    limen = Assembly()
    await limen.register()
    tokens = await limen.enter()
    for _ in range(6):
        limen.clock.advance(timedelta(days=13))
        tokens = await limen.tokens.refresh(refresh_token=tokens.refresh_token)
    limen.clock.advance(timedelta(days=12) - timedelta(minutes=5))
    tokens = await limen.tokens.refresh(refresh_token=tokens.refresh_token)
    assert tokens.expires_in == 300


async def test_an_idle_session_is_over() -> None:
    limen = Assembly()
    await limen.register()
    tokens = await limen.enter()
    limen.clock.advance(timedelta(days=14))
    with pytest.raises(RefreshTokenInvalid):
        await limen.tokens.refresh(refresh_token=tokens.refresh_token)


async def test_a_family_whose_user_may_not_come_in_gives_nothing() -> None:
    limen = Assembly()
    ada = await limen.register()
    tokens = await limen.enter()
    async with limen.unit_of_work() as uow:
        # Around the services, which would have ended the session too.
        user = await uow.users.lock(ada.id)
        await uow.users.save(replace(user, status=Status.SUSPENDED, version=user.version + 1))
        await uow.commit()
    with pytest.raises(RefreshTokenInvalid):
        await limen.tokens.refresh(refresh_token=tokens.refresh_token)


async def test_tokens_that_are_none_are_refused() -> None:
    limen = Assembly()
    await limen.register()
    other = Assembly(seed=1)
    await other.register()
    foreign = await other.enter()
    for text in ("", "x", foreign.refresh_token.reveal()):
        with pytest.raises(RefreshTokenInvalid):
            await limen.tokens.refresh(refresh_token=text)
    for text in ("", "a.b.c", "x" * 5000, foreign.refresh_token.reveal()):
        with pytest.raises(TokenInvalid):
            await limen.tokens.authenticate(text)


async def test_an_access_token_lives_a_quarter_of_an_hour_also_when_it_is_remembered() -> None:
    limen = Assembly()
    await limen.register()
    tokens = await limen.enter()
    await limen.tokens.authenticate(tokens.access_token)
    limen.clock.advance(timedelta(minutes=15))
    with pytest.raises(TokenExpired):
        await limen.tokens.authenticate(tokens.access_token)


async def test_a_changed_letter_makes_another_token() -> None:
    limen = Assembly()
    await limen.register()
    text = (await limen.enter()).access_token.reveal()
    await limen.tokens.authenticate(text)
    body = text.split(".")[1]
    forged = text.replace(body, body[:-2] + ("AA" if body[-2:] != "AA" else "BB"))
    with pytest.raises(TokenInvalid):
        await limen.tokens.authenticate(forged)


def two_nodes() -> tuple[Assembly, Assembly]:
    """Two limens over one store, of which neither knows what the other does."""
    store = MemoryUnitOfWorkFactory(MemoryStore(), CountingIds())
    here = Assembly(store)
    return here, Assembly(store, clock=here.clock, seed=1)


async def test_an_ending_elsewhere_counts_here_within_two_seconds() -> None:
    here, there = two_nodes()
    await here.register()
    tokens = await here.enter()
    await here.tokens.authenticate(tokens.access_token)
    await there.sessions.sign_out(actor=acting(tokens))
    here.clock.advance(timedelta(seconds=2, microseconds=-1))
    await here.tokens.authenticate(tokens.access_token)
    here.clock.advance(timedelta(microseconds=1))
    with pytest.raises(SessionEnded):
        await here.tokens.authenticate(tokens.access_token)


class Outage:
    """A store that can be out."""

    def __init__(self, inner: UnitOfWorkFactory) -> None:
        self._inner = inner
        self.is_out = False

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._inner()

    def view(self) -> AbstractAsyncContextManager[View]:
        if self.is_out:
            raise StorageUnavailable
        return self._inner.view()


async def test_while_the_store_is_out_tokens_are_believed_for_five_seconds_and_no_longer() -> None:
    store = Outage(Assembly().unit_of_work)
    limen = Assembly(store)
    await limen.register()
    tokens = await limen.enter()
    await limen.tokens.authenticate(tokens.access_token)
    store.is_out = True
    limen.clock.advance(timedelta(seconds=4))
    await limen.tokens.authenticate(tokens.access_token)
    limen.clock.advance(timedelta(seconds=1))
    with pytest.raises(StorageUnavailable):
        await limen.tokens.authenticate(tokens.access_token)
    store.is_out = False
    await limen.tokens.authenticate(tokens.access_token)


async def test_after_an_ending_of_our_own_nothing_is_believed_until_the_list_was_read() -> None:
    store = Outage(Assembly().unit_of_work)
    limen = Assembly(store)
    await limen.register()
    tokens = await limen.enter()
    await limen.tokens.authenticate(tokens.access_token)
    await limen.sessions.sign_out(actor=acting(tokens))
    store.is_out = True
    with pytest.raises(StorageUnavailable):
        await limen.tokens.authenticate(tokens.access_token)
    store.is_out = False
    with pytest.raises(SessionEnded):
        await limen.tokens.authenticate(tokens.access_token)


class Breaking:
    """A store whose next view breaks after something has happened behind its back."""

    def __init__(self, inner: UnitOfWorkFactory) -> None:
        self._inner = inner
        self.happening: Callable[[], Awaitable[None]] | None = None

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._inner()

    @asynccontextmanager
    async def view(self) -> AsyncIterator[View]:
        happening, self.happening = self.happening, None
        if happening is not None:
            await happening()
            raise StorageUnavailable
        async with self._inner.view() as view:
            yield view


async def test_an_ending_during_a_reading_that_fails_is_not_forgotten() -> None:
    store = Breaking(Assembly().unit_of_work)
    limen = Assembly(store)
    await limen.register()
    tokens = await limen.enter()
    await limen.tokens.authenticate(tokens.access_token)
    limen.clock.advance(timedelta(seconds=3))
    store.happening = lambda: limen.sessions.sign_out(actor=acting(tokens))
    for _ in range(2):
        with pytest.raises((StorageUnavailable, SessionEnded)):
            await limen.tokens.authenticate(tokens.access_token)
    with pytest.raises(SessionEnded):
        await limen.tokens.authenticate(tokens.access_token)


async def test_a_caller_who_goes_away_stops_nobody_elses_reading() -> None:
    gate = asyncio.Event()
    store = Breaking(Assembly().unit_of_work)
    limen = Assembly(store)
    await limen.register()
    tokens = await limen.enter()
    await limen.tokens.authenticate(tokens.access_token)
    await limen.sessions.sign_out(actor=acting(tokens))

    async def wait() -> None:
        await gate.wait()

    store.happening = wait
    first = asyncio.create_task(limen.tokens.authenticate(tokens.access_token))
    second = asyncio.create_task(limen.tokens.authenticate(tokens.access_token))
    await asyncio.sleep(0)
    first.cancel()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await first
    with pytest.raises(StorageUnavailable):
        await second
    with pytest.raises(SessionEnded):
        await limen.tokens.authenticate(tokens.access_token)


@pytest.mark.parametrize("lost", [StorageUnavailable, asyncio.CancelledError])
async def test_after_a_commit_of_unknown_outcome_the_list_is_read_again(
    lost: type[BaseException],
) -> None:
    limen, there = two_nodes()
    await limen.register()
    tokens = await limen.enter()
    await limen.tokens.authenticate(tokens.access_token)
    await there.sessions.sign_out(actor=acting(tokens))
    await limen.tokens.authenticate(tokens.access_token)
    with pytest.raises(lost):
        async with limen.unit_of_work():
            raise lost
    with pytest.raises(SessionEnded):
        await limen.tokens.authenticate(tokens.access_token)


async def test_a_clock_that_jumps_back_makes_nothing_older_look_fresh() -> None:
    limen, there = two_nodes()
    await limen.register()
    tokens = await limen.enter()
    await limen.tokens.authenticate(tokens.access_token)
    limen.clock.advance(timedelta(seconds=-3))
    await there.sessions.sign_out(actor=acting(tokens))
    with pytest.raises(SessionEnded):
        await limen.tokens.authenticate(tokens.access_token)


async def test_a_new_key_is_announced_then_signs_and_the_old_one_verifies_on() -> None:
    limen = Assembly()
    await limen.register()
    tokens = await limen.enter()
    await limen.keys.rotate(actor=OPERATOR)
    assert len(await limen.keys.jwks()) == 2
    limen.clock.advance(timedelta(minutes=10))
    renewed = await limen.tokens.refresh(refresh_token=tokens.refresh_token)
    await limen.tokens.authenticate(renewed.access_token)
    await limen.tokens.authenticate(tokens.access_token)
    states = [kept.state for kept in await limen.keys.list(actor=OPERATOR)]
    assert states == [KeyState.VERIFYING, KeyState.SIGNING]
    limen.clock.advance(timedelta(minutes=17))
    assert len(await limen.keys.jwks()) == 1
    await limen.keys.rotate(actor=OPERATOR)
    assert len(await limen.keys.list(actor=OPERATOR)) == 2


async def test_ensuring_twice_makes_one_key() -> None:
    limen = Assembly()
    await limen.keys.ensure(actor=OPERATOR)
    await limen.keys.ensure(actor=OPERATOR)
    assert len(await limen.keys.list(actor=OPERATOR)) == 1


async def test_without_a_key_nobody_gets_a_token() -> None:
    limen = Assembly()
    await limen.users.register(email="ada@example.org", password="correct horse battery")
    with pytest.raises(NoSigningKey):
        await limen.enter()


async def test_a_key_of_another_node_is_found_when_its_first_token_comes() -> None:
    here, there = two_nodes()
    await here.register()
    tokens = await here.enter()
    await there.tokens.authenticate(tokens.access_token)


async def test_a_refresh_token_of_no_session_is_refused() -> None:
    limen = Assembly()
    await limen.register()
    tokens = await limen.enter()
    async with limen.unit_of_work() as uow:
        await uow.users.remove(tokens.user.id)
        await uow.commit()
    with pytest.raises(RefreshTokenInvalid):
        await limen.tokens.refresh(refresh_token=tokens.refresh_token)


async def test_a_token_lives_its_whole_life_also_when_it_is_not_issued_on_the_second() -> None:
    limen = Assembly()
    await limen.register()
    limen.clock.advance(timedelta(microseconds=700_000))
    tokens = await limen.enter()
    assert tokens.expires_in == 900
    limen.clock.advance(timedelta(seconds=900, microseconds=-1))
    await limen.tokens.authenticate(tokens.access_token)
    limen.clock.advance(timedelta(seconds=1))
    with pytest.raises(TokenExpired):
        await limen.tokens.authenticate(tokens.access_token)
