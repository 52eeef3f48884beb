"""What every machine about mail has: people, a postman, and letters that somebody reads."""

import json
from datetime import timedelta
from typing import Final

from hypothesis.stateful import Bundle, invariant

from limen.core.errors import UserNotFound
from limen.core.messages.model import MessageKind
from limen.core.proofs.model import Purpose, browser_digest, network_digest
from limen.core.secret import Secret
from limen.testing.assembly import OPERATOR
from limen.testing.builders import a_session
from limen.testing.contracts.steps import keep
from limen.testing.fakes import NOON
from limen.testing.machines.inputs import PASSWORDS
from limen.testing.machines.letters import (
    LIVES,
    MOST_TRIES,
    Allowance,
    Asker,
    Letter,
    Person,
    Posted,
    SignedIn,
)
from limen.testing.machines.machine import Bench
from limen.testing.machines.telling import TellingMachine

PLACES: Final = ("telephone", "laptop")
INSTANT: Final = timedelta(microseconds=1)
_NEVER: Final = NOON + timedelta(days=3650)

Slot = tuple[Person, Purpose, Asker]


class MailMachine(TellingMachine):
    """A machine whose model knows which letters there are, and what each is good for."""

    letters: Bundle[Letter] = Bundle("letters")

    def __init__(self, bench: Bench) -> None:
        """Begin with nobody, and no mail."""
        super().__init__(bench)
        self.people: list[Person] = []
        self.posted: list[Posted] = []
        self.kept: dict[Slot, Letter] = {}
        self._allowance = Allowance()
        self._read = 0

    def holder(self, address: str) -> Person | None:
        """Return who has this address now."""
        present = (one for one in self.people if one.is_there and one.email == address)
        return next(present, None)

    def person_at(self, address: str) -> Person:
        """Return who has this address; somebody must."""
        person = self.holder(address)
        assert person is not None
        return person

    def register(self, email: str) -> Person:
        """Register somebody, whose address waits for its proof."""
        user = self.run(self.limen.register(email, PASSWORDS[0]))
        self.story.tell(self.now, f"{email} registers")
        person = Person(user.id, email, PASSWORDS[0], password_since=self.now)
        self.people.append(person)
        self.tell("user.registered")
        self.post(MessageKind.VERIFY_EMAIL, person=person)
        return person

    def enter(self, person: Person, place: str) -> None:
        """Begin a session however it came about."""
        session = a_session(
            person.id, authenticated_at=self.now, idle_expires_at=_NEVER, expires_at=_NEVER
        )
        self.run(keep(self.limen.unit_of_work, session))
        person.enter(place, SignedIn(session.id, self.now))
        self.story.tell(self.now, f"{person} signs in at the {place}")

    def vouch(self, person: Person) -> None:
        """Have the operator take an address for proved."""
        use_case = self.limen.assistance.verify_email(person.id, actor=OPERATOR)
        self.attempt(f"the operator vouches for {person}", use_case)
        if not person.is_proved:
            self.tell("email.verified")
        person.is_proved = True

    def change_standing(self, person: Person) -> None:
        """Shut somebody out, or let them in again."""
        users = self.limen.users
        step = users.reactivate if person.is_shut_out else users.suspend
        did = f"{person} is {'let in' if person.is_shut_out else 'shut out'}"
        self.attempt(did, step(person.id, actor=OPERATOR))
        person.is_shut_out = not person.is_shut_out
        if person.is_shut_out:
            person.end_sessions()
            self.forget_letters(person)
        self.tell("user.suspended" if person.is_shut_out else "user.reactivated")

    # --- letters ---

    def post(
        self,
        kind: MessageKind,
        *,
        person: Person | None = None,
        identifier: str | None = None,
        to: str | None = None,
        new_email: str | None = None,
        asker: Asker = None,
    ) -> None:
        """Write down that a message must have been posted."""
        self.posted.append(Posted(kind, self.now, person, identifier, to, new_email, asker))

    def deliver(self) -> list[Letter]:
        """Have all mail sent, compare it with what must arrive, and return its links and codes."""
        posted, self.posted = self.posted, []
        arriving = [(one, person) for one in posted if (person := self._recipient(one))]
        expected = [(one.kind.value, one.to or person.email) for one, person in arriving]
        self.run(self.limen.delivery.deliver())
        mails = self.limen.mail.mails[self._read :]
        self._read += len(mails)
        self.compare("the mail", [(mail.subject, mail.to) for mail in mails], expected)
        return [
            self._put(one, person, json.loads(mail.text))
            for (one, person), mail in zip(arriving, mails, strict=True)
            if one.purpose is not None
        ]

    def _recipient(self, posted: Posted) -> Person | None:
        """Return who gets it, if anybody does."""
        person = posted.person
        if person is None:
            person = self.holder(posted.identifier or "")
        if person is None or not person.is_there or not posted.is_wanted(person):
            return None
        if posted.is_stale(person, self.now):
            return None
        to = posted.to or person.email
        network = posted.asker if isinstance(posted.asker, str) else None
        return person if self._allowance.allows(posted.kind, to, network, self.now) else None

    def _put(self, posted: Posted, person: Person, values: dict[str, str]) -> Letter:
        purpose = posted.purpose
        assert purpose is not None
        letter = Letter(
            person=person,
            purpose=purpose,
            to=posted.to or person.email,
            until=self.now + LIVES[purpose],
            token=values["link"].partition("#")[2],
            code=values["code"],
            new_email=posted.new_email,
            asker=posted.asker,
        )
        earlier = self.kept.get((person, purpose, posted.asker))
        if earlier is not None and earlier.is_live(self.now):
            letter.tries = earlier.tries
        self.keep(letter)
        return letter

    def keep(self, letter: Letter) -> None:
        """Put a letter in place of any earlier one."""
        slot = (letter.person, letter.purpose, letter.asker)
        if slot in self.kept:
            self.kept[slot].is_kept = False
        self.kept[slot] = letter

    def charge(self, *slots: Slot) -> list[Letter]:
        """Count a try of a code against each of these letters; return those that had one left."""
        found = [self.kept[slot] for slot in slots if slot in self.kept]
        charged = [letter for letter in found if letter.tries < MOST_TRIES]
        for letter in charged:
            letter.tries += 1
        return charged

    def forget_letters(self, person: Person) -> None:
        """Forget all that were sent to somebody."""
        for slot in [slot for slot in self.kept if slot[0] is person]:
            self.kept.pop(slot).is_kept = False

    def purge_letters(self) -> None:
        """Have the store purged, and forget the letters that are over."""
        purged = self.purge_all()
        over = [slot for slot, letter in self.kept.items() if letter.until < self.now]
        self.compare("how many letters were purged", purged.proofs, len(over))
        for slot in over:
            self.kept.pop(slot).is_kept = False

    # --- what always holds ---

    @invariant()
    def the_store_has_the_letters_of_the_model(self) -> None:
        for (person, purpose, asker), letter in self.kept.items():
            found = self.run(self._find(person, purpose, asker))
            self.compare(f"{letter} in the store", found, (letter.tries, letter.is_spent))

    @invariant()
    def everybody_is_who_the_model_says(self) -> None:
        for person in self.people:
            found = self.run(self._known(person))
            live = {one.id for one in person.begun if not one.is_over}
            expected = (person.email, person.is_proved, person.password is not None, live)
            self.compare(f"what is known of {person}", found, expected if person.is_there else None)

    async def _find(
        self, person: Person, purpose: Purpose, asker: Asker
    ) -> tuple[int, bool] | None:
        digest = network_digest(asker) if isinstance(asker, str) else None
        if isinstance(asker, Secret):
            digest = browser_digest(asker)
        async with self.limen.unit_of_work.view() as view:
            proof = await view.proofs.find_of(person.id, purpose, digest)
        return None if proof is None else (proof.tries, proof.spent_at is not None)

    async def _known(self, person: Person) -> object:
        async with self.limen.unit_of_work.view() as view:
            try:
                user = await view.users.get(person.id)
            except UserNotFound:
                return None
            credential = await view.passwords.find(person.id)
            live = {one.id for one in await view.sessions.list_live(person.id, self.now)}
        is_proved = user.email_verified_at is not None
        return user.email.address, is_proved, credential is not None, live
