"""What browsers do: sessions in cookies, and coming back to a browser that remembers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from limen.core.actor import Actor
from limen.core.errors import RememberedInvalid, RememberedReused, SessionEnded
from limen.testing.simulation import proving
from limen.testing.simulation.coming_in import credentials
from limen.testing.simulation.journal import Call
from limen.testing.simulation.people import Carried, Client, Worker
from limen.testing.simulation.town import Act, Town

_REMEMBERED: Final = 0.7


@dataclass(frozen=True, slots=True)
class _Visit:
    """Somebody who was let in by a cookie, and the worker they came to."""

    worker: Worker
    call: Call
    client: Client
    carried: Carried
    actor: Actor


def browse(town: Town) -> Act | None:
    """Do one thing in a browser."""
    return town.chance.pick(_DEEDS)(town)


def sign_in(town: Town) -> Act:
    """Sign in to a session that the browser carries, and may be remembered by."""
    client, worker = town.client(), town.worker()
    name, password = credentials(town, client)
    is_remembered, actor = town.chance.happens(_REMEMBERED), town.actor_at(client)
    act = town.act(
        "sign in by cookie",
        f"as {name} with {password!r}",
        worker,
        lambda _: worker.limen.sign_in.sign_in_by_cookie(
            identifier=name, password=password, is_remembered=is_remembered, actor=actor
        ),
        password=password,
        over=town.called(name),
        tells=("signin.succeeded", "signin.first_factor_proved"),
    )
    act.learn = lambda given: town.remember(client, act.call, given)
    return act


def finish(town: Town) -> Act | None:
    """Finish a sign-in that waits, in a browser."""
    waiting = [client for client in town.clients if client.partials]
    if not waiting:
        return None
    client, worker = town.chance.pick(waiting), town.worker()
    token, actor = client.partials[-1], town.actor_at(client)
    code = proving.code_of(town, client.person)
    act = town.act(
        "finish by cookie",
        f"at client {client.number}",
        worker,
        lambda _: worker.limen.second_step.finish_by_cookie(
            partial_token=token, code=code, is_remembered=True, actor=actor
        ),
        tells=("signin.succeeded",),
    )
    act.learn = lambda given: town.remember(client, act.call, given)
    return act


def exchange(town: Town) -> Act | None:
    """Have a cookie carry what tokens did, by a refresh token that may be used up."""
    client, worker = town.signed_in(), town.worker()
    shown = town.shown_by(client)
    if shown is None:
        return None
    actor, is_remembered = town.actor_at(client), town.chance.happens(_REMEMBERED)
    act = town.act(
        "exchange",
        f"session {shown.session_id}",
        worker,
        lambda _: worker.limen.cookie_sessions.exchange(
            refresh_token=shown.refresh, is_remembered=is_remembered, actor=actor
        ),
        tells=("session.cookie_set",),
    )
    act.learn = lambda given: town.remember(client, act.call, given)
    return act


def come_back(town: Town) -> Act | None:
    """Show what a browser is remembered by: the newest, or one that was used, or copied."""
    clients = [client for client in town.clients if client.credentials]
    if not clients:
        return None
    client, worker = town.near(clients), town.worker()
    is_newest = town.chance.happens(0.8)
    text = client.credentials[-1] if is_newest else town.chance.pick(client.credentials)
    actor = town.actor_at(client)
    act = town.act(
        "come back",
        f"at client {client.number}",
        worker,
        lambda _: worker.limen.remembered.exchange(credential=text, actor=actor),
        credential=text,
        tells=("session.identified",),
    )

    def learn(given: Any) -> None:
        town.remember(client, act.call, given)
        if isinstance(given, RememberedInvalid | RememberedReused) and text in client.credentials:
            client.credentials.remove(text)

    act.learn = learn
    return act


def _in_browser(
    town: Town,
    name: str,
    doing: Callable[[_Visit], Any],
    *,
    takes_identified: bool = True,
    **more: Any,
) -> Act | None:
    """Have something done by whoever shows a cookie: mostly the newest of a browser."""
    clients = [client for client in town.clients if client.cookies]
    if not clients:
        return None
    client, worker = town.near(clients), town.worker()
    is_newest = town.chance.happens(0.7)
    carried = client.cookies[-1] if is_newest else town.chance.pick(client.cookies)

    async def work(call: Call) -> Any:
        actor = await town.enter_by_cookie(
            worker, call, client, carried, takes_identified=takes_identified
        )
        return await doing(_Visit(worker, call, client, carried, actor))

    act = town.act(name, f"session {carried.session_id}", worker, work, **more)

    def learn(given: Any) -> None:
        town.remember(client, act.call, given)
        if isinstance(given, SessionEnded) and carried in client.cookies:
            client.cookies.remove(carried)

    act.learn = learn
    return act


def look(town: Town) -> Act | None:
    """List one's own sessions, which whoever is remembered may, too."""
    return _in_browser(
        town,
        "look",
        lambda at: at.worker.limen.sessions.list(at.carried.user_id, actor=at.actor),
    )


def look_closer(town: Town) -> Act | None:
    """List where one is remembered, which needs a session in which something was proved."""
    return _in_browser(
        town,
        "look closer",
        lambda at: at.worker.limen.remembered.list(at.carried.user_id, actor=at.actor),
        takes_identified=False,
    )


def overreach(town: Town) -> Act | None:
    """Ask, from a door that takes whoever is remembered, for what takes a proof."""
    return _in_browser(
        town,
        "overreach",
        lambda at: at.worker.limen.sessions.revoke_others(actor=at.actor),
    )


def step_up(town: Town) -> Act | None:
    """Prove oneself again in a browser, which gets another cookie."""

    async def rise(at: _Visit) -> Any:
        person, call = at.client.person, at.call
        call.password = person.passwords[-1] if person.passwords else "no password"
        call.cookie = at.carried.text
        return await at.worker.limen.step_up.step_up(
            password=call.password,
            code=proving.code_of(town, person) if person.app else None,
            cookie=call.cookie,
            actor=at.actor,
        )

    return _in_browser(town, "step up by cookie", rise, tells=("session.stepped_up",))


def leave(town: Town) -> Act | None:
    """Sign out of a browser, which is to forget who was here."""
    return _in_browser(
        town, "sign out", lambda at: at.worker.limen.sessions.sign_out(actor=at.actor)
    )


_DEEDS: Final = (
    *(sign_in,) * 3,
    finish,
    *(exchange,) * 2,
    *(come_back,) * 5,
    *(look,) * 2,
    *(look_closer,) * 2,
    overreach,
    *(step_up,) * 3,
    leave,
)
