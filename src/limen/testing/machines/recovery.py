"""Lost passwords: which link sets a new one, and what ends when it does."""

from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    consumes,
    initialize,
    multiple,
    rule,
)

from limen.core.actor import Actor
from limen.core.errors import (
    InvalidCredentials,
    LimenError,
    PasswordRefused,
    ProofInvalid,
    RefreshTokenInvalid,
)
from limen.core.messages.model import MessageKind
from limen.core.proofs.model import Purpose
from limen.core.tokens.issuing import IssuedTokens
from limen.core.users.model import User
from limen.testing.assembly import OPERATOR, tokens_of
from limen.testing.machines.inputs import PASSWORDS
from limen.testing.machines.letters import LIVES, NO_CODE, Letter, SignedIn
from limen.testing.machines.machine import Bench
from limen.testing.machines.mail import INSTANT, MailMachine
from limen.testing.machines.tries import Tally, throttled

Refusals = tuple[type[LimenError], ...]

_ADDRESSES: Final = ("ada@example.org", "eve@example.org")
_ADDRESS: Final = st.sampled_from(_ADDRESSES)
_TYPED: Final = st.sampled_from([*_ADDRESSES, "nobody@example.org"])
_LIFE: Final = LIVES[Purpose.RESET_PASSWORD]
_SPANS: Final = st.sampled_from([timedelta(minutes=10), _LIFE - INSTANT, INSTANT, _LIFE])
_SHORT: Final = "short"
_NETWORK: Final = st.sampled_from([None, "203.0.113.1", "203.0.113.2"])
_MOST_MAILS: Final = 30
_QUARTER: Final = timedelta(minutes=15)
_NEW: Final = st.sampled_from([*PASSWORDS, *PASSWORDS, _SHORT])


def _at(network: str | None) -> Actor:
    return Actor.anonymous(address=network)


