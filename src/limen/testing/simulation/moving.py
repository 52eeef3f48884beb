"""Changes of address: asking for them, and agreeing at both ends."""

from typing import Any, Final

from limen.core.emails.service import VerifiedEmail
from limen.testing.simulation.journal import Call
from limen.testing.simulation.people import Client
from limen.testing.simulation.town import Act, Town

_KEPT: Final = 12


def ask_to_move(town: Town) -> Act | None:
    """Ask for another address: one's spare one, or that of somebody else; and have mail sent."""
    client, worker = town.near(in_use(town) or town.clients), town.worker()
    shown = town.shown_by(client)
    if shown is None:
        return None
    other = client.person if town.chance.happens(0.8) else town.chance.pick(town.people)

    async def work(call: Call) -> Any:
        actor = await town.enter(worker, call, client, shown)
        await worker.limen.emails.request_change(new_email=other.spare, actor=actor)
        await worker.limen.delivery.deliver()

    return town.act(
        "ask to move",
        f"{shown.user_id} to {other.spare}",
        worker,
        work,
        tells=("email.change_requested",),
    )


def in_use(town: Town) -> list[Client]:
    """Return the clients whose newest access token still holds."""
    now = town.clock.now()
    return [one for one in town.clients if one.shown and now < one.shown[-1].earliest_end]


def agree(town: Town, client: Client, token: str) -> Act | None:
    """Agree to a change at one end, by the link in a letter, signed in on some device."""
    worker, shown = town.worker(), town.shown_by(client)
    if shown is None:
        return None

    async def work(call: Call) -> Any:
        actor = await town.enter(worker, call, client, shown)
        return await worker.limen.emails.verify(actor=actor, token=token)

    def learn(given: Any) -> None:
        client.person.opened.append(token)
        del client.person.opened[:-_KEPT]
        settle(town, given)

    return town.act(
        "agree to move",
        f"{shown.user_id}",
        worker,
        work,
        learn=learn,
    )


def settle(town: Town, given: Any) -> None:
    """Have people know which of their addresses is in use, if they were told."""
    if not isinstance(given, VerifiedEmail) or given.is_waiting:
        return
    for person in town.people:
        if person.spare == given.user.email.key:
            person.email, person.spare = person.spare, person.email
            person.user_id = given.user.id
