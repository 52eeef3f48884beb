"""What people do with their passkeys: enrolling, coming in, giving them up."""

from typing import Any, Final

from limen.core.errors import LimenError, PasskeyRefused
from limen.core.passkeys.model import Passkey
from limen.testing.simulation.journal import Call
from limen.testing.simulation.people import Answer
from limen.testing.simulation.town import Act, Town

_KEPT: Final = 3


def use_passkeys(town: Town) -> Act | None:
    """Do one thing with a passkey."""
    return town.chance.pick(_DEEDS)(town)


def _enrol(town: Town) -> Act | None:
    client, worker = town.signed_in(), town.worker()
    shown, person = town.shown_by(client), client.person
    if shown is None:
        return None

    async def work(call: Call) -> Any:
        actor = await town.enter(worker, call, client, shown)
        asked = await worker.limen.passkeys.begin_enrolment(actor=actor)
        answer = person.authenticator.create(asked.options)
        return await worker.limen.passkeys.enrol(
            ceremony=asked.ceremony, answer=answer, actor=actor
        )

    def learn(given: Any) -> None:
        if isinstance(given, Passkey):
            person.passkeys.append(given)
            del person.passkeys[:-_KEPT]

    return town.act(
        "enrol passkey",
        f"of {person.email}",
        worker,
        work,
        tells=("passkey.enrolled",),
        learn=learn,
    )


def come_in(town: Town) -> Act | None:
    """Sign in by a passkey, perhaps one that was removed, or by an answer that was given before."""
    clients = [client for client in town.clients if client.person.authenticator.credentials]
    if not clients:
        return None
    client, worker = town.near(clients), town.worker()
    device, actor = client.person.authenticator, town.actor_at(client)
    is_again = bool(client.answers) and town.chance.happens(0.3)
    kept = town.chance.pick(client.answers) if is_again else None
    credential = device.credentials[-1]
    if town.chance.happens(0.2):
        credential = town.chance.pick(device.credentials)
    service = worker.limen.passkey_sign_in

    async def work(_: Call) -> Any:
        answer = kept
        if answer is None:
            asked = await service.ask(actor=actor)
            answer = Answer(asked.ceremony, device.get(asked.options, credential=credential))
            client.answers.append(answer)
            del client.answers[:-_KEPT]
        return await service.complete(ceremony=answer.ceremony, answer=answer.said, actor=actor)

    act = town.act(
        "sign in by passkey",
        f"at client {client.number}{' again' if is_again else ''}",
        worker,
        work,
        tells=("signin.succeeded",),
    )

    def learn(given: Any) -> None:
        town.remember(client, act.call, given)
        if isinstance(given, PasskeyRefused) and credential in device.credentials:
            device.credentials.remove(credential)

    act.learn = learn
    return act


def _remove(town: Town) -> Act | None:
    client, worker = town.signed_in(), town.worker()
    shown, person = town.shown_by(client), client.person
    if shown is None or not person.passkeys:
        return None
    passkey = town.chance.pick(person.passkeys)

    async def work(call: Call) -> Any:
        actor = await town.enter(worker, call, client, shown)
        await worker.limen.passkeys.remove(shown.user_id, passkey.id, actor=actor)

    def learn(given: Any) -> None:
        if not isinstance(given, LimenError) and passkey in person.passkeys:
            person.passkeys.remove(passkey)

    return town.act(
        "remove passkey",
        f"of {person.email}",
        worker,
        work,
        tells=("passkey.removed",),
        learn=learn,
    )


_DEEDS: Final = (*(_enrol,) * 3, *(come_in,) * 5, _remove)