class RecoveryMachine(MailMachine):
    """Forgets passwords and sets new ones, by links and codes of every age."""

    letters = MailMachine.letters
    tokens: Bundle[IssuedTokens] = Bundle("tokens")

    def __init__(self, bench: Bench) -> None:
        """Begin with nothing asked for."""
        super().__init__(bench)
        self.asked: dict[str | None, Tally] = {}

    @initialize(target=letters)
    def begin(self) -> MultipleResults[Letter]:
        for address in _ADDRESSES:
            self.register(address)
            self.sign_in(address, PASSWORDS[0])
        self.vouch(self.people[0])
        self.forget(_ADDRESSES[0], None, is_sent=False)
        return multiple(*self.deliver())

    @rule(target=letters, address=_TYPED, network=_NETWORK, is_sent=st.booleans())
    def forget(
        self, address: str, network: str | None, *, is_sent: bool
    ) -> MultipleResults[Letter] | Letter:
        tally = self.asked.get(network, Tally())
        wait = tally.window_wait(_MOST_MAILS, _QUARTER, self.now) if network else None
        self.attempt(
            f"somebody at {network or 'no address'} forgot the password of {address}",
            self.limen.recovery.forgot(identifier=address, actor=_at(network)),
            throttled(wait),
        )
        if wait is None:
            self.asked[network] = tally.tried_in_window(_QUARTER, self.now)
            self.tell("password.reset_requested")
            self.post(MessageKind.RESET_PASSWORD, identifier=address, asker=network)
        return self.wait_for_mail() if is_sent else multiple()

    @rule(target=letters)
    def wait_for_mail(self) -> MultipleResults[Letter]:
        return multiple(*self.deliver())

    # --- setting a new password ---

    @rule(letter=MailMachine.letters, new=_NEW)
    def reset_by_link(self, letter: Letter, new: str) -> None:
        is_good = letter.purpose is Purpose.RESET_PASSWORD and letter.is_live(self.now)
        use_case = self.limen.recovery.reset(new=new, token=letter.token)
        did = f"{letter!r} sets {new!r}"
        self._reset(did, letter, new, use_case, is_good=is_good, network=None)

    @rule(letter=MailMachine.letters, network=_NETWORK, new=_NEW, is_right=st.booleans())
    def reset_by_code(
        self, letter: Letter, network: str | None, new: str, *, is_right: bool
    ) -> None:
        """Type a code somewhere: it is good where it was asked for, and what nobody asked for."""
        code = letter.code if is_right else NO_CODE
        askers = (network, None) if network else (None,)
        charged = self.charge(*((letter.person, Purpose.RESET_PASSWORD, each) for each in askers))
        found = next((one for one in charged if one.code == code), None)
        is_good = found is not None and found.is_live(self.now)
        use_case = self.limen.recovery.reset(
            new=new, identifier=letter.person.email, code=code, actor=_at(network)
        )
        kind = "right" if is_right else "wrong"
        did = f"at {network or 'no address'} a {kind} code of {letter!r} sets {new!r}"
        self._reset(did, found or letter, new, use_case, is_good=is_good, network=network)

    @rule(letter=MailMachine.letters, network=_NETWORK, new=_NEW, times=st.integers(4, 6))
    def guess_codes(self, letter: Letter, network: str | None, new: str, times: int) -> None:
        """Use tries up, have another letter sent, and then come with its right code."""
        for _ in range(times):
            self.reset_by_code(letter, network, new, is_right=False)
        self.forget(letter.person.email, network, is_sent=True)
        present = self.kept.get((letter.person, Purpose.RESET_PASSWORD, network))
        self.reset_by_code(present or letter, network, new, is_right=True)

    @rule(address=_ADDRESS, nudge=st.sampled_from([-INSTANT, 0 * _LIFE]), new=_NEW)
    def reset_at_the_last_moment(self, address: str, nudge: timedelta, new: str) -> None:
        self.forget(address, None, is_sent=True)
        person = self.person_at(address)
        letter = self.kept.get((person, Purpose.RESET_PASSWORD, None))
        if letter is not None:
            self.pass_time(max(letter.until - self.now + nudge, INSTANT))
            self.reset_by_link(letter, new)

    def _reset(
        self,
        did: str,
        letter: Letter,
        new: str,
        use_case: Coroutine[Any, Any, User],
        *,
        is_good: bool,
        network: str | None,
    ) -> None:
        refusals: Refusals = () if is_good else (ProofInvalid,)
        if is_good and new == _SHORT:
            refusals = (PasswordRefused,)
        elif is_good and letter.person.is_shut_out:
            refusals = (ProofInvalid,)
        self.attempt(did, use_case, refusals)
        if refusals:
            return
        person = letter.person
        if not person.is_proved:
            self.tell("email.verified")
            self.tell("user.taken_over")
        person.is_proved = True
        person.password, person.password_since = new, self.now
        person.must_be_reset = False
        person.known = {network}
        person.end_sessions()
        self.forget_letters(person)
        self.tell("password.reset")
        self.post(MessageKind.PASSWORD_CHANGED, person=person)

    # --- what goes with it ---

    @rule(target=tokens, address=_ADDRESS, password=st.sampled_from(PASSWORDS))
    def sign_in(self, address: str, password: str) -> MultipleResults[IssuedTokens]:
        person = self.person_at(address)
        is_right = password == person.password
        is_let_in = is_right and not person.is_shut_out and not person.must_be_reset
        outcome = self.attempt(
            f"{person} signs in with {password!r}",
            self.limen.sign_in.sign_in(identifier=address, password=password),
            () if is_let_in else (InvalidCredentials,),
        )
        if is_let_in and person.known - {None} == person.known != set():
            self.tell("device.new")
            self.post(MessageKind.NEW_DEVICE, person=person)
        self.tell("signin.succeeded" if is_let_in else "signin.failed")
        if isinstance(outcome, LimenError):
            return multiple()
        person.known.add(None)
        begun = tokens_of(outcome)
        person.enter(str(begun.session_id), SignedIn(begun.session_id, self.now))
        return multiple(begun)

    @rule(target=tokens, tokens=consumes(tokens))
    def go_on(self, tokens: IssuedTokens) -> MultipleResults[IssuedTokens]:
        person = next(one for one in self.people if one.id == tokens.user.id)
        is_over = person.sessions[str(tokens.session_id)].is_over
        outcome = self.attempt(
            f"a token of {person} is refreshed",
            self.limen.tokens.refresh(refresh_token=tokens.refresh_token),
            (RefreshTokenInvalid,) if is_over else (),
        )
        if isinstance(outcome, LimenError):
            return multiple()
        self.tell("token.refreshed")
        return multiple(outcome)

    @rule(address=_ADDRESS)
    def require_another_password(self, address: str) -> None:
        person = self.person_at(address)
        self.attempt(
            f"the operator wants {person} to set another password",
            self.limen.assistance.require_reset(person.id, actor=OPERATOR),
        )
        person.must_be_reset = True
        person.end_sessions()
        self.forget_letters(person)
        self.tell("password.reset_required")
        self.post(MessageKind.PASSWORD_RESET_REQUIRED, person=person)

    @rule(address=_ADDRESS)
    def shut_out_or_let_in(self, address: str) -> None:
        self.change_standing(self.person_at(address))

    # --- time ---

    @rule(by=_SPANS)
    def wait(self, by: timedelta) -> None:
        self.pass_time(by)

    @rule()
    def purge(self) -> None:
        self.purge_letters()
