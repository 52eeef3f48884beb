"""Second factors: setting an app up, finishing what waits, proving oneself again."""

from base64 import b32decode
from typing import Any, Final

from limen.core.actor import Actor
from limen.core.errors import LimenError, PartialSessionInvalid
from limen.core.factors.making import NewTotp
from limen.core.factors.totp import code_at, step_at
from limen.core.secret import Secret
from limen.testing.assembly import OPERATOR
from limen.testing.simulation.journal import Call
from limen.testing.simulation.people import Person
from limen.testing.simulation.town import Act, Town

_NO_CODE: Final = "000000"


def change_factors(town: Town) -> Act | None:
    """Set an app up, confirm it, or give all factors up."""
    return town.chance.pick((_set_up, _set_up, _set_up, _begin, _confirm, _reset))(town)


def _begin(town: Town) -> Act | None:
    client, worker = town.signed_in(), town.worker()
    shown = town.shown_by(client)
    if shown is None:
        return None
    person = client.person

    async def work(call: Call) -> Any:
        actor = await town.enter(worker, call, client, shown)
        return await worker.limen.factors.begin_totp(actor=actor)

    def learn(given: Any) -> None:
        if isinstance(given, NewTotp):
            person.new_app = given.secret.reveal()

    return town.act(
        "begin app",
        f"of {person.email}",
        worker,
        work,
        tells=("factor.enrolment_begun",),
        learn=learn,
    )


def _set_up(town: Town) -> Act | None:
    """Begin and confirm, one right behind the other."""
    client, worker = town.signed_in(), town.worker()
    shown, person = town.shown_by(client), client.person
    if shown is None:
        return None

    async def work(call: Call) -> Any:
        actor = await town.enter(worker, call, client, shown)
        made = await worker.limen.factors.begin_totp(actor=actor)
        person.new_app = made.secret.reveal()
        code = _read(town, person.new_app)
        return await worker.limen.factors.confirm_totp(code=code, actor=actor)

    def learn(given: Any) -> None:
        if not isinstance(given, LimenError):
            person.app = person.new_app
            person.codes = [made.reveal() for made in given] or person.codes

    return town.act(
        "set up app", f"of {person.email}", worker, work, tells=("factor.enrolled",), learn=learn
    )


def _confirm(town: Town) -> Act | None:
    client, worker = town.signed_in(), town.worker()
    shown, person = town.shown_by(client), client.person
    secret = person.new_app
    if shown is None or secret is None:
        return None
    code = _read(town, secret)

    async def work(call: Call) -> Any:
        actor = await town.enter(worker, call, client, shown)
        return await worker.limen.factors.confirm_totp(code=code, actor=actor)

    def learn(given: Any) -> None:
        if not isinstance(given, LimenError):
            person.app = secret
            person.codes = [made.reveal() for made in given] or person.codes

    def doubt() -> None:
        person.app = secret

    return town.act(
        "confirm app",
        f"of {person.email}",
        worker,
        work,
        tells=("factor.enrolled",),
        learn=learn,
        doubt=doubt,
    )


def _reset(town: Town) -> Act | None:
    target, worker = town.somebody(), town.worker()
    if target is None or town.chance.happens(0.5):
        return None
    return town.act(
        "reset factors",
        f"of {target}",
        worker,
        lambda _: worker.limen.factors.reset(target, actor=OPERATOR),
        holds=lambda: town.journal.now("totps", target) is None,
    )


def finish(town: Town) -> Act | None:
    """Show the second factor of a sign-in that waits, at times once more; or give it up."""
    waiting = [client for client in town.clients if client.partials]
    if not waiting:
        return None
    client, worker = town.chance.pick(waiting), town.worker()
    token = client.partials[-1] if town.chance.happens(0.8) else client.partials[0]
    actor = Actor.anonymous(address=client.address)
    if town.chance.happens(0.1):
        return town.act(
            "stop",
            f"at client {client.number}",
            worker,
            lambda _: worker.limen.second_step.stop(partial_token=token, actor=actor),
            tells=("signin.stopped",),
        )
    code = code_of(town, client.person)
    act = town.act(
        "finish",
        f"at client {client.number}",
        worker,
        lambda _: worker.limen.second_step.finish(partial_token=token, code=code, actor=actor),
        tells=("signin.succeeded",),
    )

    def learn(given: Any) -> None:
        town.remember(client, act.call, given)
        if isinstance(given, PartialSessionInvalid) and token in client.partials:
            client.partials.remove(token)

    act.learn = learn
    return act


def step_up(town: Town) -> Act | None:
    """Prove oneself again, by the password and a code, if one is thought to be needed."""
    client, worker = town.signed_in(), town.worker()
    shown, person = town.shown_by(client), client.person
    if shown is None or not person.passwords:
        return None
    password = person.passwords[-1]
    code = code_of(town, person) if person.app and town.chance.happens(0.9) else None

    async def work(call: Call) -> Any:
        actor = await town.enter(worker, call, client, shown)
        return await worker.limen.step_up.step_up(password=password, code=code, actor=actor)

    act = town.act(
        "step up",
        f"session {shown.session_id} by {'a code' if code else 'no code'}",
        worker,
        work,
        password=password,
        tells=("session.stepped_up",),
    )
    act.learn = lambda given: town.remember_risen(client, act.call, shown, given)
    return act


def code_of(town: Town, person: Person) -> str:
    """Return what somebody shows: a code of their app, a recovery code, or what they make up."""
    if person.codes and town.chance.happens(0.2):
        return town.chance.pick(person.codes)
    if person.app is None or town.chance.happens(0.1):
        return _NO_CODE
    return _read(town, person.app)


def _read(town: Town, secret: str) -> str:
    return code_at(Secret(b32decode(secret)), step_at(town.clock.now())).reveal()
