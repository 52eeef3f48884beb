"""Second factors: which code is good when, told by the codes that apps have shown."""

from base64 import b32decode
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, initialize, invariant, multiple, rule

from limen.core.actor import Actor
from limen.core.errors import (
    EnrolmentOver,
    FactorInvalid,
    FactorMissing,
    FactorNotFound,
    LimenError,
    SessionEnded,
    StepUpNeeded,
)
from limen.core.factors.holding import factors_of
from limen.core.factors.model import FactorKind
from limen.core.factors.totp import code_at
from limen.core.ids import SessionId, UserId
from limen.core.secret import Secret
from limen.testing.assembly import OPERATOR
from limen.testing.builders import a_session
from limen.testing.contracts.steps import keep
from limen.testing.fakes import NOON
from limen.testing.machines.machine import PATIENT, Bench
from limen.testing.machines.telling import TellingMachine
from limen.testing.machines.tries import FRESH, POLICY, WORTH_TELLING, Tally, throttled
from limen.testing.policies import Policies

WAITS: Final = timedelta(minutes=15)
STEP: Final = timedelta(seconds=30)
EVERYBODY: Final = ("ada@example.org", "eve@example.org")
PLACES: Final = ("telephone", "laptop")
_INSTANT: Final = timedelta(microseconds=1)
_NEVER: Final = NOON + timedelta(days=3650)
_STRANGER: Final = Actor.anonymous()
_HOME: Final = "203.0.113.1"
_NETWORK: Final = st.sampled_from([None, _HOME, "203.0.113.2"])

_SPANS: Final = st.sampled_from(
    [STEP / 2, STEP, STEP + _INSTANT, FRESH - _INSTANT, FRESH, WAITS - _INSTANT, WAITS, 2 * WAITS]
)
# How many steps the clock of a telephone is off.
_DRIFTS: Final = st.sampled_from([0, 0, 0, -2, -1, 1, 2])
_WHO: Final = st.sampled_from(EVERYBODY)
_WHERE: Final = st.sampled_from(PLACES)
# Which of a user's apps somebody reads: the one that counts, the one that waits, a former one.
_APPS: Final = st.sampled_from(["counts", "counts", "waits", "former"])


@dataclass(frozen=True)
class App:
    """The secret in somebody's telephone."""

    secret: Secret[bytes]
    until: datetime
    last_step: int = 0

    def code(self, step: int) -> str:
        """Return what it shows."""
        return code_at(self.secret, step).reveal()

    def step_of(self, code: str, present: int) -> int | None:
        """Return the step by which a code is good, if it is."""
        near = (present - 1, present, present + 1)
        return next((n for n in near if n > self.last_step and self.code(n) == code), None)


@dataclass
class SignedIn:
    """A session as the model knows it."""

    id: SessionId
    at: datetime
    is_over: bool = False

    def refusal(self, now: datetime) -> tuple[type[LimenError], ...]:
        """Say why what changes factors is refused here, if it is."""
        if self.is_over:
            return (SessionEnded,)
        return () if now < self.at + FRESH else (StepUpNeeded,)


@dataclass
class Owner:
    """A user as the model knows them."""

    id: UserId
    apps: dict[str, App] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)
    sessions: dict[str, SignedIn] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)

    @property
    def has_app(self) -> bool:
        """Whether there is a second factor."""
        return "counts" in self.apps

    def actor(self, place: str) -> Actor:
        """Return the user at one of their places."""
        return _STRANGER.as_user(self.id, self.sessions[place].id)

    def count(self, kind: str, network: str | None) -> str:
        """Return under which name codes of this kind count that are shown in this network."""
        is_in = any(not session.is_over for session in self.sessions.values())
        return f"{kind} at home" if is_in and network == _HOME else kind

    def retire(self, which: str) -> None:
        """Keep an app that is good for nothing any more."""
        app = self.apps.pop(which, None)
        if app is not None:
            self.apps["former"] = app

    def end_sessions(self, *, keep: str | None = None) -> None:
        """End all sessions but for the one to keep."""
        for place, session in self.sessions.items():
            session.is_over = session.is_over or place != keep


