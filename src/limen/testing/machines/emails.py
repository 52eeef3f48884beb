"""Addresses: whose each one is, told by the letters that were read and by whom."""

from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import MultipleResults, initialize, multiple, rule

from limen.core.actor import Actor
from limen.core.emails.service import VerifiedEmail
from limen.core.errors import (
    CurrentPasswordWrong,
    EmailTaken,
    InvalidInput,
    LimenError,
    NotSignedIn,
    ProofInvalid,
)
from limen.core.messages.model import MessageKind
from limen.core.proofs.model import Purpose
from limen.testing.machines.inputs import PASSWORDS
from limen.testing.machines.letters import DAY, HOUR, LIVES, NO_CODE, Letter, Person
from limen.testing.machines.mail import INSTANT, PLACES, MailMachine

Refusals = tuple[type[LimenError], ...]

_ADDRESSES: Final = ("ada@example.org", "eve@example.org", "new@example.org")
_ADDRESS: Final = st.sampled_from(_ADDRESSES)
_PLACE: Final = st.sampled_from(PLACES)
_SPANS: Final = st.sampled_from(
    [timedelta(minutes=10), HOUR - INSTANT, INSTANT, HOUR, DAY - INSTANT, DAY]
)
# Who shows a link or a code: a stranger, somebody who knows the password or not, somebody signed in
# to the account or to another one.
_HOW: Final = st.sampled_from(["stranger", "stranger", "knows", "guesses", "signed in", "other"])
_STRANGER: Final = Actor.anonymous()
# Where somebody looks for a code, in this order.
_LOOKED_FOR: Final = (
    Purpose.VERIFY_EMAIL,
    Purpose.APPROVE_EMAIL_CHANGE,
    Purpose.CONFIRM_EMAIL_CHANGE,
)
_OTHER_END: Final = {
    Purpose.APPROVE_EMAIL_CHANGE: Purpose.CONFIRM_EMAIL_CHANGE,
    Purpose.CONFIRM_EMAIL_CHANGE: Purpose.APPROVE_EMAIL_CHANGE,
}
_WRONG: Final = "not anybody's password"


@dataclass(frozen=True)
class Showing:
    """Somebody shows a letter: what they do, who they are to its person, and where."""

    did: str
    letter: Letter
    how: str
    place: str

    @property
    def is_at_home(self) -> bool:
        """Whether they are signed in to the account."""
        return self.how == "signed in" and self.place in self.letter.person.sessions

    @property
    def is_by_maker(self) -> bool:
        """Whether they made the account, as far as anybody can tell."""
        return self.is_at_home or self.how == "knows"

    @property
    def is_with_wrong_password(self) -> bool:
        """Whether they give a password that is not that of the account."""
        return self.how == "guesses" or (self.how == "knows" and not self.letter.person.password)


