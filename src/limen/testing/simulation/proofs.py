"""Links, codes, factors and keys, judged at the commit that changes or uses them."""

from collections.abc import Callable, Iterator
from typing import Final

from limen.core.events import EmailVerified, PasswordReset, UserTakenOver
from limen.core.ids import UserId
from limen.core.proofs.model import MOST_TRIES, Proof, Purpose, browser_digest
from limen.core.secret import Secret
from limen.core.sessions.model import Session
from limen.testing.policies import Policies
from limen.testing.simulation.catalogue import (
    FACTOR_SHOWN,
    LINK_ONCE,
    PASSKEY_ANSWERS,
    RIGHT_PASSWORD,
    ROLE_ASKS,
)
from limen.testing.simulation.journal import Change, Commit, Journal
from limen.testing.simulation.lives import lives

_BY_LINK: Final = (EmailVerified, PasswordReset, UserTakenOver)
_BY_PASSKEY: Final = frozenset({"hwk", "swk"})
_FACTORS: Final = frozenset({"totps", "recovery_codes"})


class ProofJudge:
    """Judges by what a session begins and rises, and how links are used."""

    def __init__(self, journal: Journal, policies: Policies) -> None:
        """Judge what is written into `journal`."""
        self._journal = journal
        self._required = policies.factors.required_for
        self.rules: Final[dict[str, Callable[[Commit, Change], None]]] = {
            "proofs": self._proof,
            "partial_sessions": self._waiting,
            "grants": self._granted,
        }

    def begun(self, commit: Commit, session: Session) -> None:
        """Judge by what a session begins."""
        self._asked(commit, session)
        if not _BY_PASSKEY.isdisjoint(session.methods):
            self._by_passkey(commit, session)
        elif "mfa" in session.methods:
            self._finished(commit, session)
        elif self._had_app(commit, session.user_id):
            self._journal.violate(FACTOR_SHOWN, f"session {session.id} began without")
        elif "pwd" in session.methods:
            self._by_password(commit, session.user_id, f"session {session.id} began")
        else:
            self._by_link(commit, session.user_id, f"session {session.id} began")

    def _by_passkey(self, commit: Commit, session: Session) -> None:
        """Judge a session that a passkey began: its own is noted, and the question is gone."""
        about = f"session {session.id} began"
        is_theirs = any(
            change.key == session.user_id and set(change.after or ()) - set(change.before or ())
            for change in _of(commit, "passkeys")
        )
        if not is_theirs:
            self._journal.violate(PASSKEY_ANSWERS, f"{about} by no passkey of its user")
        commits = () if commit.call is None else commit.call.commits
        used_up = [
            change for one in commits for change in _of(one, "ceremonies") if change.after is None
        ]
        if not used_up:
            self._journal.violate(PASSKEY_ANSWERS, f"{about} and no question was used up")

    def _granted(self, commit: Commit, change: Change) -> None:
        """Judge what lives on beside the roles of a user."""
        if change.after is None or change.before == change.after:
            return
        for session_id in self._journal.now("user_sessions", change.key) or ():
            self._asked(commit, self._journal.now("sessions", session_id))

    def _asked(self, commit: Commit, session: Session) -> None:
        """Judge that a session which proves something proves what the user's roles ask for."""
        if "mfa" in session.methods or "remember" in session.methods:
            return
        grants = self._journal.now("grants", session.user_id) or ()
        asking = [
            grant
            for grant in grants
            if grant.role in self._required
            if grant.ends_at is None or commit.latest < grant.ends_at
        ]
        if asking and lives(session, commit.latest):
            about = f"session {session.id} lives beside {asking[0].role}"
            self._journal.violate(ROLE_ASKS, about)

    def risen(self, commit: Commit, session: Session) -> None:
        """Judge by what a session rises."""
        about = f"session {session.id} rose"
        self._by_password(commit, session.user_id, about)
        if self._had_app(commit, session.user_id) and not self._has_used_factor(
            commit, session.user_id
        ):
            self._journal.violate(FACTOR_SHOWN, f"{about} without")

    def told(self, commit: Commit) -> None:
        """Judge that what only a link does was done by one."""
        spent = {proof.user_id for proof in _spent(commit)}
        for event in commit.events:
            is_vouched = isinstance(event, EmailVerified) and event.is_vouched
            if isinstance(event, _BY_LINK) and not is_vouched and event.user_id not in spent:
                self._journal.violate(LINK_ONCE, f"{event.name} without a link")

    def _waiting(self, commit: Commit, change: Change) -> None:
        """Judge a sign-in that begins to wait."""
        if change.before is not None:
            return
        about = f"a sign-in of {change.after.user_id} waits"
        if "pwd" in change.after.methods:
            self._by_password(commit, change.after.user_id, about)
        else:
            self._by_link(commit, change.after.user_id, about)

    def _finished(self, commit: Commit, session: Session) -> None:
        waited = [
            change.before
            for change in _of(commit, "partial_sessions")
            if change.after is None and change.before.user_id == session.user_id
        ]
        began = commit.at if commit.call is None else commit.call.began_at
        if not any(min(began, commit.at) < partial.expires_at for partial in waited):
            self._journal.violate(FACTOR_SHOWN, f"session {session.id} was awaited by nothing")
        if not self._has_used_factor(commit, session.user_id):
            self._journal.violate(FACTOR_SHOWN, f"session {session.id} began without")

    def _has_used_factor(self, commit: Commit, user_id: UserId) -> bool:
        """Tell whether the call of a commit has used a code up."""
        commits = [commit] if commit.call is None else commit.call.commits
        return any(
            change.table in _FACTORS and change.key == user_id and change.before != change.after
            for one in commits
            for change in one.changes
        )

    def _had_app(self, commit: Commit, user_id: UserId) -> bool:
        """Tell whether somebody had an app before and behind this commit."""
        was = [change.before for change in _of(commit, "totps") if change.key == user_id]
        is_there = self._journal.now("totps", user_id) is not None
        return is_there and all(before is not None for before in was)

    def _by_password(self, commit: Commit, user_id: UserId, about: str) -> None:
        credential = self._journal.now("passwords", user_id)
        truth = None if credential is None else credential.digest.reveal()
        shown = None if commit.call is None else commit.call.password
        if truth is None or self._journal.passwords.get(truth) != shown:
            self._journal.violate(RIGHT_PASSWORD, f"{about} without")

    def _by_link(self, commit: Commit, user_id: UserId, about: str) -> None:
        browser = None if commit.call is None else commit.call.browser
        digest = None if browser is None else browser_digest(Secret(browser))
        spent = [proof for proof in _spent(commit) if proof.user_id == user_id]
        is_right = any(
            proof.purpose is Purpose.SIGN_IN and proof.asker == digest for proof in spent
        )
        if not is_right:
            self._journal.violate(LINK_ONCE, f"{about} without a link of this browser")

    def _proof(self, commit: Commit, change: Change) -> None:
        before, after = change.before, change.after
        if before is None or after is None:
            return
        if before.spent_at is not None and after.spent_at != before.spent_at:
            self._journal.violate(LINK_ONCE, f"proof {change.key} was spent twice")
        began = commit.at if commit.call is None else commit.call.began_at
        is_new = before.spent_at is None and after.spent_at is not None
        if is_new and min(began, commit.at) >= before.expires_at:
            self._journal.violate(LINK_ONCE, f"proof {change.key} was spent when it was over")
        if not before.tries <= after.tries <= MOST_TRIES:
            self._journal.violate(LINK_ONCE, f"proof {change.key} was tried {after.tries} times")


def _of(commit: Commit, table: str) -> Iterator[Change]:
    return (change for change in commit.changes if change.table == table)


def _spent(commit: Commit) -> Iterator[Proof]:
    """Yield the proofs that a commit has spent; whoever takes an account over removes them."""
    for change in _of(commit, "proofs"):
        before, after = change.before, change.after
        is_over = after is None or after.spent_at is not None
        if before is not None and before.spent_at is None and is_over:
            yield before
