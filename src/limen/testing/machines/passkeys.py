"""Passkeys: which answer is good for which question, told by what was asked of whom."""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, initialize, invariant, multiple, rule

from limen.core.actor import Actor
from limen.core.errors import (
    CeremonyOver,
    LimenError,
    PasskeyNotFound,
    PasskeyRefused,
    PasskeyTaken,
    SessionEnded,
)
from limen.core.ids import PasskeyId, UserId
from limen.core.passkeys.asking import Asked
from limen.core.passkeys.model import CEREMONY_LIFETIME, CeremonyPurpose
from limen.testing.assembly import OPERATOR
from limen.testing.builders import a_family, a_session
from limen.testing.contracts.steps import keep
from limen.testing.fakes import NOON
from limen.testing.machines.factors import EVERYBODY, PLACES, SignedIn
from limen.testing.machines.machine import Bench
from limen.testing.machines.telling import TellingMachine
from limen.testing.machines.tries import FRESH
from limen.testing.passkeys import Authenticator, Credential

_INSTANT: Final = timedelta(microseconds=1)
_NEVER: Final = NOON + timedelta(days=3650)
_STRANGER: Final = Actor.anonymous()
_NOBODY: Final = "nobody@example.org"

_WHO: Final = st.sampled_from(EVERYBODY)
_WHERE: Final = st.sampled_from(PLACES)
_NAMES: Final = st.sampled_from([None, *EVERYBODY, _NOBODY])
_SPANS: Final = st.sampled_from(
    [_INSTANT, CEREMONY_LIFETIME - _INSTANT, CEREMONY_LIFETIME, FRESH - _INSTANT, FRESH]
)
# Which credential of an authenticator: the first, or the newest, which may be enrolled or not.
_WHICH: Final = st.sampled_from([0, 0, -1])
_LIES: Final = st.sampled_from(
    [{}, {}, {}, {"rp_id": "evil.example.org"}, {"origin": "https://evil.example.org"}]
)


@dataclass
class Question:
    """A ceremony as the model knows it: for what, whom and where, and until when."""

    asked: Asked
    purpose: CeremonyPurpose
    until: datetime
    name: str | None = None
    session: SignedIn | None = None
    is_spent: bool = False

    def __repr__(self) -> str:
        return f"the question to {self.purpose}"


@dataclass
class Held:
    """A passkey as the model knows it."""

    id: PasskeyId
    credential_id: bytes
    count: int = 0


@dataclass
class Holder:
    """A user as the model knows them, and their authenticator."""

    id: UserId
    device: Authenticator
    passkeys: list[Held] = field(default_factory=list)
    sessions: dict[str, SignedIn] = field(default_factory=dict)

    def actor(self, place: str) -> Actor:
        """Return the user at one of their places."""
        return _STRANGER.as_user(self.id, self.sessions[place].id)


