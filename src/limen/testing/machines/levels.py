"""How much somebody has proved: sign-ins that wait, sessions that are fresh, factors that must be.

One person, with an authenticator app or without, in a role that asks for one or not.
"""

from base64 import b32decode
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, initialize, invariant, multiple, rule

from limen.core.access import require_fresh
from limen.core.actor import Actor
from limen.core.errors import (
    CurrentPasswordWrong,
    EnrolmentOver,
    FactorInvalid,
    InvalidInput,
    LimenError,
    PartialSessionInvalid,
    SecondFactorNeeded,
    SessionEnded,
)
from limen.core.factors.model import FactorKind
from limen.core.ids import SessionId
from limen.core.secret import Secret
from limen.core.sessions.model import Session as LiveSession
from limen.core.signin.entering import PartialSignIn
from limen.core.signin.levels import FactorPolicy
from limen.testing.assembly import OPERATOR, PASSWORD
from limen.testing.machines.factors import STEP, WAITS, App, SignedIn
from limen.testing.machines.machine import PATIENT, Bench
from limen.testing.machines.telling import TellingMachine
from limen.testing.machines.tries import FRESH
from limen.testing.policies import Policies

Refusals = tuple[type[LimenError], ...]

_EMAIL: Final = "ada@example.org"
_KEEPER: Final = "keeper"
_LIFE: Final = timedelta(minutes=10)
_INSTANT: Final = timedelta(microseconds=1)
_SPANS: Final = st.sampled_from([STEP, STEP, FRESH - _INSTANT, _INSTANT, FRESH, WAITS])
_CODES_EACH: Final = 5
# A code of the app, the same one again, one that is nobody's.
_CODES: Final = st.sampled_from(["good", "good", "last", "wrong"])


@dataclass(eq=False)
class Waiting:
    """A sign-in that waits, as the model knows it."""

    token: Secret[str]
    until: datetime
    is_there: bool = True
    tries: int = 0

    def __repr__(self) -> str:
        return "a sign-in that waits"

    def is_live(self, now: datetime) -> bool:
        """Tell whether it can still be finished."""
        return self.is_there and now < self.until


@dataclass(eq=False)
class Session(SignedIn):
    """A session as the model knows it: when its person last proved themselves, and by what."""

    methods: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "a session"


