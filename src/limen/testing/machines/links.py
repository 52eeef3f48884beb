"""Signing in by mail: which link lets whom in, and in which browser."""

from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, initialize, multiple, rule

from limen.core.errors import LimenError, ProofInvalid
from limen.core.messages.model import MessageKind
from limen.core.proofs.model import Purpose
from limen.core.secret import Secret
from limen.core.signin.entering import SignInOutcome
from limen.testing.assembly import OPERATOR, tokens_of
from limen.testing.machines.letters import LIVES, NO_CODE, Letter, SignedIn
from limen.testing.machines.mail import INSTANT, MailMachine

_ADDRESSES: Final = ("ada@example.org", "eve@example.org")
_ADDRESS: Final = st.sampled_from(_ADDRESSES)
_TYPED: Final = st.sampled_from([*_ADDRESSES, "nobody@example.org"])
_LIFE: Final = LIVES[Purpose.SIGN_IN]
_SPANS: Final = st.sampled_from([timedelta(minutes=3), _LIFE - INSTANT, INSTANT, _LIFE])


class LinkMachine(MailMachine):
    """Asks for links in many browsers, and opens them there and elsewhere."""

    letters = MailMachine.letters
    browsers: Bundle[Secret[str]] = Bundle("browsers")

    @initialize(target=browsers)
    def begin(self) -> MultipleResults[Secret[str]]:
        for address in _ADDRESSES:
            self.register(address)
        self.deliver()
        return multiple(*map(self._ask, _ADDRESSES))

    @rule(target=browsers, address=_TYPED)
    def ask(self, address: str) -> Secret[str]:
        return self._ask(address)

    def _ask(self, address: str) -> Secret[str]:
        browser = self.attempt(
            f"a browser asks for a link for {address}", self.limen.links.ask(identifier=address)
        )
        assert isinstance(browser, Secret)
        self.tell("signin.link_requested")
        self.post(MessageKind.SIGN_IN, identifier=address, asker=browser)
        return browser

    @rule(target=letters)
    def wait_for_mail(self) -> MultipleResults[Letter]:
        return multiple(*self.deliver())

    # --- coming in ---

    @rule(letter=letters, browser=browsers, is_at_home=st.booleans())
    def open_link(self, letter: Letter, browser: Secret[str], *, is_at_home: bool) -> None:
        shown = letter.asker if is_at_home and isinstance(letter.asker, Secret) else browser
        is_good = letter.is_live(self.now) and self._is_bound(letter, shown)
        where = "where it was asked for" if shown is letter.asker else "in another browser"
        use_case = self.limen.links.complete(browser=shown, token=letter.token)
        self._complete(f"{letter!r} is opened {where}", letter, use_case, is_good=is_good)

    @rule(letter=letters, browser=browsers, is_at_home=st.booleans(), is_right=st.booleans())
    def type_code(
        self, letter: Letter, browser: Secret[str], *, is_at_home: bool, is_right: bool
    ) -> None:
        shown = letter.asker if is_at_home and isinstance(letter.asker, Secret) else browser
        code = letter.code if is_right else NO_CODE
        charged = self.charge((letter.person, Purpose.SIGN_IN, shown))
        found = next((one for one in charged if one.code == code), None)
        did = f"a {'right' if is_right else 'wrong'} code of {letter!r} is typed"
        use_case = self.limen.links.complete(
            browser=shown, identifier=letter.person.email, code=code
        )
        is_good = found is not None and found.is_live(self.now)
        self._complete(did, found or letter, use_case, is_good=is_good)

    @rule(letter=letters, times=st.integers(4, 6))
    def guess_codes(self, letter: Letter, times: int) -> None:
        """Use tries up, and then come with the right code."""
        browser = letter.asker if isinstance(letter.asker, Secret) else Secret("")
        for _ in range(times):
            self.type_code(letter, browser, is_at_home=True, is_right=False)
        self.type_code(letter, browser, is_at_home=True, is_right=True)

    @rule(address=_ADDRESS, nudge=st.sampled_from([-INSTANT, 0 * _LIFE]), times=st.integers(1, 2))
    def come_in_at_the_last_moment(self, address: str, nudge: timedelta, times: int) -> None:
        browser = self._ask(address)
        letter = next((one for one in self.deliver() if one.asker is browser), None)
        if letter is not None:
            self.pass_time(_LIFE + nudge)
            for _ in range(times):
                self.open_link(letter, browser, is_at_home=True)

    @staticmethod
    def _is_bound(letter: Letter, browser: Secret[str]) -> bool:
        is_of_sign_in = letter.purpose is Purpose.SIGN_IN and letter.asker is not None
        return is_of_sign_in and letter.asker == browser

    def _complete(
        self,
        did: str,
        letter: Letter,
        use_case: Coroutine[Any, Any, SignInOutcome],
        *,
        is_good: bool,
    ) -> None:
        person = letter.person
        is_let_in = is_good and not person.is_shut_out
        outcome = self.attempt(did, use_case, () if is_let_in else (ProofInvalid,))
        if isinstance(outcome, LimenError):
            return
        letter.is_spent = True
        if not person.is_proved:
            self.tell("email.verified")
            self.tell("user.taken_over")
            person.is_proved, person.password = True, None
            person.end_sessions()
            self.forget_letters(person)
        self.tell("signin.succeeded")
        session_id = tokens_of(outcome).session_id
        person.enter(str(session_id), SignedIn(session_id, self.now))

    # --- accounts ---

    @rule(address=_ADDRESS)
    def shut_out_or_let_in(self, address: str) -> None:
        self.change_standing(self.person_at(address))

    @rule(address=_ADDRESS)
    def end_all_sessions(self, address: str) -> None:
        """End them; links outlive that."""
        person = self.person_at(address)
        live = sum(not one.is_over for one in person.begun)
        use_case = self.limen.sessions.revoke_all(person.id, actor=OPERATOR)
        count = self.attempt(f"the operator signs {person} out", use_case)
        self.compare("how many sessions ended", count, live)
        person.end_sessions()
        if live:
            self.tell("session.all_revoked")

    # --- time ---

    @rule(by=_SPANS)
    def wait(self, by: timedelta) -> None:
        self.pass_time(by)

    @rule()
    def purge(self) -> None:
        self.purge_letters()
