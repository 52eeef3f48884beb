"""What goes by mail: asking for letters, sending them, and opening whatever lies in a box."""

import json
from dataclasses import dataclass
from typing import Any, Final

from limen.core.actor import Actor
from limen.core.errors import LimenError
from limen.core.messages.model import MessageKind
from limen.core.secret import Secret
from limen.testing.simulation import moving
from limen.testing.simulation.journal import Call
from limen.testing.simulation.people import Client, Person, Worker
from limen.testing.simulation.town import Act, Town

_KEPT: Final = 12
_ENDS: Final = (MessageKind.APPROVE_EMAIL_CHANGE, MessageKind.CONFIRM_EMAIL_CHANGE)
_WRONG: Final = "BCDF-GHJK"


@dataclass(frozen=True, slots=True)
class _Letter:
    """A link and a code that somebody reads, and what for."""

    kind: str
    person: Person
    token: str
    code: str


def ask_for_letter(town: Town) -> Act:
    """Ask for a letter, for whatever reason."""
    return town.chance.pick((_forget, _ask_to_verify, _ask_for_link))(town)


def _forget(town: Town) -> Act:
    client, worker, person = town.client(), town.worker(), town.person()
    actor = Actor.anonymous(address=client.address)
    return town.act(
        "forget password",
        f"of {person.email}",
        worker,
        lambda _: worker.limen.recovery.forgot(identifier=person.email, actor=actor),
        tells=("password.reset_requested",),
    )


def _ask_to_verify(town: Town) -> Act:
    client, worker, person = town.client(), town.worker(), town.person()
    actor = Actor.anonymous(address=client.address)
    return town.act(
        "ask to verify",
        person.email,
        worker,
        lambda _: worker.limen.emails.send_verification(identifier=person.email, actor=actor),
    )


def _ask_for_link(town: Town) -> Act:
    client, worker = town.client(), town.worker()
    actor = Actor.anonymous(address=client.address)

    def learn(given: Any) -> None:
        if isinstance(given, Secret):
            client.browser = given.reveal()

    return town.act(
        "ask for link",
        f"for {client.person.email}",
        worker,
        lambda _: worker.limen.links.ask(identifier=client.person.email, actor=actor),
        tells=("signin.link_requested",),
        learn=learn,
    )


def deliver(town: Town) -> Act:
    """Have a worker send what waits."""
    worker = town.worker()
    return town.act("deliver", "", worker, lambda _: worker.limen.delivery.deliver())


def open_letter(town: Town) -> Act | None:
    """Use a link or a code: of the newest letter, an old one, or one that somebody else reads."""
    letters = [letter for worker in town.workers for letter in _letters(town, worker)]
    if not letters:
        return None
    return _open(town, letters[-1] if town.chance.happens(0.5) else town.chance.pick(letters))


def agree(town: Town) -> Act | None:
    """Agree to a change of address at one of its ends, or ask for one."""
    letters = [letter for worker in town.workers for letter in _letters(town, worker)]
    ends = [
        letter
        for letter in letters
        if letter.kind in _ENDS and letter.token not in letter.person.opened
    ]
    if not ends:
        return moving.ask_to_move(town)
    letter = town.chance.pick(ends)
    readers = [client for client in moving.in_use(town) if client.person is letter.person]
    if not readers:
        return _open(town, letter)
    return moving.agree(town, town.chance.pick(readers), letter.token)


def _open(town: Town, letter: _Letter) -> Act | None:
    shown = _shown(town, letter)
    if letter.kind == MessageKind.RESET_PASSWORD:
        return _reset(town, letter, shown)
    if letter.kind == MessageKind.SIGN_IN:
        return _come_in(town, letter, shown)
    return _verify(town, letter, shown)


def _letters(town: Town, worker: Worker) -> list[_Letter]:
    """Read what a worker has sent; what it sent long ago nobody keeps."""
    mails = worker.limen.mail.mails
    del mails[:-_KEPT]
    people = {address: one for one in town.people for address in (one.email, one.spare)}
    found = []
    for mail in mails:
        values = json.loads(mail.text)
        person = people.get(mail.to.lower())
        if "link" in values and person is not None:
            token = values["link"].rpartition("#")[2]
            found.append(_Letter(mail.subject, person, token, values["code"]))
    return found


def _shown(town: Town, letter: _Letter) -> dict[str, str]:
    if town.chance.happens(0.7):
        return {"token": letter.token}
    code = letter.code if town.chance.happens(0.7) else _WRONG
    return {"identifier": letter.person.email, "code": code}


def _reset(town: Town, letter: _Letter, shown: dict[str, Any]) -> Act:
    client, worker, new = town.client(), town.worker(), town.new_password()
    actor = Actor.anonymous(address=client.address)
    return town.act(
        "reset password",
        f"of {letter.person.email} to {new!r}",
        worker,
        lambda _: worker.limen.recovery.reset(new=new, actor=actor, **shown),
        tells=("password.reset",),
        learn=lambda given: None if isinstance(given, LimenError) else letter.person.may_be(new),
        doubt=lambda: letter.person.may_be(new),
    )


def _verify(town: Town, letter: _Letter, shown: dict[str, Any]) -> Act:
    client, worker = town.client(), town.worker()
    person = letter.person
    knows = bool(person.passwords) and town.chance.happens(0.5)
    password = person.passwords[-1] if knows else None
    actor = Actor.anonymous(address=client.address)
    return town.act(
        "verify",
        f"{person.email} {'knowing' if knows else 'not knowing'} the password",
        worker,
        lambda _: worker.limen.emails.verify(password=password, actor=actor, **shown),
        password=password,
        learn=lambda given: moving.settle(town, given),
    )


def _come_in(town: Town, letter: _Letter, shown: dict[str, Any]) -> Act:
    client = _asker(town, letter)
    worker, browser = town.worker(), client.browser or "another browser"
    actor = Actor.anonymous(address=client.address)

    async def work(call: Call) -> Any:
        call.browser = browser
        return await worker.limen.links.complete(browser=browser, actor=actor, **shown)

    act = town.act(
        "open link",
        f"of {letter.person.email} at client {client.number}",
        worker,
        work,
        tells=("signin.succeeded", "signin.first_factor_proved"),
    )
    act.learn = lambda given: town.remember(client, act.call, given)
    return act


def _asker(town: Town, letter: _Letter) -> Client:
    """Return a client that may have asked: mostly one of the person that the letter is for."""
    near = [c for c in town.clients if c.person is letter.person and c.browser]
    return town.chance.pick(near) if near and town.chance.happens(0.8) else town.client()