class PasskeyMachine(TellingMachine):
    """Asks for passkeys, and answers: late, twice, elsewhere, by copies, with lies."""

    questions: Bundle[Question] = Bundle("questions")

    def __init__(self, bench: Bench) -> None:
        """Begin with two users, each with an authenticator."""
        super().__init__(bench)
        self.holders: dict[str, Holder] = {}
        self.asked: list[Question] = []
        for seed, email in enumerate(EVERYBODY):
            user = self.run(self.limen.register(email))
            self.holders[email] = Holder(user.id, Authenticator(seed=seed))
            self.tell("user.registered")

    @initialize()
    def begin_with_a_passkey_each(self) -> None:
        for email in EVERYBODY:
            for place in PLACES:
                self.sign_in_somehow(email, place)
            question = self._ask_to_enrol(email, PLACES[0])
            assert question is not None
            self.enrol(question, email, PLACES[0], {}, is_twin=False)

    @rule(email=_WHO, place=_WHERE)
    def sign_in_somehow(self, email: str, place: str) -> None:
        """Begin a session however it came about: this machine is not about that."""
        holder = self.holders[email]
        session = a_session(
            holder.id, authenticated_at=self.now, idle_expires_at=_NEVER, expires_at=_NEVER
        )
        self.run(keep(self.limen.unit_of_work, session, a_family(session.id)))
        holder.sessions[place] = SignedIn(session.id, self.now)
        self.story.tell(self.now, f"{email} signs in at the {place}")

    # --- asking ---

    @rule(target=questions, email=_WHO, place=_WHERE)
    def ask_to_enrol(self, email: str, place: str) -> MultipleResults[Question]:
        question = self._ask_to_enrol(email, place)
        return multiple() if question is None else multiple(question)

    def _ask_to_enrol(self, email: str, place: str) -> Question | None:
        holder = self.holders[email]
        asked = self.attempt(
            f"{email} wants to enrol at the {place}",
            self.limen.passkeys.begin_enrolment(actor=holder.actor(place)),
            holder.sessions[place].refusal(self.now),
        )
        if isinstance(asked, LimenError):
            return None
        return self._asked(asked, CeremonyPurpose.ENROL, email, holder.sessions[place])

    @rule(target=questions, name=_NAMES)
    def ask_to_sign_in(self, name: str | None) -> Question:
        use_case = self.limen.passkey_sign_in.ask(identifier=name)
        asked = self.attempt(f"somebody wants to sign in as {name or 'whoever'}", use_case)
        assert isinstance(asked, Asked)
        return self._asked(asked, CeremonyPurpose.SIGN_IN, name, None)

    @rule(target=questions, email=_WHO, place=_WHERE)
    def ask_to_step_up(self, email: str, place: str) -> Question:
        holder = self.holders[email]
        use_case = self.limen.passkey_steps.ask_to_step_up(actor=holder.actor(place))
        asked = self.attempt(f"{email} wants to step up at the {place}", use_case)
        assert isinstance(asked, Asked)
        return self._asked(asked, CeremonyPurpose.STEP_UP, email, holder.sessions[place])

    def _asked(
        self, asked: Asked, purpose: CeremonyPurpose, name: str | None, session: SignedIn | None
    ) -> Question:
        question = Question(
            asked=asked,
            purpose=purpose,
            until=self.now + CEREMONY_LIFETIME,
            name=name,
            session=session,
        )
        self.asked.append(question)
        return question

    # --- answering ---

    @rule(
        question=questions,
        email=_WHO,
        place=_WHERE,
        lies=_LIES,
        is_twin=st.sampled_from([False, True]),
    )
    def enrol(
        self, question: Question, email: str, place: str, lies: dict[str, Any], *, is_twin: bool
    ) -> None:
        """Enrol by the user's authenticator, or by one that makes the same credentials again."""
        holder = self.holders[email]
        device = Authenticator(seed=holder.device.seed) if is_twin else holder.device
        creating = {"user": {"id": "YQ"}, "rp": {"id": "id.example.org"}, **question.asked.options}
        answer = device.create(creating, **lies)
        made = device.credentials[-1]
        session = holder.sessions[place]
        refusals = self._spend(question, CeremonyPurpose.ENROL, email, session)
        if not refusals and lies:
            refusals = (PasskeyRefused,)
        refusals = refusals or session.refusal(self.now)
        if not refusals and self._find(made) is not None:
            refusals = (PasskeyTaken,)
        outcome = self.attempt(
            f"{email} enrols at the {place} by {question}, with lies: {lies}",
            self.limen.passkeys.enrol(
                ceremony=question.asked.ceremony, answer=answer, actor=holder.actor(place)
            ),
            refusals,
        )
        if not isinstance(outcome, LimenError):
            holder.passkeys.append(Held(outcome.id, made.credential_id))
            self.tell("passkey.enrolled")

    @rule(question=questions, email=_WHO, which=_WHICH, lies=_LIES, is_copy=st.booleans())
    def sign_in(
        self, question: Question, email: str, which: int, lies: dict[str, Any], *, is_copy: bool
    ) -> None:
        """Sign in by the user's authenticator, or by a copy of it whose counter lags behind."""
        credential, answer = self._sign(question, email, which, lies, is_copy=is_copy)
        refusals = self._spend(question, CeremonyPurpose.SIGN_IN, question.name, None)
        refusals = refusals or self._judge(question, credential, lies)
        outcome = self.attempt(
            f"the authenticator of {email} answers {question} as {question.name}, lies: {lies}",
            self.limen.passkey_sign_in.complete(ceremony=question.asked.ceremony, answer=answer),
            refusals,
        )
        if not isinstance(outcome, LimenError):
            self._use(credential)
            self.compare("who came in", outcome.user.id, self.holders[email].id)
            self.tell("signin.succeeded")

    @rule(question=questions, email=_WHO, place=_WHERE, which=_WHICH, lies=_LIES)
    def step_up(
        self, question: Question, email: str, place: str, which: int, lies: dict[str, Any]
    ) -> None:
        holder = self.holders[email]
        session = holder.sessions[place]
        credential, answer = self._sign(question, email, which, lies, is_copy=False)
        refusals = self._spend(question, CeremonyPurpose.STEP_UP, email, session)
        refusals = refusals or self._judge(question, credential, lies)
        if not refusals and session.is_over:
            refusals = (SessionEnded,)
        outcome = self.attempt(
            f"{email} answers {question} at the {place}, lies: {lies}",
            self.limen.passkey_steps.step_up(
                ceremony=question.asked.ceremony, answer=answer, actor=holder.actor(place)
            ),
            refusals,
        )
        if not isinstance(outcome, LimenError):
            self._use(credential)
            session.at = self.now
            self.tell("token.refreshed")
            self.tell("session.stepped_up")

    @rule(name=_NAMES, email=_WHO, which=_WHICH, is_copy=st.booleans())
    def ask_and_sign_in(self, name: str | None, email: str, which: int, *, is_copy: bool) -> None:
        """Do at once what only goes well without delay."""
        self.sign_in(self.ask_to_sign_in(name), email, which, {}, is_copy=is_copy)

    @rule(email=_WHO, place=_WHERE, which=_WHICH, late=_SPANS)
    def ask_and_step_up(self, email: str, place: str, which: int, late: timedelta) -> None:
        """Answer on the edge of time, and once more."""
        question = self.ask_to_step_up(email, place)
        self.pass_time(late)
        self.step_up(question, email, place, which, {})
        self.step_up(question, email, place, which, {})

    @rule(email=_WHO, which=_WHICH)
    def ask_here_and_step_up_there(self, email: str, which: int) -> None:
        """Answer in one session what was asked in another."""
        here, there = PLACES
        self.sign_in_somehow(email, here)
        self.sign_in_somehow(email, there)
        self.step_up(self.ask_to_step_up(email, here), email, there, which, {})

    def _sign(
        self, question: Question, email: str, which: int, lies: dict[str, Any], *, is_copy: bool
    ) -> tuple[Credential, dict[str, Any]]:
        """Return a signature over a question, and by what it was made."""
        device = self.holders[email].device
        credential = device.credentials[which]
        if is_copy:
            credential = deepcopy(credential)
            credential.sign_count = max(0, credential.sign_count - 1)
        signing = {"rpId": "id.example.org", **question.asked.options}
        return credential, device.get(signing, credential=credential, **lies)

    def _spend(
        self,
        question: Question,
        purpose: CeremonyPurpose,
        name: str | None,
        session: SignedIn | None,
    ) -> tuple[type[LimenError], ...]:
        """Spend a question, or say why it is no good for this."""
        is_over = question.is_spent or self.now >= question.until
        if is_over or question.purpose is not purpose:
            return (CeremonyOver,)
        question.is_spent = True
        is_theirs = question.name == name and question.session is session
        return () if is_theirs else (PasskeyRefused,)

    def _judge(
        self, question: Question, credential: Credential, lies: dict[str, Any]
    ) -> tuple[type[LimenError], ...]:
        """Say why a signature over a question is refused, if it is; that is told."""
        found = self._find(credential)
        is_expected = found is not None and question.name in {None, found[0]}
        if found is None or not is_expected or lies:
            self.tell("signin.failed")
            return (PasskeyRefused,)
        if credential.sign_count <= found[1].count:
            self.tell("passkey.cloned")
            self.tell("signin.failed")
            return (PasskeyRefused,)
        return ()

    def _use(self, credential: Credential) -> None:
        found = self._find(credential)
        assert found is not None
        found[1].count = credential.sign_count

    def _find(self, credential: Credential) -> tuple[str, Held] | None:
        """Return whose passkey a credential is, if it is one."""
        for email, holder in self.holders.items():
            for held in holder.passkeys:
                if held.credential_id == credential.credential_id:
                    return email, held
        return None

    # --- giving up ---

    @rule(email=_WHO, place=_WHERE, whose=_WHO)
    def remove(self, email: str, place: str, whose: str) -> None:
        """Remove the newest passkey of oneself; that of somebody else is none of one's own."""
        holder, other = self.holders[email], self.holders[whose]
        refusals = holder.sessions[place].refusal(self.now)
        is_own = email == whose and bool(holder.passkeys)
        passkey_id = other.passkeys[-1].id if other.passkeys else PasskeyId(other.id)
        outcome = self.attempt(
            f"{email} removes a passkey of {whose} at the {place}",
            self.limen.passkeys.remove(holder.id, passkey_id, actor=holder.actor(place)),
            refusals or (() if is_own else (PasskeyNotFound,)),
        )
        if outcome is None:
            holder.passkeys.pop()
            for elsewhere, session in holder.sessions.items():
                session.is_over = session.is_over or elsewhere != place
            self.tell("passkey.removed")

    # --- time ---

    @rule(by=_SPANS)
    def wait(self, by: timedelta) -> None:
        self.pass_time(by)

    @rule()
    def purge(self) -> None:
        over = [one for one in self.asked if not one.is_spent and one.until < self.now]
        purged = self.purge_all()
        self.compare("how many questions were purged", purged.ceremonies, len(over))
        for question in over:
            question.is_spent = True

    # --- what always holds ---

    @invariant()
    def everybody_has_the_passkeys_of_the_model(self) -> None:
        for email, holder in self.holders.items():
            found = self.run(self.limen.passkeys.list(holder.id, actor=OPERATOR))
            told = [(one.id, one.sign_count) for one in found]
            expected = [(held.id, held.count) for held in holder.passkeys]
            self.compare(f"the passkeys of {email}", told, expected)