class LevelMachine(TellingMachine):
    """Begins, finishes and stops sign-ins, proves more in sessions, and lets time pass."""

    policies: ClassVar[Policies] = replace(
        PATIENT, factors=FactorPolicy(required_for=frozenset({_KEEPER}))
    )
    partials: Bundle[Waiting] = Bundle("partials")
    sessions: Bundle[Session] = Bundle("sessions")

    def __init__(self, bench: Bench) -> None:
        """Begin with one person, who has a password alone."""
        super().__init__(bench)
        self.user_id = self.run(self.limen.register(_EMAIL)).id
        self.tell("user.registered")
        self.run(self.limen.roles.create(actor=OPERATOR, name=_KEEPER, permissions=[]))
        self.tell("role.created")
        self.app: App | None = None
        self.new_app: App | None = None
        self.codes = 0
        self.is_keeper = False
        self.waiting: list[Waiting] = []
        self.begun: list[Session] = []

    @property
    def step(self) -> int:
        """The present time step."""
        return int(self.now.timestamp()) // 30

    # --- coming in ---

    @initialize(target=sessions)
    def begin(self) -> MultipleResults[Session]:
        self.sign_in(times=1)
        self.set_up_what_must_be(is_slow=False)
        return multiple(*self.begun)

    @rule(target=partials, times=st.integers(1, 2))
    def sign_in(self, times: int) -> MultipleResults[Waiting]:
        return multiple(*[one for _ in range(times) if (one := self._sign_in()) is not None])

    def _sign_in(self) -> Waiting | None:
        outcome = self.attempt(
            "ada signs in", self.limen.sign_in.sign_in(identifier=_EMAIL, password=PASSWORD)
        )
        assert not isinstance(outcome, LimenError)
        is_waiting = self.app is not None or self.is_keeper
        self.compare("whether it waits", isinstance(outcome, PartialSignIn), is_waiting)
        if not isinstance(outcome, PartialSignIn):
            self.tell("signin.succeeded")
            self._know(outcome.session_id, ("pwd",))
            return None
        self.compare("the factors asked for", outcome.factors, self._factors())
        self.tell("signin.first_factor_proved")
        waiting = Waiting(outcome.partial_token, self.now + _LIFE)
        self.waiting.append(waiting)
        return waiting

    @rule(target=sessions, which=st.integers(0, 3))
    def take_up(self, which: int) -> MultipleResults[Session]:
        """Speak of a session that has begun."""
        return multiple(self.begun[-1 - which]) if which < len(self.begun) else multiple()

    def _know(self, session_id: SessionId, methods: tuple[str, ...]) -> None:
        self.begun.append(Session(session_id, self.now, methods=methods))

    def _factors(self) -> tuple[FactorKind, ...]:
        held = [FactorKind.TOTP] if self.app is not None else []
        return (*held, *([FactorKind.RECOVERY_CODE] if held and self.codes else []))

    # --- the second step ---

    @rule(waiting=partials, kind=_CODES, times=st.sampled_from([1, 2, 6]))
    def finish(self, waiting: Waiting, kind: str, times: int) -> None:
        """Finish a sign-in; and once more, with another code."""
        for _ in range(times):
            self._finish(waiting, kind)
            self.pass_time(STEP)

    def _finish(self, waiting: Waiting, kind: str) -> None:
        code = self._code(self.app, kind)
        refusals: Refusals = (PartialSessionInvalid,)
        if waiting.is_live(self.now) and waiting.tries < _CODES_EACH:
            waiting.tries += 1
            refusals = self._use(code)
        outcome = self.attempt(
            f"{waiting!r} is finished by a code that is {kind}",
            self.limen.second_step.finish(partial_token=waiting.token, code=code),
            refusals,
        )
        if not isinstance(outcome, LimenError):
            waiting.is_there = False
            self._know(outcome.session_id, ("pwd", "otp", "mfa"))
            self.tell("signin.succeeded")

    @rule(kind=_CODES, times=st.integers(1, 2))
    def sign_in_and_finish(self, kind: str, times: int) -> None:
        waiting = self._sign_in()
        if waiting is not None:
            self.finish(waiting, kind, times)

    @rule(nudge=st.sampled_from([-_INSTANT, 0 * _LIFE]))
    def finish_at_the_last_moment(self, nudge: timedelta) -> None:
        waiting = self._sign_in()
        if waiting is not None:
            self.pass_time(_LIFE + nudge)
            self._finish(waiting, "good")

    @rule(waiting=partials)
    def stop(self, waiting: Waiting) -> None:
        refusals = () if waiting.is_live(self.now) else (PartialSessionInvalid,)
        self.attempt(
            f"{waiting!r} is stopped",
            self.limen.second_step.stop(partial_token=waiting.token),
            refusals,
        )
        if not refusals:
            waiting.is_there = False
            self.tell("signin.stopped")

    def _code(self, app: App | None, kind: str) -> str:
        if app is None or kind == "wrong":
            return "000000" if app is None or app.code(self.step) != "000000" else "111111"
        return app.code(app.last_step if kind == "last" else self.step)

    def _use(self, code: str) -> Refusals:
        """Let the app's code count, once; or say how it is refused."""
        step = None if self.app is None else self.app.step_of(code, self.step)
        if self.app is None or step is None:
            self.tell("factor.refused")
            return (FactorInvalid,)
        self.app = replace(self.app, last_step=step)
        return ()

    # --- a factor that must be ---

    @rule()
    def change_role(self) -> None:
        roles = self.limen.roles
        step = roles.withdraw if self.is_keeper else roles.grant
        did = f"ada is {'no keeper any more' if self.is_keeper else 'a keeper'}"
        self.attempt(did, step(self.user_id, _KEEPER, actor=OPERATOR))
        self.tell("role.withdrawn" if self.is_keeper else "role.granted")
        self.is_keeper = not self.is_keeper
        for session in self.begun if self.is_keeper else ():
            if not session.is_over and "mfa" not in session.methods:
                session.is_over = True
                self.tell("session.revoked")

    @rule(waiting=partials)
    def begin_app(self, waiting: Waiting) -> None:
        refusals = self._refuses_first_app(waiting)
        made = self.attempt(
            f"{waiting!r} begins to set up an app",
            self.limen.required_factor.begin(partial_token=waiting.token),
            refusals,
        )
        if not isinstance(made, LimenError):
            secret = Secret(b32decode(made.secret.reveal()))
            self.new_app = App(secret, self.now + WAITS)
            self.tell("factor.enrolment_begun")

    @rule(waiting=partials, kind=_CODES)
    def confirm_app(self, waiting: Waiting, kind: str) -> None:
        code = self._code(self.new_app, kind)
        refusals = self._refuses_first_app(waiting)
        if not refusals and (self.new_app is None or self.now >= self.new_app.until):
            refusals = (EnrolmentOver,)
        step = None if self.new_app is None else self.new_app.step_of(code, self.step)
        if not refusals and step is None:
            refusals = (FactorInvalid,)
        outcome = self.attempt(
            f"{waiting!r} confirms its app by a code that is {kind}",
            self.limen.required_factor.confirm(partial_token=waiting.token, code=code),
            refusals,
        )
        if isinstance(outcome, LimenError) or self.new_app is None or step is None:
            return
        self.app, self.new_app = replace(self.new_app, last_step=step), None
        self.codes = len(outcome.recovery_codes)
        self.compare("how many recovery codes there are", self.codes, 10)
        self._end_everything()
        self._know(outcome.tokens.session_id, ("pwd", "otp", "mfa"))
        for event in ("recovery_code.all_made", "factor.enrolled", "signin.succeeded"):
            self.tell(event)

    @rule(target=partials, is_slow=st.booleans())
    def set_up_what_must_be(self, *, is_slow: bool) -> MultipleResults[Waiting]:
        """Go all the way as a keeper without an app, while another sign-in waits."""
        if self.app is not None:
            return multiple()
        if not self.is_keeper:
            self.change_role()
        other, waiting = self._sign_in(), self._sign_in()
        assert other is not None
        assert waiting is not None
        self.begin_app(waiting)
        self.pass_time(_LIFE - _INSTANT if is_slow else STEP)
        self.confirm_app(waiting, "good")
        self.pass_time(STEP)
        return multiple(other, waiting)

    @rule()
    def reset_factors(self) -> None:
        self.attempt(
            "the operator removes ada's factors",
            self.limen.factors.reset(self.user_id, actor=OPERATOR),
        )
        if self.app is not None:
            self._end_everything()
            self.tell("factor.all_reset")
        self.app, self.new_app, self.codes = None, None, 0

    def _refuses_first_app(self, waiting: Waiting) -> Refusals:
        if not waiting.is_live(self.now):
            return (PartialSessionInvalid,)
        return () if self.app is None else (SecondFactorNeeded,)

    # --- proving more ---

    @rule(session=sessions, is_right=st.booleans(), kind=st.none() | _CODES)
    def step_up(self, session: Session, kind: str | None, *, is_right: bool) -> None:
        code = None if kind is None else self._code(self.app, kind)
        refusals = self._refuses_step_up(session, code, is_right=is_right)
        outcome = self.attempt(
            f"{session!r} steps up, {'' if is_right else 'not '}knowing the password, by {kind}",
            self.limen.step_up.step_up(
                password=PASSWORD if is_right else "a wrong horse battery",
                code=code,
                actor=self._actor(session),
            ),
            refusals,
        )
        if not isinstance(outcome, LimenError):
            session.at = self.now
            session.methods = ("pwd",) if self.app is None else ("pwd", "otp", "mfa")
            self.tell("token.refreshed")
            self.tell("session.stepped_up")

    @rule(session=sessions)
    def rise(self, session: Session) -> None:
        """Prove again, when it is long ago, by all that there is."""
        self.pass_time(FRESH)
        self.step_up(session, None if self.app is None else "good", is_right=True)

    def _refuses_step_up(self, session: Session, code: str | None, *, is_right: bool) -> Refusals:
        if not is_right:
            self.tell("password.proof_failed")
            return (CurrentPasswordWrong,)
        if self.app is None and self.is_keeper:
            return (SecondFactorNeeded,)
        if self.app is not None:
            refusals = (InvalidInput,) if code is None else self._use(code)
            if refusals:
                return refusals
        return (SessionEnded,) if session.is_over else ()

    @rule(session=sessions)
    def sign_out(self, session: Session) -> None:
        use_case = self.limen.sessions.sign_out(actor=self._actor(session))
        self.attempt(f"{session!r} is left", use_case)
        if not session.is_over:
            self.tell("session.revoked")
        session.is_over = True

    @rule()
    def revoke_all(self) -> None:
        use_case = self.limen.sessions.revoke_all(self.user_id, actor=OPERATOR)
        self.attempt("the operator signs ada out", use_case)
        if any(not session.is_over for session in self.begun):
            self.tell("session.all_revoked")
        self._end_everything()

    def _end_everything(self) -> None:
        for session in self.begun:
            session.is_over = True
        for waiting in self.waiting:
            waiting.is_there = False

    def _actor(self, session: Session) -> Actor:
        return Actor.anonymous().as_user(self.user_id, session.id)

    # --- time ---

    @rule(by=_SPANS)
    def wait(self, by: timedelta) -> None:
        self.pass_time(by)

    @rule()
    def purge(self) -> None:
        purged = self.purge_all()
        over = [one for one in self.waiting if one.is_there and one.until < self.now]
        self.compare("how many that waited were purged", purged.partial_sessions, len(over))
        for one in over:
            one.is_there = False
        if self.new_app is not None and self.new_app.until < self.now:
            self.new_app = None

    # --- what always holds ---

    @invariant()
    def sessions_are_as_fresh_as_the_model_says(self) -> None:
        for session in self.begun:
            self.attempt("freshness is asked for", self._fresh(session), session.refusal(self.now))

    @invariant()
    def sessions_tell_what_was_proved(self) -> None:
        found = {one.id: one.methods for one in self.run(self._live())}
        expected = {one.id: one.methods for one in self.begun if not one.is_over}
        self.compare("the live sessions", found, expected)

    async def _fresh(self, session: Session) -> None:
        async with self.limen.unit_of_work.view() as view:
            await require_fresh(view, self._actor(session), self.now)

    async def _live(self) -> tuple[LiveSession, ...]:
        async with self.limen.unit_of_work.view() as view:
            return await view.sessions.list_live(self.user_id, self.now)
