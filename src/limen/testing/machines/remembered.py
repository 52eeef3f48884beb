"""Remembered browsers: who comes back, into what, and what a copy of a credential ends."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, invariant, multiple, rule

from limen.core.actor import Actor
from limen.core.cookies.carrying import CookieSession
from limen.core.errors import (
    ConcurrentUpdate,
    LimenError,
    RememberedInvalid,
    RememberedNotFound,
    RememberedReused,
    SessionEnded,
    StepUpNeeded,
)
from limen.core.ids import RememberedId, SessionId
from limen.core.remembered.model import GRACE
from limen.core.remembered.remembering import Kept
from limen.core.secret import Secret
from limen.core.states import SessionState
from limen.testing.assembly import OPERATOR, PASSWORD
from limen.testing.machines.machine import Bench, StoreMachine

_ADA: Final = "ada@example.org"
_STRANGER: Final = Actor.anonymous()
_INSTANT: Final = timedelta(microseconds=1)
_IDLE: Final = timedelta(days=14)
_MINUTE: Final = timedelta(minutes=1)
_LIFE: Final = timedelta(days=30)
_SPANS: Final = st.sampled_from(
    [_INSTANT, GRACE - _INSTANT, GRACE, GRACE, _MINUTE, timedelta(days=8), _IDLE, _LIFE]
)
_AGES: Final = st.sampled_from([0, 0, 1, 1, 2])
# Fewer than are remembered at most: which of them gives way is told by the tests of the service.
_MOST: Final = 6


@dataclass
class Browser:
    """A browser as the model knows it: its session, and what it is remembered by."""

    number: int
    remembered_id: RememberedId
    session_id: SessionId
    cookie: Secret[str]
    state: SessionState
    used_at: datetime
    idle_end: datetime
    remembered_until: datetime
    is_open: bool = True
    is_remembered: bool = True

    def __repr__(self) -> str:
        return f"browser {self.number}"

    def is_live(self, now: datetime) -> bool:
        return self.is_open and now < self.idle_end

    def is_known(self, now: datetime) -> bool:
        return self.is_remembered and now < self.remembered_until


@dataclass
class Credential:
    """What a browser was given once, and when it was used."""

    browser: Browser
    text: Secret[str]
    used_at: datetime | None = None
    is_last_used: bool = False

    def __repr__(self) -> str:
        return f"what remembers {self.browser}" + (" (used)" if self.used_at else "")


class RememberedMachine(StoreMachine):
    """Signs in at browsers that remember, comes back, rises, signs out and steals."""

    browsers: Bundle[Browser] = Bundle("browsers")

    def __init__(self, bench: Bench) -> None:
        """Begin with Ada."""
        super().__init__(bench)
        self.user_id = self.run(self.limen.register(_ADA)).id
        self.known: list[Browser] = []
        self.given: list[Credential] = []

    @rule(target=browsers)
    def enter(self) -> MultipleResults[Browser]:
        """Sign in at another browser."""
        if len(self.known) >= _MOST:
            return multiple()
        begun = self.attempt(
            "Ada signs in and wants to be remembered",
            self.limen.sign_in.sign_in_by_cookie(
                identifier=_ADA, password=PASSWORD, is_remembered=True
            ),
        )
        assert isinstance(begun, CookieSession)
        kept = self._kept(begun)
        browser = Browser(
            number=len(self.known) + 1,
            remembered_id=kept.remembered.id,
            session_id=begun.session.id,
            cookie=begun.cookie,
            state=SessionState.FULL,
            used_at=self.now,
            idle_end=self.now + _IDLE,
            remembered_until=self.now + _LIFE,
        )
        self.known.append(browser)
        self.given.append(Credential(browser, kept.credential))
        return multiple(browser)

    @rule(browser=browsers, age=_AGES)
    def come_back(self, browser: Browser, age: int) -> None:
        """Show what a browser was given last, or before: used or not, stolen or not."""
        given = [one for one in self.given if one.browser is browser]
        credential = given[max(len(given) - 1 - age, 0)]
        back = self.attempt(
            f"somebody shows {credential}",
            self.limen.remembered.exchange(credential=credential.text),
            self._refusals(credential),
        )
        if isinstance(back, RememberedReused):
            self._end_remembered()
        if isinstance(back, LimenError):
            return
        self.compare("the state after coming back", back.session.state, SessionState.IDENTIFIED)
        for other in self.given:
            other.is_last_used &= other.browser is not browser
        credential.used_at, credential.is_last_used = self.now, True
        self.given.append(Credential(browser, self._kept(back).credential))
        browser.session_id, browser.cookie = back.session.id, back.cookie
        browser.state, browser.is_open = SessionState.IDENTIFIED, True
        browser.used_at, browser.idle_end = self.now, self.now + _IDLE

    def _refusals(self, credential: Credential) -> tuple[type[LimenError], ...]:
        if not credential.browser.is_known(self.now):
            return (RememberedInvalid,)
        if credential.used_at is None:
            return ()
        if credential.is_last_used and self.now < credential.used_at + GRACE:
            return (ConcurrentUpdate,)
        return (RememberedReused,)

    @rule(browser=browsers)
    def use(self, browser: Browser) -> None:
        """Ask with the cookie of a session, as somebody who takes identified ones."""
        claims = self.attempt(
            f"{browser} asks",
            self.limen.cookie_sessions.authenticate(browser.cookie, takes_identified=True),
            () if browser.is_live(self.now) else (SessionEnded,),
        )
        if isinstance(claims, LimenError):
            return
        self.compare("the state of a session", claims.state, browser.state)
        if self.now - browser.used_at >= _MINUTE:
            browser.used_at, browser.idle_end = self.now, self.now + _IDLE

    @rule(browser=browsers)
    def write(self, browser: Browser) -> None:
        """Change something: it takes a full session, at the door and behind it."""
        if browser.is_live(self.now):
            is_full = browser.state is SessionState.FULL
            self.attempt(
                f"{browser} changes a name",
                self.limen.users.update(self.user_id, name="Ada", actor=self._actor(browser)),
                () if is_full else (StepUpNeeded,),
            )

    @rule(browser=browsers)
    def rise(self, browser: Browser) -> None:
        """Give the password at a browser."""
        risen = self.attempt(
            f"Ada proves at {browser} who she is",
            self.limen.step_up.step_up(
                password=PASSWORD, cookie=browser.cookie, actor=self._actor(browser)
            ),
            () if browser.is_live(self.now) else (SessionEnded,),
        )
        if not isinstance(risen, LimenError) and risen.cookie is not None:
            browser.state, browser.cookie = SessionState.FULL, risen.cookie.cookie

    @rule(browser=browsers)
    def sign_out(self, browser: Browser) -> None:
        """Sign out; the browser forgets if its session was open."""
        if browser.is_live(self.now):
            use_case = self.limen.sessions.sign_out(actor=self._actor(browser))
            self.attempt(f"Ada signs out of {browser}", use_case)
            browser.is_open = browser.is_remembered = False

    @rule(browser=browsers)
    def forget(self, browser: Browser) -> None:
        """Have one browser forget; its session goes on."""
        if browser.is_remembered == browser.is_known(self.now):
            self.attempt(
                f"{browser} forgets",
                self.limen.remembered.revoke(self.user_id, browser.remembered_id, actor=OPERATOR),
                () if browser.is_remembered else (RememberedNotFound,),
            )
            browser.is_remembered = False

    @rule()
    def end_everything(self) -> None:
        """End all sessions."""
        use_case = self.limen.sessions.revoke_all(self.user_id, actor=OPERATOR)
        self.attempt("all sessions are ended", use_case)
        for browser in self.known:
            browser.is_open = browser.is_remembered = False

    @rule(by=_SPANS)
    def wait(self, by: timedelta) -> None:
        """Let time pass."""
        self.pass_time(by)

    def _end_remembered(self) -> None:
        """A copy ends the sessions of all browsers that remember; others go on."""
        for browser in self.known:
            browser.is_open &= not browser.is_remembered
            browser.is_remembered = False

    def _actor(self, browser: Browser) -> Actor:
        is_full = browser.state is SessionState.FULL
        become = _STRANGER.as_user if is_full else _STRANGER.as_identified
        return become(self.user_id, browser.session_id)

    @staticmethod
    def _kept(begun: CookieSession) -> Kept:
        if begun.kept is None:
            raise AssertionError("the browser was not remembered")
        return begun.kept

    @invariant()
    def the_store_holds_what_the_model_knows(self) -> None:
        known = self.run(self.limen.remembered.list(self.user_id, actor=OPERATOR))
        self.compare(
            "the browsers that remember",
            {one.id: one.session_id for one in known},
            {b.remembered_id: b.session_id for b in self.known if b.is_known(self.now)},
        )
        live = self.run(self.limen.sessions.list(self.user_id, actor=OPERATOR))
        self.compare(
            "the sessions that are open",
            {one.id: one.state for one in live},
            {b.session_id: b.state for b in self.known if b.is_live(self.now)},
        )
