"""Refresh tokens: whoever shows which one when, gets what a list of tokens says."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, initialize, invariant, multiple, rule

from limen.core.errors import (
    InvalidCredentials,
    LimenError,
    RefreshTokenInvalid,
    RefreshTokenReused,
    SessionEnded,
    SessionNotFound,
    StepUpNeeded,
    TokenExpired,
    TokenInvalid,
)
from limen.core.ids import SessionId, UserId
from limen.core.sessions.model import SessionPolicy
from limen.core.tokens.issuing import IssuedTokens
from limen.testing.assembly import OPERATOR, PASSWORD, acting
from limen.testing.machines.machine import PATIENT, Bench, StoreMachine
from limen.testing.policies import Policies

GRACE: Final = timedelta(seconds=10)
IDLE: Final = timedelta(days=14)
# Near enough that a few refreshes come to it.
ABSOLUTE: Final = timedelta(days=30)
KEPT: Final = timedelta(days=30)
ACCESS: Final = timedelta(minutes=15)
FRESH: Final = timedelta(minutes=10)
ALMOST_A_SECOND: Final = timedelta(microseconds=999_999)
COARSE: Final = timedelta(minutes=1)
EVERYBODY: Final = ("ada@example.org", "eve@example.org")

# The edges of every lifetime, from both sides.
_NUDGES: Final = (-timedelta(microseconds=1), timedelta(0), timedelta(microseconds=1))
_SHORT_WAITS: Final = st.sampled_from(
    [wait + nudge for wait in (GRACE, COARSE, FRESH) for nudge in _NUDGES] + [timedelta(seconds=1)]
)
_LONG_WAITS: Final = st.sampled_from(
    [wait + nudge for wait in (ACCESS, IDLE, KEPT) for nudge in _NUDGES] + [timedelta(days=13)]
)
_ALMOST_IDLE: Final = IDLE - timedelta(days=1)


@dataclass
class Line:
    """A session as the model knows it: its refresh tokens, oldest first; the last one lives."""

    email: str
    begun: IssuedTokens
    tokens: list[str]
    begun_at: datetime
    rotated_at: datetime
    last_used_at: datetime
    idle_until: datetime
    until: datetime
    ended_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Tell whether it still counts."""
        return self.ended_at is None and now < self.idle_until and now < self.until

    def was_over(self, before: datetime) -> bool:
        """Tell whether it was over before an instant."""
        is_ended = self.ended_at is not None and self.ended_at < before
        return is_ended or self.idle_until < before or self.until < before


@dataclass(frozen=True)
class Shown:
    """A refresh token that somebody has: of which session, and which in its line."""

    session_id: SessionId
    place: int
    access_token: str = field(repr=False)
    expires_at: datetime


