"""What a refresh stores and tells, how it comes round a race, and how lives are counted."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

import pytest

from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.core.actor import Actor
from limen.core.errors import ConcurrentUpdate, RefreshTokenReused
from limen.core.ids import SessionId
from limen.core.sessions.model import EndReason, Session
from limen.core.tokens.issuing import IssuedTokens
from limen.ports.unit_of_work import UnitOfWork, View
from limen.testing.assembly import Assembly
from limen.testing.fakes import CountingIds

AT_HOME = Actor.anonymous(address="192.0.2.1", user_agent="test", request_id="r1")
TICK = timedelta(microseconds=1)


async def stored(limen: Assembly, session_id: SessionId) -> Session:
    async with limen.unit_of_work.view() as view:
        session = await view.sessions.find(session_id)
    assert session is not None
    return session


async def begin() -> tuple[Assembly, IssuedTokens]:
    limen = Assembly()
    await limen.register()
    return limen, await limen.enter()


@pytest.mark.parametrize("actor", [AT_HOME, None])
async def test_a_refresh_is_told_with_who_did_it_and_which_token_it_was(
    actor: Actor | None,
) -> None:
    limen, tokens = await begin()
    now = limen.clock.advance(timedelta(minutes=5))
    await limen.tokens.refresh(refresh_token=tokens.refresh_token, actor=actor)
    told = await limen.last_event()
    by = (actor or Actor.anonymous()).as_user(tokens.user.id, tokens.session_id)
    assert (told.name, told.at, told.actor) == ("token.refreshed", now, by)
    assert told.user_id == tokens.user.id
    assert told.payload == {"session_id": str(tokens.session_id), "generation": 2}


@pytest.mark.parametrize("actor", [AT_HOME, None])
async def test_reuse_is_told_of_whoever_it_was_and_is_the_reason_of_the_end(
    actor: Actor | None,
) -> None:
    limen, first = await begin()
    second = await limen.tokens.refresh(refresh_token=first.refresh_token)
    await limen.tokens.refresh(refresh_token=second.refresh_token)
    now = limen.clock.advance(timedelta(minutes=5))
    with pytest.raises(RefreshTokenReused):
        await limen.tokens.refresh(refresh_token=first.refresh_token, actor=actor)
    told = await limen.last_event()
    assert (told.name, told.at) == ("token.reuse_detected", now)
    assert (told.actor, told.user_id) == (actor or Actor.anonymous(), first.user.id)
    assert told.payload == {"session_id": str(first.session_id), "generation": 1}
    session = await stored(limen, first.session_id)
    assert (session.ended_at, session.end_reason) == (now, EndReason.REFRESH_REUSED)


async def test_reuse_ends_no_other_session_of_the_user() -> None:
    limen, first = await begin()
    other = await limen.enter()
    await limen.tokens.refresh(refresh_token=first.refresh_token)
    limen.clock.advance(timedelta(minutes=5))
    with pytest.raises(RefreshTokenReused):
        await limen.tokens.refresh(refresh_token=first.refresh_token)
    await limen.tokens.authenticate(other.access_token)


async def test_use_is_noted_once_a_minute() -> None:
    limen, tokens = await begin()
    begun = limen.clock.now()
    limen.clock.advance(timedelta(minutes=1) - TICK)
    tokens = await limen.tokens.refresh(refresh_token=tokens.refresh_token)
    assert tokens.refresh_expires_in == 14 * 24 * 3600 - 60
    session = await stored(limen, tokens.session_id)
    assert session.last_used_at == begun
    now = limen.clock.advance(TICK)
    tokens = await limen.tokens.refresh(refresh_token=tokens.refresh_token)
    session = await stored(limen, tokens.session_id)
    assert session.last_used_at == now
    assert session.idle_expires_at == now + timedelta(days=14)
    assert tokens.refresh_expires_in == 14 * 24 * 3600


class Racing:
    """A store in which somebody else is first, so many times."""

    def __init__(self) -> None:
        self._inner = MemoryUnitOfWorkFactory(MemoryStore(), CountingIds())
        self.times = 0

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[UnitOfWork]:
        async with self._inner() as uow:
            if self.times:
                self.times -= 1
                raise ConcurrentUpdate
            yield uow

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._open()

    def view(self) -> AbstractAsyncContextManager[View]:
        return self._inner.view()


async def test_a_lost_race_is_run_again_and_the_fifth_time_given_up() -> None:
    store = Racing()
    limen = Assembly(store)
    await limen.register()
    tokens = await limen.enter()
    store.times = 4
    tokens = await limen.tokens.refresh(refresh_token=tokens.refresh_token)
    store.times = 5
    with pytest.raises(ConcurrentUpdate):
        await limen.tokens.refresh(refresh_token=tokens.refresh_token)
    assert store.times == 0


async def test_a_family_has_a_seed_of_128_bits() -> None:
    limen, tokens = await begin()
    async with limen.unit_of_work.view() as view:
        standing = await view.families.find_standing(tokens.session_id, limen.clock.now())
    assert standing is not None
    assert len(standing.family.seed.reveal()) == 16


@pytest.mark.parametrize("microseconds", [0, 1, 500_000, 999_999])
async def test_lives_are_told_in_whole_seconds(microseconds: int) -> None:
    limen = Assembly()
    await limen.register()
    limen.clock.advance(timedelta(microseconds=microseconds))
    tokens = await limen.enter()
    assert (tokens.expires_in, tokens.refresh_expires_in) == (900, 1_209_600)
    limen.clock.advance(timedelta(microseconds=300))
    tokens = await limen.tokens.refresh(refresh_token=tokens.refresh_token)
    assert tokens.refresh_expires_in == 1_209_599
    assert isinstance(tokens.refresh_expires_in, int)


async def test_an_access_token_of_a_session_in_its_last_second_lives_no_time_at_all() -> None:
    limen = Assembly()
    await limen.register()
    limen.clock.advance(timedelta(microseconds=700_000))
    tokens = await limen.enter()
    for _ in range(8):
        limen.clock.advance(timedelta(days=10))
        tokens = await limen.tokens.refresh(refresh_token=tokens.refresh_token)
    limen.clock.advance(timedelta(days=10) - TICK)
    tokens = await limen.tokens.refresh(refresh_token=tokens.refresh_token)
    assert tokens.expires_in == 0
