"""What clients may be told, judged against what truly happened."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from limen.core.api_keys.model import KeyClaims
from limen.core.errors import (
    HashingBusy,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    InvalidCredentials,
    InvalidInput,
    Kind,
    LimenError,
    NotSignedIn,
    PasswordRefused,
    RefreshTokenInvalid,
    RefreshTokenReused,
    SessionEnded,
    StorageUnavailable,
    TokenExpired,
    TokenInvalid,
    TooManyAttempts,
)
from limen.core.ids import UserId
from limen.core.roles.model import ME_READ, OWN, permissions_of
from limen.core.secret import Secret
from limen.core.sessions.model import Session
from limen.core.signin.rising import SteppedUp
from limen.core.tokens.family import PresentedToken, RefreshFamily, read_token
from limen.core.tokens.issuing import IssuedTokens
from limen.core.tokens.model import AccessClaims
from limen.core.users.model import Status
from limen.testing.policies import Policies
from limen.testing.simulation.catalogue import (
    ACKNOWLEDGED,
    AUTHORITY,
    EXPIRED,
    KEY_ACTS,
    NO_ENTRY,
    NO_FALSE_NO,
    NO_REFRESH,
    NOTHING_BREAKS,
    ONE_ANSWER,
    ONE_LINE,
    OUTAGE,
    REFUSED,
    REUSE_ENDS,
    RIGHT_NAME,
    SHUT_OUT,
    USED_ONCE,
)
from limen.testing.simulation.cookies import CookieJudge
from limen.testing.simulation.journal import Call, Change, Commit, Journal
from limen.testing.simulation.lives import earliest, lives
from limen.testing.simulation.people import Shown

# What a refused use case leaves behind: counts, and the record of the refusal.
_RECORDS: Final = frozenset(
    {
        *("signin.failed", "signin.throttled", "password.proof_failed"),
        *("token.reuse_detected", "remembered.reuse_detected", "passkey.cloned"),
        *("factor.refused", "recovery_code.used", "api_key.refused"),
    }
)
# A code that was shown is used up, whatever comes behind it.
_COUNTS: Final = frozenset(
    {"throttles", "attempts", "proofs", "totps", "partial_sessions", "ceremonies"}
)
_ENDED: Final = frozenset({"sessions", "families", "endings"})
# What a record of these brings with it: the end of a session, and the mail that tells of a wait.
_MORE: Final = {
    "token.reuse_detected": _ENDED | {"remembered"},
    "remembered.reuse_detected": _ENDED | {"remembered"},
    "signin.throttled": frozenset({"messages"}),
    "recovery_code.used": frozenset({"messages", "recovery_codes"}),
}
# Refusals that need no store.
_ALONE: Final = (
    HashingBusy,
    InvalidInput,
    NotSignedIn,
    PasswordRefused,
    SessionEnded,
    TokenExpired,
    TokenInvalid,
)
_BEGINNINGS: Final = frozenset({"sign in", "open link", "finish", "sign in by passkey"})
# What comes first is done, whatever comes behind it.
_IN_PARTS: Final = frozenset({"purge", "set up app"})
# Part of the work goes on behind the answer, or is kept apart from it.
_LOOSE: Final = frozenset({"sign in once", "use key"})
_WAYS_IN: Final = frozenset({"sign in", "sign in once", "sign in by cookie"})
_REFUSED_AT_THE_DOOR: Final = (InvalidCredentials, TooManyAttempts, HashingBusy)
# What everybody may do to themselves.
_OWN: Final = frozenset({"delete", "revoke all"})
_REPETITION: Final = (IdempotencyInProgress, IdempotencyKeyReused)


class AnswerJudge:
    """Judges the outcome of each call, and each entry with an access token."""

    def __init__(self, journal: Journal, policies: Policies) -> None:
        """Judge by `journal`."""
        self._journal = journal
        self._policies = policies
        self.cookies = CookieJudge(journal)

    def judge(self, call: Call, *, is_out: bool) -> None:
        """Judge a call that is over. With `is_out` the store was out from its beginning on."""
        outcome = call.outcome
        if call.is_cut:
            return
        if isinstance(outcome, BaseException) and not isinstance(outcome, LimenError):
            self._violate(NOTHING_BREAKS, call, repr(outcome))
            return
        self._outage(call, is_out=is_out)
        if isinstance(outcome, LimenError):
            self._refusal(call, outcome)
        else:
            self._success(call)
        if call.name == "refresh":
            self._refresh(call)

    def _violate(self, invariant: Any, call: Call, found: str) -> None:
        self._journal.violate(invariant, f"{call.told}: {found}")

    # --- every call ---

    def _outage(self, call: Call, *, is_out: bool) -> None:
        outcome = call.outcome
        if isinstance(outcome, StorageUnavailable):
            return
        if call.failed_changes and call.name not in _LOOSE:
            self._violate(OUTAGE, call, f"the store failed, the answer is {_named(outcome)}")
        if is_out and call.name != "authenticate" and not isinstance(outcome, _ALONE):
            self._violate(OUTAGE, call, f"the store is out, the answer is {_named(outcome)}")

    def _refusal(self, call: Call, refusal: LimenError) -> None:
        if refusal.kind is Kind.BROKEN:
            self._violate(NOTHING_BREAKS, call, _named(refusal))
        if refusal.kind is not Kind.UNAVAILABLE and call.name not in _IN_PARTS:
            for commit in call.commits:
                self._refused(call, commit)
        if call.name in _WAYS_IN and refusal.kind is not Kind.UNAVAILABLE:
            self._refused_entry(call, refusal)

    def _refused(self, call: Call, commit: Commit) -> None:
        names = {event.name for event in commit.events}
        allowed = _COUNTS.union(*(_MORE[name] for name in names & _MORE.keys()))
        tables = {
            change.table
            for change in commit.changes
            if change.before != change.after and not _is_use(change)
        }
        if any(change.table == "proofs" and _is_spent(change) for change in commit.changes):
            tables.add("a link")
        if names - _RECORDS or tables - allowed:
            found = f"refused as {_named(call.outcome)} after {sorted(names)} {sorted(tables)}"
            self._violate(REFUSED, call, found)

    def _refused_entry(self, call: Call, refusal: LimenError) -> None:
        if call.name == "sign in once" and isinstance(refusal, _REPETITION):
            return
        if not isinstance(refusal, _REFUSED_AT_THE_DOOR):
            self._violate(ONE_ANSWER, call, _named(refusal))
        elif isinstance(refusal, InvalidCredentials):
            if refusal.message != InvalidCredentials.sentence or refusal.details:
                self._violate(ONE_ANSWER, call, refusal.message)
            if call.is_clean and self._has_right_password(call):
                self._violate(NO_FALSE_NO, call, "refused with the right password")

    def _has_right_password(self, call: Call) -> bool:
        user = None if call.over is None else self._journal.now("users", call.over)
        credential = None if user is None else self._journal.now("passwords", user.id)
        if user is None or credential is None or user.status is not Status.ACTIVE:
            return False
        return self._journal.passwords.get(credential.digest.reveal()) == call.password

    def _success(self, call: Call) -> None:
        told = {event.name for commit in call.commits for event in commit.events}
        if call.tells and told.isdisjoint(call.tells):
            self._violate(ACKNOWLEDGED, call, f"done, but only {sorted(told)} was committed")
        if call.needs is not None and call.by is not None:
            self._authority(call, call.by)
        if call.name in _BEGINNINGS and isinstance(call.outcome, IssuedTokens):
            self._line(call, call.outcome.refresh_token)
        if isinstance(call.outcome, SteppedUp) and call.outcome.refresh_token is not None:
            self._line(call, call.outcome.refresh_token)
        self.cookies.given(call)

    # --- authority ---

    def _authority(self, call: Call, by: UserId) -> None:
        if call.over == by and call.name in _OWN:
            return
        for commit in self._journal.since(call):
            for change in commit.changes:
                if change.table in {"roles", "grants"} or change.key == by:
                    return
        held = self.held(by, call.began_at)
        user = self._journal.now("users", by)
        if user is None or user.status is not Status.ACTIVE or call.needs not in held:
            self._violate(AUTHORITY, call, f"{by} has no {call.needs}")
        elif call.over not in {None, by} and not self._reaches(call, held):
            self._violate(AUTHORITY, call, f"{by} has less than {call.over}")

    def _reaches(self, call: Call, held: frozenset[str]) -> bool:
        """Tell whether the target may do no more than whoever acts, as far as that is certain."""
        return not call.is_clean or self.held(call.over, call.began_at) & OWN <= held

    def held(self, user_id: UserId | None, now: datetime) -> frozenset[str]:
        """Return what a user may do as it is committed now."""
        grants = self._journal.now("grants", user_id) or ()
        live = [grant.role for grant in grants if grant.ends_at is None or now < grant.ends_at]
        return permissions_of(self._journal.now("roles", role) for role in live)

    def entered_by_key(self, call: Call, claims: KeyClaims) -> None:
        """Judge that an API key was believed."""
        key = self._journal.at_start(call, "api_keys", claims.key_id)
        if key is None or not key.is_live(earliest(self._journal, call)):
            self._violate(KEY_ACTS, call, "the key was over")
        held = [self.held(claims.user_id, earliest(self._journal, call)), frozenset({ME_READ})]
        is_changed = any(
            change.table in {"roles", "grants"}
            for commit in self._journal.since(call)
            for change in commit.changes
        )
        if not is_changed and not claims.permissions <= frozenset().union(*held):
            self._violate(KEY_ACTS, call, f"it does {sorted(claims.permissions)}")
        user = self._journal.at_start(call, "users", claims.user_id)
        if user is None or user.status is not Status.ACTIVE:
            self._violate(SHUT_OUT, call, "came in by a key, and is not active")

    # --- access tokens ---

    def entered(self, call: Call, claims: AccessClaims, shown: Shown) -> None:
        """Judge that an access token was believed."""
        if (claims.user_id, claims.session_id) != (shown.user_id, shown.session_id):
            self._violate(RIGHT_NAME, call, f"believed for {claims.user_id}")
        if earliest(self._journal, call) >= shown.latest_end:
            self._violate(EXPIRED, call, f"believed after {shown.latest_end}")
        ended = self._journal.ended.get(claims.session_id)
        if ended is None or ended.commit > call.began_after:
            return
        denial = self._policies.denial
        bound = denial.fresh if call.is_clean else denial.stale
        if ended.worker == call.worker:
            self._violate(NO_ENTRY, call, "the worker that ended the session lets it in")
        elif earliest(self._journal, call) >= ended.highest + bound:
            self._violate(NO_ENTRY, call, f"let in more than {bound} after the end")

    def refused(self, call: Call, refusal: LimenError, shown: Shown) -> None:
        """Judge that an access token was not believed."""
        session = self._journal.now("sessions", shown.session_id)
        is_alive = session is not None and session.ended_at is None
        if (
            call.is_clean
            and is_alive
            and self._journal.clock.now() < shown.earliest_end
            and not isinstance(refusal, StorageUnavailable)
        ):
            self._violate(NO_FALSE_NO, call, f"a living token is refused as {_named(refusal)}")

    # --- refresh tokens ---

    def _line(self, call: Call, refresh_token: Secret[str]) -> PresentedToken:
        """Take a token down as the only one of its generation."""
        given = refresh_token.reveal()
        token = read_token(refresh_token)
        known = self._journal.successors.setdefault((token.session_id, token.generation), given)
        if known != given:
            self._violate(ONE_LINE, call, f"generation {token.generation} is two tokens")
        return token

    def _refresh(self, call: Call) -> None:
        if call.shown is None:
            raise ValueError("a refresh without a token")
        token = read_token(Secret(call.shown))
        session = self._journal.at_start(call, "sessions", token.session_id)
        outcome = call.outcome
        if isinstance(outcome, IssuedTokens):
            self._refreshed(call, token, session, outcome)
        elif isinstance(outcome, RefreshTokenReused):
            now = self._journal.now("sessions", token.session_id)
            if now is not None and now.ended_at is None:
                self._violate(REUSE_ENDS, call, "the session lives on")
        if call.is_clean and isinstance(outcome, RefreshTokenInvalid | RefreshTokenReused):
            self._refused_refresh(call, token, session)

    def _refreshed(
        self, call: Call, token: PresentedToken, session: Session | None, given: IssuedTokens
    ) -> None:
        now = earliest(self._journal, call)
        if session is None or not lives(session, now):
            self._violate(NO_REFRESH, call, "the session was over")
            return
        if self._journal.at_start(call, "users", session.user_id).status is not Status.ACTIVE:
            self._violate(SHUT_OUT, call, "refreshed for a user who is not active")
        successor = self._line(call, given.refresh_token)
        if (successor.session_id, given.user.id) != (token.session_id, session.user_id):
            self._violate(RIGHT_NAME, call, "refreshed into another session")
        if successor.generation != token.generation + 1:
            self._violate(USED_ONCE, call, f"{token.generation} gave {successor.generation}")
        family = self._journal.at_start(call, "families", token.session_id)
        replaced = self._journal.replaced.get((token.session_id, token.generation))
        if replaced is None:
            self._violate(ONE_LINE, call, f"{token.generation} gave a token and was not replaced")
        elif family.generation > token.generation and (
            now >= replaced + self._grace or _has_risen(family)
        ):
            self._violate(USED_ONCE, call, f"{token.generation} was replaced at {replaced}")

    @property
    def _grace(self) -> timedelta:
        return self._policies.tokens.grace

    def _refused_refresh(self, call: Call, token: PresentedToken, session: Session | None) -> None:
        user = None if session is None else self._journal.at_start(call, "users", session.user_id)
        if session is None or not lives(session, call.began_at):
            return
        if user is None or user.status is not Status.ACTIVE:
            return
        key = token.session_id, token.generation
        replaced = self._journal.replaced.get(key)
        if replaced is None:
            if self._journal.successors.get(key) == call.shown:
                self._violate(NO_FALSE_NO, call, "a living refresh token is refused")
            return
        family = self._journal.at_start(call, "families", token.session_id)
        is_previous = family.generation == token.generation + 1
        is_within_grace = call.began_at < family.rotated_at + self._grace
        if is_previous and is_within_grace:
            # What was exchanged for a cookie, or left behind by a step-up, has no successor that
            # could come again.
            if token.session_id not in self._journal.carried and not _has_risen(family):
                self._violate(NO_FALSE_NO, call, "refused within the grace")
        elif self._journal.now("sessions", token.session_id).ended_at is None:
            self._violate(REUSE_ENDS, call, "a used token came again, and its session lives on")


def _has_risen(family: RefreshFamily) -> bool:
    """Tell whether the living token is from a step-up: what was shown before is worthless."""
    return family.generation > 1 and family.previous_digest is None


def _is_use(change: Change) -> bool:
    """Tell whether a session or passkey was merely used, before anything was asked for."""
    before, after = change.before, change.after
    if before is None or after is None:
        return False
    if change.table == "passkeys":
        return [passkey.id for passkey in before] == [passkey.id for passkey in after]
    if change.table != "sessions":
        return False
    used = {"last_used_at": after.last_used_at, "idle_expires_at": after.idle_expires_at}
    return bool(replace(before, **used) == after)


def _is_spent(change: Change) -> bool:
    before, after = change.before, change.after
    return after is None or (before is not None and before.spent_at != after.spent_at)


def _named(outcome: object) -> str:
    return outcome.code if isinstance(outcome, LimenError) else type(outcome).__name__