class FamilyMachine(StoreMachine):
    """Signs in, refreshes with every token ever given, and ends sessions in every way."""

    policies: ClassVar[Policies] = replace(PATIENT, sessions=SessionPolicy(absolute=ABSOLUTE))
    shown: Bundle[Shown] = Bundle("shown")

    def __init__(self, bench: Bench) -> None:
        """Begin with two users and no session."""
        super().__init__(bench)
        self.lines: dict[SessionId, Line] = {}
        self.purged: set[SessionId] = set()
        self.users: dict[str, UserId] = {}
        self.is_active = dict.fromkeys(EVERYBODY, True)
        for email in EVERYBODY:
            self.users[email] = self.run(self.limen.register(email)).id

    def _show(self, session_id: SessionId, tokens: IssuedTokens) -> Shown:
        line = self.lines[session_id]
        token = tokens.refresh_token.reveal()
        return Shown(
            session_id=session_id,
            place=line.tokens.index(token),
            access_token=tokens.access_token.reveal(),
            # In whole seconds, as a JWT tells them.
            expires_at=min(
                (self.now + ACCESS + ALMOST_A_SECOND).replace(microsecond=0),
                line.until.replace(microsecond=0),
            ),
        )

    # --- beginning, going on ---

    @initialize(target=shown)
    def begin(self) -> MultipleResults[Shown]:
        given = [self.sign_in(email) for email in EVERYBODY]
        return multiple(*(one for one in given if isinstance(one, Shown)))

    @rule(target=shown, email=st.sampled_from(EVERYBODY))
    def sign_in(self, email: str) -> Shown | MultipleResults[Shown]:
        outcome = self.attempt(
            f"{email} signs in",
            self.limen.enter(email),
            () if self.is_active[email] else (InvalidCredentials,),
        )
        if isinstance(outcome, LimenError):
            return multiple()
        self.lines[outcome.session_id] = Line(
            email=email,
            begun=outcome,
            tokens=[outcome.refresh_token.reveal()],
            begun_at=self.now,
            rotated_at=self.now,
            last_used_at=self.now,
            idle_until=self.now + IDLE,
            until=self.now + ABSOLUTE,
        )
        return self._show(outcome.session_id, outcome)

    @rule(target=shown, token=shown)
    def refresh(self, token: Shown) -> Shown | MultipleResults[Shown]:
        line = self.lines[token.session_id]
        behind = len(line.tokens) - 1 - token.place
        is_graced = behind == 1 and self.now < line.rotated_at + GRACE
        refusals = _of_reuse(is_live=line.is_live(self.now), is_good=behind == 0 or is_graced)
        outcome = self.attempt(
            f"{self._whose(token)}, token {token.place + 1} of {len(line.tokens)}, is refreshed",
            self.limen.tokens.refresh(refresh_token=line.tokens[token.place]),
            refusals,
        )
        if isinstance(outcome, LimenError):
            line.ended_at = self.now if RefreshTokenReused in refusals else line.ended_at
            return multiple()
        if behind == 0:
            self._rotated(line, outcome.refresh_token.reveal())
        else:
            # The same successor again: nobody's line forks.
            self.compare("the successor", outcome.refresh_token.reveal(), line.tokens[-1])
        return self._show(token.session_id, outcome)

    def _whose(self, token: Shown) -> str:
        """Name a session by its owner, and by which of all that is."""
        number = list(self.lines).index(token.session_id) + 1
        return f"{self.lines[token.session_id].email}, session {number}"

    @rule(target=shown, data=st.data(), by=_SHORT_WAITS)
    def refresh_a_few_times(self, data: st.DataObject, by: timedelta) -> MultipleResults[Shown]:
        """Show tokens that were good lately: that is what this machine is about."""
        given: list[Shown] = []
        for _ in range(data.draw(st.integers(1, 6))):
            live = [key for key, line in self.lines.items() if line.is_live(self.now)]
            if not live:
                break
            session_id = data.draw(st.sampled_from(live))
            newest = len(self.lines[session_id].tokens) - 1
            place = max(newest - data.draw(st.sampled_from([0, 0, 0, 1, 1, 2])), 0)
            outcome = self.refresh(
                Shown(session_id=session_id, place=place, access_token="", expires_at=self.now)
            )
            given += [outcome] if isinstance(outcome, Shown) else []
            self.pass_time(data.draw(st.sampled_from([timedelta(0), by])))
        return multiple(*given)

    @rule(target=shown, data=st.data(), times=st.integers(2, 4))
    def refresh_for_weeks(self, data: st.DataObject, times: int) -> MultipleResults[Shown]:
        """Keep a session alive by use, until its absolute end comes near."""
        live = [key for key, line in self.lines.items() if line.is_live(self.now)]
        session_id = data.draw(st.sampled_from(live)) if live else None
        given: list[Shown] = []
        while session_id is not None and len(given) < times:
            self.pass_time(_ALMOST_IDLE if given else timedelta(0))
            place = len(self.lines[session_id].tokens) - 1
            outcome = self.refresh(
                Shown(session_id=session_id, place=place, access_token="", expires_at=self.now)
            )
            if not isinstance(outcome, Shown):
                break
            given.append(outcome)
        return multiple(*given)

    def _rotated(self, line: Line, successor: str) -> None:
        assert all(successor not in other.tokens for other in self.lines.values())
        line.tokens.append(successor)
        line.rotated_at = self.now
        if self.now - line.last_used_at >= COARSE:
            line.last_used_at = self.now
            line.idle_until = min(self.now + IDLE, line.until)

    @rule(token=shown, place=st.integers(0, 77), to=st.sampled_from("Aa0_-"))
    def refresh_with_a_changed_token(self, token: Shown, place: int, to: str) -> None:
        good = self.lines[token.session_id].tokens[token.place]
        at = min(len("limen_rt_") + place, len(good) - 1)
        changed = good[:at] + to + good[at + 1 :]
        if changed == good:
            return
        self.attempt(
            f"{self._whose(token)} is refreshed with a token changed at {at}",
            self.limen.tokens.refresh(refresh_token=changed),
            (RefreshTokenInvalid,),
        )

    @rule(token=shown)
    def authenticate(self, token: Shown) -> None:
        line = self.lines[token.session_id]
        refusals: tuple[type[LimenError], ...] = ()
        if self.now >= token.expires_at:
            # The key may be retired as well by now.
            refusals = (TokenExpired, TokenInvalid)
        elif line.ended_at is not None:
            refusals = (SessionEnded,)
        outcome = self.attempt(
            f"{self._whose(token)} shows an access token",
            self.limen.tokens.authenticate(token.access_token),
            refusals,
        )
        if not isinstance(outcome, LimenError):
            found = (outcome.session_id, outcome.user_id)
            self.compare("whose it is", found, (token.session_id, self.users[line.email]))

    # --- ending ---

    def _end(self, email: str, *, keep: SessionId | None = None) -> int:
        ended = [
            line
            for session_id, line in self.lines.items()
            if line.email == email
            and line.ended_at is None
            and session_id != keep
            and session_id not in self.purged
        ]
        for line in ended:
            line.ended_at = self.now
        return len(ended)

    @rule(token=shown)
    def sign_out(self, token: Shown) -> None:
        line = self.lines[token.session_id]
        self.attempt(
            f"{self._whose(token)} signs out",
            self.limen.sessions.sign_out(actor=acting(line.begun)),
        )
        if token.session_id not in self.purged:
            line.ended_at = line.ended_at or self.now

    @rule(token=shown)
    def revoke(self, token: Shown) -> None:
        line = self.lines[token.session_id]
        is_over = line.ended_at is not None or token.session_id in self.purged
        outcome = self.attempt(
            f"{self._whose(token)} is revoked by its owner",
            self.limen.sessions.revoke(
                self.users[line.email], token.session_id, actor=acting(line.begun)
            ),
            (SessionNotFound,) if is_over else (),
        )
        if outcome is None:
            line.ended_at = self.now

    @rule(token=shown)
    def revoke_others(self, token: Shown) -> None:
        line = self.lines[token.session_id]
        count = self.attempt(
            f"{self._whose(token)} ends all others",
            self.limen.sessions.revoke_others(actor=acting(line.begun)),
        )
        ended = self._end(line.email, keep=token.session_id)
        self.compare("how many ended", count, ended)

    @rule(token=shown)
    def change_password(self, token: Shown) -> None:
        line = self.lines[token.session_id]
        outcome = self.attempt(
            f"{self._whose(token)} changes the password",
            self.limen.passwords.change(current=PASSWORD, new=PASSWORD, actor=acting(line.begun)),
            self._of_staleness(line),
        )
        if outcome is None:
            self._end(line.email, keep=token.session_id)

    def _of_staleness(self, line: Line) -> tuple[type[LimenError], ...]:
        """Say why what needs a fresh sign-in is refused in this session, if it is."""
        if not line.is_live(self.now):
            return (SessionEnded,)
        return () if self.now < line.begun_at + FRESH else (StepUpNeeded,)

    @rule(email=st.sampled_from(EVERYBODY))
    def suspend(self, email: str) -> None:
        self.attempt(
            f"the operator suspends {email}",
            self.limen.users.suspend(self.users[email], actor=OPERATOR),
        )
        if self.is_active[email]:
            self._end(email)
        self.is_active[email] = False

    @rule(email=st.sampled_from(EVERYBODY))
    def reactivate(self, email: str) -> None:
        self.attempt(
            f"the operator lets {email} in again",
            self.limen.users.reactivate(self.users[email], actor=OPERATOR),
        )
        self.is_active[email] = True

    # --- time ---

    @rule(by=_SHORT_WAITS)
    def wait(self, by: timedelta) -> None:
        self.pass_time(by)

    @rule(by=_LONG_WAITS)
    def wait_long(self, by: timedelta) -> None:
        self.pass_time(by)

    @rule()
    def rotate_keys(self) -> None:
        self.attempt("the operator rotates the keys", self.limen.keys.rotate(actor=OPERATOR))

    @rule()
    def purge(self) -> None:
        outcome = self.attempt("the operator purges", self.limen.maintenance.purge(actor=OPERATOR))
        assert not isinstance(outcome, LimenError)
        over = {key for key, line in self.lines.items() if line.was_over(self.now - KEPT)}
        self.compare("how many sessions were purged", outcome.sessions, len(over - self.purged))
        self.purged |= over

    # --- what always holds ---

    @invariant()
    def the_live_sessions_are_those_of_the_model(self) -> None:
        for email, user_id in self.users.items():
            found = self.run(self.limen.sessions.list(user_id, actor=OPERATOR))
            expected = {
                session_id: (line.last_used_at, line.idle_until, line.until)
                for session_id, line in self.lines.items()
                if line.email == email and line.is_live(self.now)
            }
            present = {s.id: (s.last_used_at, s.idle_expires_at, s.expires_at) for s in found}
            self.compare(f"the live sessions of {email}", present, expected)


def _of_reuse(*, is_live: bool, is_good: bool) -> tuple[type[LimenError], ...]:
    """Return what a token must hear, of a session that is live or not."""
    if not is_live:
        return (RefreshTokenInvalid,)
    return () if is_good else (RefreshTokenReused,)
