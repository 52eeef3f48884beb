"""What `limen.ports.outbox.Outbox` promises; that events go with the change: `unit_of_work`."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from limen.core.actor import Actor, ActorKind
from limen.core.events import Event, RoleGranted, SignInFailed, SignInFailure, UserUpdated
from limen.core.meter import Meter
from limen.core.secret import Secret
from limen.ports.outbox import StoredEvent
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_session_id, a_user_id, an_event
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import change, keep, look
from limen.testing.fakes import NOON

INSTANT: Final = timedelta(microseconds=1)


async def _list(unit_of_work: UnitOfWorkFactory) -> tuple[StoredEvent, ...]:
    return await look(unit_of_work, lambda view: view.outbox.list())


class OutboxContract(Contract):
    """Events that wait to be told. Fixture: `unit_of_work`."""

    async def test_list_returns_the_actor_as_recorded_without_what_it_could_do_or_show(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        caller = Actor.anonymous(address="2001:db8::1", device=Secret("limen_dm_x"))
        metered = replace(caller, meter=Meter())
        key = metered.as_key(a_user_id(), "limen_ak_1", frozenset({"users.read"}))
        await keep(unit_of_work, an_event(actor=key))
        (found,) = await _list(unit_of_work)
        assert_same(found.actor, key.recorded)
        assert found.actor.scopes == frozenset()
        assert (found.actor.device, found.actor.meter) == (None, None)

    async def test_list_returns_events_with_every_field(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        actor = Actor(
            kind=ActorKind.USER,
            name="Zoë",
            user_id=a_user_id(),
            session_id=a_session_id(),
            request_id="r-1",
            address="2001:db8::1",
            user_agent="Mozilla/5.0 (日本)",
        )
        user_id = a_user_id()
        events: list[Event] = [
            UserUpdated(at=NOON + INSTANT, actor=actor, user_id=user_id, changed=("name", "é")),
            SignInFailed(at=NOON, actor=Actor.anonymous(), reason=SignInFailure.UNKNOWN_USER),
            RoleGranted(
                at=NOON, actor=Actor.system("cli"), user_id=user_id, role="x", ends_at=NOON
            ),
        ]
        await keep(unit_of_work, *events)
        found = await _list(unit_of_work)
        expected = [
            StoredEvent(
                id=stored.id,
                name=event.name,
                at=event.at,
                actor=event.actor,
                user_id=event.user_id,
                payload=event.payload(),
            )
            for event, stored in zip(events, found, strict=True)
        ]
        assert_same(list(found), expected)

    async def test_list_returns_events_in_the_order_of_their_ids_which_is_that_of_emitting(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        instants = [NOON - INSTANT * n for n in range(6)]
        await keep(unit_of_work, *(an_event(at=at) for at in instants[:3]))
        await keep(unit_of_work, *(an_event(at=at) for at in instants[3:]))
        found = await _list(unit_of_work)
        assert [event.at for event in found] == instants
        assert [event.id for event in found] == sorted({event.id for event in found})

    async def test_list_returns_nothing_in_a_new_store(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        assert await _list(unit_of_work) == ()

    async def test_list_goes_on_behind_after_up_to_limit(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, *(an_event(at=NOON + INSTANT * n) for n in range(5)))
        everything = await _list(unit_of_work)
        first = await look(unit_of_work, lambda view: view.outbox.list(limit=2))
        assert_same(first, everything[:2])
        rest = await look(unit_of_work, lambda view: view.outbox.list(after=first[-1].id))
        assert_same(rest, everything[2:])
        last = await look(unit_of_work, lambda view: view.outbox.list(after=first[-1].id, limit=1))
        assert_same(last, everything[2:3])
        assert await look(unit_of_work, lambda v: v.outbox.list(after=everything[-1].id)) == ()

    async def test_list_returns_a_hundred_events_unless_asked_for_more(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, *(an_event() for _ in range(103)))
        assert len(await _list(unit_of_work)) == 100
        assert len(await look(unit_of_work, lambda view: view.outbox.list(limit=200))) == 103

    async def test_list_returns_the_events_of_one_user_if_asked(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        ours, theirs = a_user_id(), a_user_id()
        await keep(unit_of_work, *(an_event(who) for who in (ours, theirs, None, ours)))
        everything = await _list(unit_of_work)
        found = await look(unit_of_work, lambda view: view.outbox.list(user_id=ours))
        assert_same(found, (everything[0], everything[3]))
        async with unit_of_work.view() as view:
            after = everything[0].id
            assert_same(await view.outbox.list(user_id=ours, after=after), (everything[3],))
            assert_same(await view.outbox.list(user_id=ours, limit=1), (everything[0],))

    # --- purge ---

    async def test_purge_removes_events_from_before(self, unit_of_work: UnitOfWorkFactory) -> None:
        old, kept = an_event(at=NOON - INSTANT), an_event(at=NOON)
        await keep(unit_of_work, old, kept)
        assert await change(unit_of_work, lambda uow: uow.outbox.purge(NOON, 100)) == 1
        assert [event.at for event in await _list(unit_of_work)] == [NOON]

    async def test_purge_removes_at_most_limit_and_tells_how_many(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, *(an_event(at=NOON - INSTANT * n) for n in range(1, 6)))
        removed = [
            await change(unit_of_work, lambda uow: uow.outbox.purge(NOON, 2)) for _ in range(4)
        ]
        assert removed == [2, 2, 1, 0]
