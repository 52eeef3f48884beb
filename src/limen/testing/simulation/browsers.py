"""Remembered browsers and rising cookie sessions, judged at the commit that changes them."""

from collections.abc import Iterator
from typing import Any, Final

from limen.core.events import EmailChanged, RememberedReuseDetected, SessionCookieSet
from limen.core.ids import SessionId, UserId
from limen.core.remembered.model import Remembered
from limen.core.sessions.model import EndReason, Session
from limen.testing.simulation.catalogue import (
    COMES_BACK_ONCE,
    COOKIE_NEWEST,
    FORGOTTEN,
    PROVED_NOTHING,
)
from limen.testing.simulation.journal import Change, Commit, Journal
from limen.testing.simulation.moves import kept_by

# What whoever is merely remembered may bring about: leaving, and proving who they are.
_OPEN: Final = frozenset(
    {
        *("session.identified", "session.revoked", "session.stepped_up", "session.cookie_set"),
        *("factor.refused", "recovery_code.used", "signin.throttled", "signin.failed"),
        *("device.new", "password.proof_failed"),
    }
)


class BrowserJudge:
    """Judges how browsers come back, rise and are forgotten."""

    def __init__(self, journal: Journal) -> None:
        """Judge what is written into `journal`."""
        self._journal = journal

    def returned(self, commit: Commit, session: Session) -> None:
        """Judge by what an identified session begins."""
        call = commit.call
        shown = None if call is None else call.credential
        about = f"session {session.id}"
        moved = [change for change in _moved(commit) if change.after.session_id == session.id]
        if call is None or shown is None or not moved:
            self._violate(COMES_BACK_ONCE, f"{about} began at no remembered browser")
            return
        before, after = moved[0].before, moved[0].after
        if shown in self._journal.used:
            self._violate(COMES_BACK_ONCE, f"{about} began by what was used before")
        self._journal.used[shown] = after.id
        if after.digest == before.digest or after.expires_at != before.expires_at:
            self._violate(COMES_BACK_ONCE, f"{about} began, and nothing was renewed")
        if min(call.began_at, commit.at) >= before.expires_at:
            self._violate(COMES_BACK_ONCE, f"{about} began at a browser that was forgotten")
        if self._is_open(before.session_id):
            self._violate(COMES_BACK_ONCE, f"{about} began beside {before.session_id}")

    def risen(self, commit: Commit, session: Session) -> None:
        """Judge that a session which a browser carries rose by another cookie."""
        is_by_cookie = commit.call is not None and commit.call.cookie is not None
        renewed = any(
            change.table == "families" and change.key == session.id for change in commit.changes
        )
        if is_by_cookie and not renewed:
            self._violate(COOKIE_NEWEST, f"session {session.id} rose by the cookie it had")

    def ended(self, session: Session) -> None:
        """Judge that the browser of a session which somebody ended is forgotten with it."""
        if session.end_reason is EndReason.FACTOR_REQUIRED:
            return
        if any(one.session_id == session.id for one in self._of(session.user_id)):
            self._violate(FORGOTTEN, f"the browser of session {session.id}, which has ended")

    def cleared(self, user_id: UserId, kept: SessionId | None, why: str) -> None:
        """Judge that nothing remembers a user but the browser of a session that was kept."""
        if any(one.session_id != kept for one in self._of(user_id)):
            self._violate(FORGOTTEN, f"a browser remembers {user_id} behind {why}")

    def told(self, commit: Commit) -> None:
        """Judge what a used credential brings about, and what those who proved nothing do."""
        for event in commit.events:
            if event.actor.is_identified and event.name not in _OPEN:
                self._violate(PROVED_NOTHING, f"{event.name} by {event.actor.user_id}")
            if isinstance(event, SessionCookieSet):
                self._journal.carried.add(event.session_id)
            if isinstance(event, EmailChanged) and event.user_id is not None:
                self.cleared(event.user_id, kept_by(event), event.name)
            if isinstance(event, RememberedReuseDetected) and event.user_id is not None:
                self.cleared(event.user_id, None, "a used credential")
                left = [one.session_id for one in _gone(commit) if self._is_open(one.session_id)]
                if left:
                    self._violate(COMES_BACK_ONCE, f"{left} live on behind a used credential")

    def _of(self, user_id: UserId) -> Iterator[Remembered]:
        return (one for one in self._journal.rows["remembered"].values() if one.user_id == user_id)

    def _is_open(self, session_id: SessionId) -> bool:
        session = self._journal.now("sessions", session_id)
        return session is not None and session.ended_at is None

    def _violate(self, invariant: Any, found: str) -> None:
        self._journal.violate(invariant, found)


def _moved(commit: Commit) -> Iterator[Change]:
    """Yield the remembered browsers that a commit has moved on."""
    for change in commit.changes:
        if change.table == "remembered" and change.before is not None and change.after is not None:
            yield change


def _gone(commit: Commit) -> Iterator[Remembered]:
    for change in commit.changes:
        if change.table == "remembered" and change.before is not None and change.after is None:
            yield change.before
