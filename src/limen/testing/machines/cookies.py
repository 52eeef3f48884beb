"""Sessions in browsers: which cookie is believed, and which token guards what it writes."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, initialize, multiple, rule

from limen.core.actor import Actor
from limen.core.cookies.carrying import CookieSession
from limen.core.errors import (
    ConcurrentUpdate,
    CsrfRefused,
    LimenError,
    RefreshTokenInvalid,
    RefreshTokenReused,
    SessionEnded,
)
from limen.core.ids import SessionId
from limen.core.secret import Secret
from limen.core.sessions.model import SessionPolicy
from limen.testing.assembly import OPERATOR, PASSWORD, tokens_of
from limen.testing.machines.machine import PATIENT, Bench
from limen.testing.machines.telling import TellingMachine
from limen.testing.policies import Policies

Refusals = tuple[type[LimenError], ...]

_EMAIL: Final = "ada@example.org"
_INSTANT: Final = timedelta(microseconds=1)
_MINUTE: Final = timedelta(minutes=1)
_IDLE: Final = timedelta(hours=1)
_ABSOLUTE: Final = timedelta(hours=3)
_GRACE: Final = timedelta(seconds=10)
_SPANS: Final = st.sampled_from(
    [_GRACE - _INSTANT, _INSTANT, _GRACE, _MINUTE, _IDLE / 2, _IDLE - _INSTANT, _IDLE]
)


@dataclass(eq=False)
class Session:
    """A session as the model knows it; `cookies` and `tokens` were its own, the last one counts."""

    id: SessionId
    at: datetime
    seen_at: datetime
    rotated_at: datetime
    cookies: list[CookieSession] = field(default_factory=list)
    tokens: list[Secret[str]] = field(default_factory=list)
    is_by_cookie: bool = False
    has_risen: bool = False
    is_over: bool = False

    def __repr__(self) -> str:
        return "a session"

    def is_live(self, now: datetime) -> bool:
        """Tell whether it counts."""
        return not self.is_over and now < min(self.seen_at + _IDLE, self.at + _ABSOLUTE)

    def use(self, now: datetime) -> None:
        """Push the idle end on, once a minute at most."""
        if now - self.seen_at >= _MINUTE:
            self.seen_at = now


class CookieMachine(TellingMachine):
    """Begins sessions with cookies and with tokens, exchanges, renews and shows old ones."""

    policies: ClassVar[Policies] = replace(
        PATIENT,
        sessions=SessionPolicy(idle=_IDLE, absolute=_ABSOLUTE, use_resolution=_MINUTE),
    )
    sessions: Bundle[Session] = Bundle("sessions")

    def __init__(self, bench: Bench) -> None:
        """Begin with one person."""
        super().__init__(bench)
        self.user_id = self.run(self.limen.register(_EMAIL)).id
        self.tell("user.registered")
        self.begun: list[Session] = []

    @initialize(target=sessions)
    def begin(self) -> MultipleResults[Session]:
        return multiple(self.sign_in_by_cookie(), self.sign_in_by_token())

    @rule(target=sessions)
    def enter(self) -> Session:
        return self.sign_in_by_cookie()

    @rule(target=sessions)
    def enter_by_token(self) -> Session:
        return self.sign_in_by_token()

    def sign_in_by_cookie(self) -> Session:
        """Come in with a browser."""
        outcome = self.attempt(
            "ada signs in with a browser",
            self.limen.sign_in.sign_in_by_cookie(identifier=_EMAIL, password=PASSWORD),
        )
        assert isinstance(outcome, CookieSession)
        session = self._know(outcome.session.id)
        session.is_by_cookie = True
        session.cookies.append(outcome)
        return session

    def sign_in_by_token(self) -> Session:
        """Come in with a program."""
        outcome = self.attempt(
            "ada signs in", self.limen.sign_in.sign_in(identifier=_EMAIL, password=PASSWORD)
        )
        assert not isinstance(outcome, LimenError)
        tokens = tokens_of(outcome)
        session = self._know(tokens.session_id)
        session.tokens.append(tokens.refresh_token)
        return session

    def _know(self, session_id: SessionId) -> Session:
        self.tell("signin.succeeded")
        session = Session(session_id, self.now, self.now, self.now)
        self.begun.append(session)
        return session

    # --- cookies ---

    @rule(session=sessions, age=st.integers(0, 2))
    def show_cookie(self, session: Session, age: int) -> None:
        if age >= len(session.cookies):
            return
        is_good = session.is_by_cookie and age == 0 and session.is_live(self.now)
        claims = self.attempt(
            f"the cookie {age} before the last of {session!r} is shown",
            self.limen.cookie_sessions.authenticate(session.cookies[-1 - age].cookie),
            () if is_good else (SessionEnded,),
        )
        if not isinstance(claims, LimenError):
            self.compare("whose cookie it is", claims.session_id, session.id)
            session.use(self.now)

    @rule(session=sessions, times=st.integers(2, 6))
    def browse(self, session: Session, times: int) -> None:
        """Come again and again, always before the idle end."""
        for _ in range(times):
            self.show_cookie(session, 0)
            self.pass_time(_IDLE / 2)

    @rule(session=sessions, guard=sessions, age=st.integers(0, 1), which=st.integers(0, 1))
    def write(self, session: Session, guard: Session, age: int, which: int) -> None:
        """Write by one cookie with the token of one, the same or another."""
        if age >= len(session.cookies) or which >= len(guard.cookies):
            return
        shown, token = session.cookies[-1 - age], guard.cookies[-1 - which].csrf_token
        service = self.limen.cookie_sessions
        own = service.csrf_token(shown.cookie)
        self.compare("the token of a cookie", own, shown.csrf_token)
        is_own = shown is guard.cookies[-1 - which]
        try:
            service.check_csrf(shown.cookie, token.reveal())
        except CsrfRefused:
            self.compare("whether a token is another cookie's", is_own, expected=False)
        else:
            self.compare("whether a token is the cookie's own", is_own, expected=True)

    @rule(session=sessions, age=st.integers(0, 1), is_shown=st.booleans())
    def step_up(self, session: Session, age: int, *, is_shown: bool) -> None:
        """Prove oneself again: the cookie is another one from then on."""
        shown = session.cookies[-1 - age] if age < len(session.cookies) and is_shown else None
        refusals: Refusals = () if session.is_live(self.now) else (SessionEnded,)
        is_last = shown is not None and shown is session.cookies[-1]
        if not refusals and session.is_by_cookie and not is_last:
            refusals = (ConcurrentUpdate,)
        outcome = self.attempt(
            f"{session!r} steps up, showing {'no' if shown is None else 'a'} cookie",
            self.limen.step_up.step_up(
                password=PASSWORD,
                cookie=None if shown is None else shown.cookie,
                actor=Actor.anonymous().as_user(self.user_id, session.id),
            ),
            refusals,
        )
        if isinstance(outcome, LimenError):
            return
        self.compare("whether it is renewed", outcome.cookie is not None, session.is_by_cookie)
        session.rotated_at = self.now
        if outcome.cookie is not None:
            session.cookies.append(outcome.cookie)
            self.tell("session.cookie_set")
        elif outcome.refresh_token is not None:
            session.tokens.append(outcome.refresh_token)
            session.has_risen = True
            self.tell("token.refreshed")
        self.tell("session.stepped_up")

    # --- tokens ---

    @rule(session=sessions, age=st.integers(0, 2))
    def exchange(self, session: Session, age: int) -> None:
        """Let a browser go on with the session of a program."""
        if age >= len(session.tokens):
            return
        refusals = self._judge(session, age)
        if not refusals and not self._is_living(session, age):
            refusals = (RefreshTokenInvalid,)
        outcome = self.attempt(
            f"the token {age} before the last of {session!r} is exchanged",
            self.limen.cookie_sessions.exchange(refresh_token=session.tokens[-1 - age]),
            refusals,
        )
        self._end_if_reused(session, outcome)
        if not isinstance(outcome, LimenError):
            session.cookies.append(outcome)
            session.is_by_cookie, session.rotated_at = True, self.now
            session.has_risen = False
            self.tell("session.cookie_set")

    @rule(session=sessions, age=st.integers(0, 2))
    def refresh(self, session: Session, age: int) -> None:
        if age >= len(session.tokens):
            return
        refusals = self._judge(session, age)
        if not refusals and session.is_by_cookie:
            # What took the token's place is a cookie, which no refresh gives away.
            refusals = (RefreshTokenInvalid,)
        is_new = self._is_living(session, age)
        outcome = self.attempt(
            f"the token {age} before the last of {session!r} is refreshed",
            self.limen.tokens.refresh(refresh_token=session.tokens[-1 - age]),
            refusals,
        )
        self._end_if_reused(session, outcome)
        if isinstance(outcome, LimenError):
            return
        if not is_new:
            self.compare("the successor", outcome.refresh_token, session.tokens[-1])
            return
        session.use(self.now)
        session.has_risen = False
        session.tokens.append(outcome.refresh_token)
        session.rotated_at = self.now
        self.tell("token.refreshed")

    @rule(session=sessions, is_again=st.booleans())
    def exchange_and_go_on(self, session: Session, *, is_again: bool) -> None:
        """Exchange, show the cookie, and perhaps the token once more when the grace is over."""
        self.exchange(session, 0)
        self.show_cookie(session, 0)
        if is_again:
            self.pass_time(_GRACE)
            self.exchange(session, 0)
            self.show_cookie(session, 0)

    def _is_living(self, session: Session, age: int) -> bool:
        """Tell whether this token has not been used."""
        return age == 0 and not session.is_by_cookie

    def _is_previous(self, session: Session, age: int) -> bool:
        """Tell whether this token was the one before what counts now."""
        renewals = len(session.cookies) if session.is_by_cookie else 0
        return age + renewals == 1

    def _judge(self, session: Session, age: int) -> Refusals:
        """Say how a token is refused, whatever it is shown for."""
        if not session.is_live(self.now):
            return (RefreshTokenInvalid,)
        if self._is_living(session, age):
            return ()
        is_in_grace = self.now < session.rotated_at + _GRACE
        if self._is_previous(session, age) and is_in_grace:
            # If a step-up took its place, only whoever stepped up has the new one.
            return (RefreshTokenInvalid,) if session.has_risen else ()
        return (RefreshTokenReused,)

    def _end_if_reused(self, session: Session, outcome: object) -> None:
        if isinstance(outcome, RefreshTokenReused):
            session.is_over = True
            self.tell("token.reuse_detected")

    # --- the end, and time ---

    @rule(session=sessions)
    def sign_out(self, session: Session) -> None:
        actor = Actor.anonymous().as_user(self.user_id, session.id)
        self.attempt(f"{session!r} is left", self.limen.sessions.sign_out(actor=actor))
        if not session.is_over:
            self.tell("session.revoked")
        session.is_over = True

    @rule()
    def revoke_all(self) -> None:
        use_case = self.limen.sessions.revoke_all(self.user_id, actor=OPERATOR)
        self.attempt("the operator signs ada out", use_case)
        if any(not session.is_over for session in self.begun):
            self.tell("session.all_revoked")
        for session in self.begun:
            session.is_over = True

    @rule(by=_SPANS)
    def wait(self, by: timedelta) -> None:
        self.pass_time(by)