class FactorMachine(TellingMachine):
    """Sets up apps, shows codes of every app and step, uses recovery codes, gives all up."""

    policies: ClassVar[Policies] = replace(
        PATIENT, throttle=replace(POLICY, per_address=PATIENT.throttle.per_address)
    )
    seen: Bundle[str] = Bundle("seen")

    def __init__(self, bench: Bench) -> None:
        """Begin with two users."""
        super().__init__(bench)
        self.owners: dict[str, Owner] = {}
        for email in EVERYBODY:
            self.owners[email] = Owner(self.run(self.limen.register(email)).id)
            self.tell("user.registered")

    @property
    def step(self) -> int:
        """The present time step."""
        return int(self.now.timestamp()) // 30

    @initialize(target=seen)
    def begin_with_an_app(self) -> MultipleResults[str] | str:
        for email in EVERYBODY:
            for place in PLACES:
                self.sign_in(email, place)
        self.begin(EVERYBODY[0], PLACES[0])
        return self.confirm(EVERYBODY[0], PLACES[0], "waits", 0)

    @rule(email=_WHO, place=_WHERE)
    def sign_in(self, email: str, place: str) -> None:
        """Begin a session however it came about: this machine is not about that."""
        owner = self.owners[email]
        session = a_session(
            owner.id,
            address=_HOME,
            authenticated_at=self.now,
            idle_expires_at=_NEVER,
            expires_at=_NEVER,
        )
        self.run(keep(self.limen.unit_of_work, session))
        owner.sessions[place] = SignedIn(session.id, self.now)
        self.story.tell(self.now, f"{email} signs in at the {place}")

    # --- setting up ---

    @rule(email=_WHO, place=_WHERE)
    def begin(self, email: str, place: str) -> None:
        owner = self.owners[email]
        made = self.attempt(
            f"{email} begins to set up an app at the {place}",
            self.limen.factors.begin_totp(actor=owner.actor(place)),
            owner.sessions[place].refusal(self.now),
        )
        if not isinstance(made, LimenError):
            owner.retire("waits")
            secret = Secret(b32decode(made.secret.reveal()))
            owner.apps["waits"] = App(secret, self.now + WAITS)
            self.tell("factor.enrolment_begun")

    @rule(target=seen, email=_WHO, place=_WHERE, which=_APPS, drift=_DRIFTS)
    def confirm(self, email: str, place: str, which: str, drift: int) -> MultipleResults[str]:
        owner = self.owners[email]
        code = self._read(owner, which, drift)
        waiting = owner.apps.get("waits")
        stale = owner.sessions[place].refusal(self.now)
        counted = () if stale else self._counts(owner, "enrolment")
        step = None if waiting is None else waiting.step_of(code, self.step)
        refusals = stale or counted
        if not refusals and (waiting is None or self.now >= waiting.until):
            refusals = (EnrolmentOver,)
        if not refusals and step is None:
            refusals = (FactorInvalid,)
        outcome = self.attempt(
            f"{email} confirms at the {place} with a code of the app that {which}, {drift:+} steps",
            self.limen.factors.confirm_totp(code=code, actor=owner.actor(place)),
            refusals,
        )
        if isinstance(outcome, LimenError) or waiting is None or step is None:
            return multiple()
        del owner.apps["waits"], owner.tallies["enrolment"]
        owner.retire("counts")
        owner.apps["counts"] = replace(waiting, last_step=step)
        owner.end_sessions(keep=place)
        codes = [made.reveal() for made in outcome]
        self.compare("how many recovery codes there are", len(codes), 0 if owner.codes else 10)
        if codes:
            owner.codes = set(codes)
            self.tell("recovery_code.all_made")
        self.tell("factor.enrolled")
        return multiple(*codes[:3])

    @rule(target=seen, email=_WHO, place=_WHERE, nudge=st.sampled_from([-_INSTANT, 0 * STEP]))
    def set_up_late(self, email: str, place: str, nudge: timedelta) -> MultipleResults[str] | str:
        """Let an app wait until its end, or all but."""
        self.sign_in(email, place)
        self.begin(email, place)
        self.pass_time(WAITS + nudge)
        self.sign_in(email, place)
        return self.confirm(email, place, "waits", 0)

    # --- proving ---

    @rule(email=_WHO, which=_APPS, drift=_DRIFTS, network=_NETWORK)
    def prove_by_app(self, email: str, which: str, drift: int, network: str | None = None) -> None:
        owner = self.owners[email]
        code = self._read(owner, which, drift)
        app = owner.apps.get("counts")
        step = None if app is None else app.step_of(code, self.step)
        what = f"{email} shows a code of the app that {which}, {drift:+} steps"
        if self._prove(owner, code, "totp", what, network, is_good=step is not None):
            assert app is not None
            assert step is not None
            owner.apps["counts"] = replace(app, last_step=step)

    @rule(email=_WHO, drift=_DRIFTS, again=_DRIFTS)
    def prove_by_app_twice(self, email: str, drift: int, again: int) -> None:
        """Show the codes that an app shows at one time: that is what this machine is about."""
        self.pass_time(STEP)
        self.prove_by_app(email, "counts", drift)
        self.prove_by_app(email, "counts", again)

    @rule(target=seen, email=_WHO, place=_WHERE, shown=_APPS)
    def set_up(self, email: str, place: str, shown: str) -> MultipleResults[str] | str:
        """Set up an app from beginning to end, and show a code of one of those there are then."""
        self.sign_in(email, place)
        self.begin(email, place)
        codes = self.confirm(email, place, "waits", 0)
        self.pass_time(STEP)
        self.prove_by_app(email, shown, 0)
        return codes

    @rule(email=_WHO, times=st.integers(2, 4), network=_NETWORK)
    def guess(self, email: str, times: int, network: str | None) -> None:
        """Show codes of no app, until one has to wait."""
        for _ in range(times):
            self.prove_by_app(email, "former", 0, network)

    @rule(email=_WHO, code=seen, times=st.integers(1, 2), network=_NETWORK)
    def prove_by_recovery_codes(
        self, email: str, code: str, times: int, network: str | None
    ) -> None:
        for _ in range(times):
            self._prove_by_recovery_code(email, code, network)

    def _prove_by_recovery_code(self, email: str, code: str, network: str | None) -> None:
        owner = self.owners[email]
        is_good = code in owner.codes
        what = f"{email} shows {code}"
        if self._prove(owner, code, "recovery_code", what, network, is_good=is_good):
            owner.codes.discard(code)
            self.tell("recovery_code.used")

    def _prove(
        self, owner: Owner, code: str, kind: str, what: str, network: str | None, *, is_good: bool
    ) -> bool:
        """Show a code; tell whether it was taken."""
        name = owner.count(kind, network)
        counted = self._counts(owner, name)
        refusals = counted or (() if is_good else (FactorInvalid,))
        actor = replace(_STRANGER, address=network)
        outcome = self.attempt(
            f"{what} at {network or 'no address'}",
            self.limen.factor_prover.prove(owner.id, code, actor=actor),
            refusals,
        )
        if FactorInvalid in refusals:
            self.tell("factor.refused")
        if isinstance(outcome, LimenError):
            return False
        self.compare("the method", outcome, "otp" if kind == "totp" else "rc")
        del owner.tallies[name]
        return True

    def _counts(self, owner: Owner, kind: str) -> tuple[type[LimenError], ...]:
        """Count an attempt, or say that one must wait."""
        before = owner.tallies.get(kind, Tally())
        wait = before.wait(self.now)
        if wait is not None:
            return throttled(wait)
        counted = owner.tallies[kind] = before.tried(self.now)
        until = counted.blocked_until
        if until is not None and until - self.now >= WORTH_TELLING:
            self.tell("signin.throttled")
        return ()

    def _read(self, owner: Owner, which: str, drift: int) -> str:
        """Read a code from an app; who has none of this kind makes one up."""
        app = owner.apps.get(which)
        return "000000" if app is None else app.code(self.step + drift)

    # --- giving up ---

    @rule(email=_WHO, place=_WHERE)
    def remove(self, email: str, place: str) -> None:
        owner = self.owners[email]
        refusals = owner.sessions[place].refusal(self.now)
        if not refusals and not owner.has_app:
            refusals = (FactorNotFound,)
        outcome = self.attempt(
            f"{email} gives up the app at the {place}",
            self.limen.factors.remove_totp(actor=owner.actor(place)),
            refusals,
        )
        if outcome is None:
            self._without_factors(owner)
            owner.end_sessions(keep=place)
            self.tell("factor.removed")

    @rule(target=seen, email=_WHO, place=_WHERE)
    def make_recovery_codes(self, email: str, place: str) -> MultipleResults[str]:
        owner = self.owners[email]
        refusals = owner.sessions[place].refusal(self.now)
        if not refusals and not owner.has_app:
            refusals = (FactorMissing,)
        outcome = self.attempt(
            f"{email} makes recovery codes at the {place}",
            self.limen.factors.make_recovery_codes(actor=owner.actor(place)),
            refusals,
        )
        if isinstance(outcome, LimenError):
            return multiple()
        owner.codes = {made.reveal() for made in outcome}
        owner.end_sessions(keep=place)
        self.tell("recovery_code.all_made")
        return multiple(*sorted(owner.codes)[:3])

    @rule(email=_WHO)
    def reset(self, email: str) -> None:
        owner = self.owners[email]
        self.attempt(
            f"the operator resets the factors of {email}",
            self.limen.factors.reset(owner.id, actor=OPERATOR),
        )
        if owner.has_app:
            owner.end_sessions()
            self.tell("factor.all_reset")
        self._without_factors(owner)

    def _without_factors(self, owner: Owner) -> None:
        owner.retire("waits")
        owner.retire("counts")
        owner.codes = set()

    # --- time ---

    @rule(by=_SPANS)
    def wait(self, by: timedelta) -> None:
        self.pass_time(by)

    @rule()
    def purge(self) -> None:
        over = [
            owner
            for owner in self.owners.values()
            if "waits" in owner.apps and owner.apps["waits"].until < self.now
        ]
        purged = self.purge_all()
        self.compare("how many apps that waited were purged", purged.factors, len(over))
        for owner in over:
            owner.retire("waits")

    # --- what always holds ---

    @invariant()
    def everybody_has_the_factors_of_the_model(self) -> None:
        for email, owner in self.owners.items():
            kinds = [FactorKind.TOTP] if owner.has_app else []
            kinds += [FactorKind.RECOVERY_CODE] if owner.codes else []
            self.compare(f"the factors of {email}", self.run(self._held(owner)), tuple(kinds))
            held = self.run(self.limen.factors.get(owner.id, actor=OPERATOR))
            self.compare("how many codes are left", len(held.recovery_codes), len(owner.codes))

    async def _held(self, owner: Owner) -> tuple[FactorKind, ...]:
        async with self.limen.unit_of_work.view() as view:
            return await factors_of(view, owner.id)