class EmailMachine(MailMachine):
    """Registers, proves addresses by links and codes, and changes them with both ends."""

    letters = MailMachine.letters

    @initialize(target=letters)
    def begin(self) -> MultipleResults[Letter]:
        for address in _ADDRESSES[:2]:
            self.enter(self.register(address), PLACES[0])
        return multiple(*self.deliver())

    @rule(target=letters, address=_ADDRESS)
    def register_or_enter(self, address: str) -> MultipleResults[Letter]:
        """Have an account at this address, and be signed in to it at every place."""
        person = self.holder(address) or self.register(address)
        for place in PLACES:
            self.enter(person, place)
        return multiple(*self.deliver())

    @rule(target=letters, address=_ADDRESS, is_sent=st.booleans())
    def ask_for_another_letter(
        self, address: str, *, is_sent: bool
    ) -> MultipleResults[Letter] | Letter:
        self.attempt(
            f"somebody asks for a letter to {address}",
            self.limen.emails.send_verification(identifier=address),
        )
        self.post(MessageKind.VERIFY_EMAIL, identifier=address)
        return self.wait_for_mail() if is_sent else multiple()

    @rule(target=letters)
    def wait_for_mail(self) -> MultipleResults[Letter]:
        return multiple(*self.deliver())

    @rule(target=letters, address=_ADDRESS, place=_PLACE, new=_ADDRESS, is_sent=st.booleans())
    def ask_for_a_change(
        self, address: str, place: str, new: str, *, is_sent: bool
    ) -> MultipleResults[Letter] | Letter:
        person = self.holder(address)
        if person is None or place not in person.sessions:
            return multiple()
        refusals = person.sessions[place].refusal(self.now)
        if not refusals and new == address:
            refusals = (InvalidInput,)
        self.attempt(
            f"{person} asks at the {place} to have {new}",
            self.limen.emails.request_change(new_email=new, actor=person.actor(place)),
            refusals,
        )
        if not refusals:
            self.tell("email.change_requested")
            confirm, approve = MessageKind.CONFIRM_EMAIL_CHANGE, MessageKind.APPROVE_EMAIL_CHANGE
            self.post(confirm, person=person, to=new, new_email=new)
            if person.is_proved:
                self.post(approve, person=person, new_email=new)
        return self.wait_for_mail() if is_sent else multiple()

    # --- showing ---

    @rule(letter=MailMachine.letters, how=_HOW, place=_PLACE)
    def open_link(self, letter: Letter, how: str, place: str) -> None:
        actor, password = self._acting(letter.person, how, place)
        refusals = () if letter.is_live(self.now) else (ProofInvalid,)
        use_case = self.limen.emails.verify(token=letter.token, password=password, actor=actor)
        showing = Showing(f"{how}, {letter!r} is opened", letter, how, place)
        self._verify(showing, use_case, refusals)

    @rule(letter=MailMachine.letters, how=_HOW, place=_PLACE, is_right=st.booleans())
    def type_code(self, letter: Letter, how: str, place: str, *, is_right: bool) -> None:
        person = letter.person
        actor, password = self._acting(person, how, place)
        code = letter.code if is_right else NO_CODE
        owner = self.holder(person.email)
        charged = self.charge(*((owner, one, None) for one in _LOOKED_FOR)) if owner else []
        found = next((one for one in charged if one.code == code), None)
        refusals = () if found is not None and found.is_live(self.now) else (ProofInvalid,)
        use_case = self.limen.emails.verify(
            identifier=person.email, code=code, password=password, actor=actor
        )
        did = f"{how}, a {'right' if is_right else 'wrong'} code of {letter!r} is typed"
        self._verify(Showing(did, found or letter, how, place), use_case, refusals)

    @rule(letter=MailMachine.letters, times=st.integers(4, 6))
    def guess_codes(self, letter: Letter, times: int) -> None:
        """Use tries up, and then come with the right code."""
        for _ in range(times):
            self.type_code(letter, "stranger", PLACES[0], is_right=False)
        self.type_code(letter, "stranger", PLACES[0], is_right=True)

    @rule(address=_ADDRESS, new=_ADDRESS, how=_HOW, nudge=st.sampled_from([-INSTANT, 0 * DAY]))
    def change_with_both_ends(self, address: str, new: str, how: str, nudge: timedelta) -> None:
        """Have both ends agree, the second one all but late, or too late."""
        person = self.holder(address)
        if person is None:
            return
        self.enter(person, PLACES[0])
        self.ask_for_a_change(address, PLACES[0], new, is_sent=True)
        for one in _OTHER_END:
            letter = self.kept.get((person, one, None))
            if letter is not None:
                self.open_link(letter, "signed in" if letter.to == new else how, PLACES[0])
                self.pass_time(max(letter.until - self.now + nudge, INSTANT))

    @rule(address=_ADDRESS, new=_ADDRESS, nudge=st.sampled_from([-INSTANT, 0 * DAY]))
    def change_by_late_mail(self, address: str, new: str, nudge: timedelta) -> None:
        """Let the letters of a change wait until nobody expects them, or all but."""
        person = self.holder(address)
        if person is not None:
            self.enter(person, PLACES[0])
            self.ask_for_a_change(address, PLACES[0], new, is_sent=False)
            self.pass_time(HOUR + nudge)
            for letter in self.deliver():
                self.open_link(letter, "signed in", PLACES[0])

    @rule(address=_ADDRESS, new=_ADDRESS, other=_ADDRESS)
    def mix_two_changes(self, address: str, new: str, other: str) -> None:
        """Agree to one change, and confirm another one, which nobody can be asked to agree to."""
        person = self.holder(address)
        if person is None or address in {new, other}:
            return
        self.vouch(person)
        self.enter(person, PLACES[0])
        for _ in range(5):
            self.ask_for_a_change(address, PLACES[0], new, is_sent=True)
        self._open(person, Purpose.APPROVE_EMAIL_CHANGE)
        self.ask_for_a_change(address, PLACES[0], other, is_sent=True)
        self._open(person, Purpose.CONFIRM_EMAIL_CHANGE)

    def _open(self, person: Person, purpose: Purpose) -> None:
        letter = self.kept.get((person, purpose, None))
        if letter is not None:
            self.open_link(letter, "signed in", PLACES[0])

    def _acting(self, person: Person, how: str, place: str) -> tuple[Actor, str | None]:
        """Return who shows a letter of this person, and the password that they give."""
        if how == "knows":
            return _STRANGER, person.password or _WRONG
        if how == "guesses":
            return _STRANGER, _WRONG
        who = next((one for one in self.people if (one is person) is (how == "signed in")), None)
        if how == "stranger" or who is None or place not in who.sessions:
            return _STRANGER, None
        return who.actor(place), None

    def _verify(
        self, shown: Showing, use_case: Coroutine[Any, Any, VerifiedEmail], refusals: Refusals
    ) -> None:
        letter, is_maker = shown.letter, shown.is_by_maker
        if not refusals and shown.is_with_wrong_password:
            self.tell("password.proof_failed")
            refusals = (CurrentPasswordWrong,)
        if not refusals and letter.purpose is Purpose.CONFIRM_EMAIL_CHANGE and not is_maker:
            refusals = (NotSignedIn,)
        is_last = not refusals and self._is_last_end(letter)
        if is_last and self._is_taken(letter):
            refusals = (EmailTaken,)
        outcome = self.attempt(shown.did, use_case, refusals)
        if isinstance(outcome, LimenError):
            return
        letter.is_spent = True
        if letter.purpose is Purpose.VERIFY_EMAIL:
            self._prove(letter, outcome, is_maker=is_maker)
        else:
            self.compare("whether the other end is awaited", outcome.is_waiting, not is_last)
            if is_last:
                self._change(letter, shown.place if shown.is_at_home else None)

    def _prove(self, letter: Letter, outcome: VerifiedEmail, *, is_maker: bool) -> None:
        person = letter.person
        is_taken_over = not person.is_proved and not is_maker
        self.compare("whether a password is to be set", bool(outcome.reset_token), is_taken_over)
        if not person.is_proved:
            self.tell("email.verified")
        person.is_proved = True
        if is_taken_over:
            self.tell("user.taken_over")
            person.password = None
            person.end_sessions()
            self.forget_letters(person)
            assert outcome.reset_token is not None
            self._set_password(person, outcome.reset_token.reveal())

    def _set_password(self, person: Person, token: str) -> None:
        """Set a password by what came back, as whoever proved the address does."""
        life = LIVES[Purpose.RESET_PASSWORD]
        self.keep(Letter(person, Purpose.RESET_PASSWORD, person.email, self.now + life, token))
        use_case = self.limen.recovery.reset(token=token, new=PASSWORDS[1])
        self.attempt(f"{person} sets a password", use_case)
        self.tell("password.reset")
        person.password, person.password_since = PASSWORDS[1], self.now
        self.forget_letters(person)
        self.post(MessageKind.PASSWORD_CHANGED, person=person)

    def _is_last_end(self, letter: Letter) -> bool:
        """Tell whether the change is agreed on when this end agrees."""
        other_end = _OTHER_END.get(letter.purpose)
        if other_end is None:
            return False
        if other_end is Purpose.APPROVE_EMAIL_CHANGE and not letter.person.is_proved:
            return True
        other = self.kept.get((letter.person, other_end, None))
        is_agreed = other is not None and other.is_spent and self.now < other.until
        return is_agreed and other is not None and other.new_email == letter.new_email

    def _is_taken(self, letter: Letter) -> bool:
        holder = self.holder(letter.new_email or "")
        return holder is not None and holder.is_proved

    def _change(self, letter: Letter, at_home: str | None) -> None:
        person, new = letter.person, letter.new_email or ""
        holder = self.holder(new)
        if holder is not None:
            holder.is_there = False
            self.forget_letters(holder)
            self.tell("user.displaced")
        former, was_proved = person.email, person.is_proved
        person.email, person.is_proved = new, True
        person.end_sessions(keep=at_home)
        self.forget_letters(person)
        if was_proved:
            self.post(MessageKind.EMAIL_CHANGED, person=person, to=former)
        self.tell("email.changed")

    # --- time ---

    @rule(by=_SPANS)
    def wait(self, by: timedelta) -> None:
        self.pass_time(by)

    @rule()
    def purge(self) -> None:
        self.purge_letters()
