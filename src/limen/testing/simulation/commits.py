"""What every single transaction must keep, judged at its commit."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from limen.core.events import (
    Event,
    PasswordChanged,
    PasswordReset,
    PasswordSet,
    RoleGranted,
    UserTakenOver,
)
from limen.core.idempotency.model import ABANDONED
from limen.core.ids import UserId
from limen.core.roles.model import ADMIN, OWN, permissions_of
from limen.core.users.model import Status
from limen.testing.policies import Policies
from limen.testing.simulation import telling
from limen.testing.simulation.browsers import BrowserJudge
from limen.testing.simulation.catalogue import (
    A_KEY_SIGNS,
    ADMINISTRATOR,
    AUTHORITY,
    BOUNDED,
    COMMITTED,
    DONE_ONCE,
    ENDED_STAYS,
    ENDING_WHOLE,
    NEW_PASSWORD,
    NO_LOST_UPDATE,
    NO_ORPHANS,
    ONE_LINE,
    ONE_OWNER,
    PURGE_SPARES,
    SHUT_OUT,
)
from limen.testing.simulation.cookies import REMEMBERED
from limen.testing.simulation.journal import OWNED, Change, Commit, Ended, Journal
from limen.testing.simulation.moves import examine_moves
from limen.testing.simulation.proofs import ProofJudge
from limen.testing.simulation.throttling import examine_throttle

_NEW_PASSWORDS: Final = (PasswordChanged, PasswordSet, PasswordReset)


class CommitJudge:
    """Judges each commit, and brings the journal's rows on."""

    def __init__(self, journal: Journal, policies: Policies) -> None:
        """Judge what is written into `journal`."""
        self._journal = journal
        self._policies = policies
        self._has_administrator = False
        self._proofs = ProofJudge(journal, policies)
        self._browsers = BrowserJudge(journal)
        self._rules: Final[Mapping[str, Callable[[Commit, Change], None]]] = {
            "users": self._user,
            "emails": self._name,
            "usernames": self._name,
            "passwords": self._password,
            "sessions": self._session,
            "families": self._family,
            "endings": self._ending,
            "roles": self._versioned,
            "events": self._event,
            "throttles": self._throttle,
            "attempts": self._attempt,
            **self._proofs.rules,
        }

    def judge(self, commit: Commit) -> None:
        """Judge a commit before anybody is told of it."""
        journal = self._journal
        for change in commit.changes:
            if change.table == "events":
                continue
            if journal.now(change.table, change.key) is not change.before:
                journal.violate(COMMITTED, f"{change.table}: changed outside of any commit")
        for event in commit.events:
            self._authority(event)
        journal.apply(commit)
        for change in commit.changes:
            rule = self._rules.get(change.table)
            if rule is not None:
                rule(commit, change)
        tables = {change.table for change in commit.changes}
        if not tables.isdisjoint({"users", "grants"}):
            self._administrators()
        if "keys" in tables:
            self._keys(commit)
        telling.examine(journal, commit)
        self._proofs.told(commit)
        self._browsers.told(commit)
        examine_moves(journal, commit)
        self._new_passwords(commit)

    # --- users ---

    def _user(self, commit: Commit, change: Change) -> None:
        before, after = change.before, change.after
        if after is None:
            self._removed_user(change.key)
            return
        if before is not None and after.version == before.version:
            if replace(before, last_sign_in_at=after.last_sign_in_at) != after:
                self._journal.violate(NO_LOST_UPDATE, f"user {change.key} changed in silence")
        else:
            self._versioned(commit, change)
        if self._journal.now("emails", after.email.key) != change.key:
            self._journal.violate(ONE_OWNER, f"{after.email} is another's")
        if after.status is not Status.ACTIVE and self._live_sessions(change.key):
            self._journal.violate(SHUT_OUT, f"user {change.key} is {after.status} and signed in")

    def _removed_user(self, user_id: UserId) -> None:
        left = [table for table in OWNED if self._journal.now(table, user_id)]
        if left:
            self._journal.violate(NO_ORPHANS, f"removed user {user_id} leaves {left}")

    def _name(self, _commit: Commit, change: Change) -> None:
        if change.before is not None and change.after is not None and change.before != change.after:
            self._journal.violate(ONE_OWNER, f"{change.key} went from one user to another")

    def _password(self, commit: Commit, change: Change) -> None:
        """Judge a password; that of somebody whose account fell to another is a first one."""
        is_first = any(isinstance(event, UserTakenOver) for event in commit.events)
        self._versioned(commit, change._replace(before=None) if is_first else change)

    def _versioned(self, _commit: Commit, change: Change) -> None:
        before, after = change.before, change.after
        if after is None:
            return
        expected = 1 if before is None else before.version + 1
        if after.version != expected:
            self._journal.violate(
                NO_LOST_UPDATE, f"{change.table} {change.key}: {after.version}, not {expected}"
            )

    def _administrators(self) -> None:
        for user_id, grants in self._journal.rows["grants"].items():
            if any(grant.role == ADMIN and grant.ends_at is None for grant in grants):
                user = self._journal.now("users", user_id)
                if user is not None and user.status is Status.ACTIVE:
                    self._has_administrator = True
                    return
        if self._has_administrator:
            self._journal.violate(ADMINISTRATOR, "the last one is gone")

    def _authority(self, event: Event) -> None:
        """Look before the change: nobody may give what they did not have then."""
        if not isinstance(event, RoleGranted) or event.actor.is_system:
            return
        role = self._journal.now("roles", event.role)
        given = permissions_of([role]) & OWN
        user = self._journal.now("users", event.actor.user_id)
        grants = self._journal.now("grants", event.actor.user_id) or ()
        held = permissions_of(
            self._journal.now("roles", grant.role) for grant in grants if grant.is_live(event.at)
        )
        if user is None or user.status is not Status.ACTIVE or not given <= held:
            self._journal.violate(AUTHORITY, f"{event.role} given by one who has less")

    # --- sessions ---

    def _session(self, commit: Commit, change: Change) -> None:
        before, after = change.before, change.after
        if before is None:
            self._begun(commit, change)
        elif after is None:
            self._removed_session(commit, change)
        else:
            self._changed_session(commit, change)
        if before is not None and before.ended_at is None:
            self._ended(commit, change)

    def _begun(self, commit: Commit, change: Change) -> None:
        session = change.after
        user = self._journal.now("users", session.user_id)
        if user is None or user.status is not Status.ACTIVE:
            self._journal.violate(SHUT_OUT, f"a session begins for {session.user_id}")
        if REMEMBERED in session.methods:
            self._browsers.returned(commit, session)
        else:
            self._proofs.begun(commit, session)

    def _changed_session(self, commit: Commit, change: Change) -> None:
        before, after = change.before, change.after
        if before.ended_at is not None and before != after:
            self._journal.violate(ENDED_STAYS, f"session {change.key} was over and changed")
        fixed = (before.expires_at, before.created_at, before.user_id)
        is_moved = fixed != (after.expires_at, after.created_at, after.user_id)
        if is_moved or after.idle_expires_at > after.expires_at:
            self._journal.violate(BOUNDED, f"session {change.key}")
        if after.authenticated_at != before.authenticated_at:
            self._proofs.risen(commit, after)
            self._browsers.risen(commit, after)
        if after.last_used_at > commit.latest:
            self._journal.violate(BOUNDED, f"session {change.key} used in the future")

    def _removed_session(self, commit: Commit, change: Change) -> None:
        session = change.before
        if self._journal.now("users", session.user_id) is None:
            return
        end = min(session.ended_at or session.expires_at, session.idle_expires_at)
        if end >= commit.latest - self._policies.retention.sessions:
            self._journal.violate(PURGE_SPARES, f"session {change.key} was over at {end} only")

    def _ended(self, commit: Commit, change: Change) -> None:
        after = change.after
        if after is not None and after.ended_at is None:
            return
        is_purged = after is None and self._journal.now("users", change.before.user_id) is not None
        if not is_purged:
            self._journal.ended[change.key] = Ended(commit.number, commit.highest, commit.worker)
            family = self._journal.now("families", change.key)
            is_whole = family is None if after is None else family and family.ended_at is not None
            if not is_whole or self._journal.now("endings", change.key) is None:
                self._journal.violate(ENDING_WHOLE, f"session {change.key} ended in part")
            if after is not None:
                self._browsers.ended(after)

    def _live_sessions(self, user_id: UserId) -> list[object]:
        ids = self._journal.now("user_sessions", user_id) or ()
        sessions = (self._journal.now("sessions", session_id) for session_id in ids)
        return [s.id for s in sessions if s is not None and s.ended_at is None]

    def _family(self, commit: Commit, change: Change) -> None:
        before, after = change.before, change.after
        if before is None or after is None:
            return
        if before.ended_at is not None and before != after:
            self._journal.violate(ENDED_STAYS, f"family {change.key} was over and changed")
        if after.digest == before.digest:
            return
        call = commit.call
        # Behind a step-up nothing is good that was shown before.
        rises = call is not None and call.name.startswith("step up")
        is_next = (
            after.generation == before.generation + 1
            and after.previous_digest in ({None, before.digest} if rises else {before.digest})
            and after.seed == before.seed
        )
        is_dated = call is None or after.rotated_at >= min(call.began_at, commit.at)
        if not is_next or not is_dated or after.rotated_at > commit.latest:
            self._journal.violate(ONE_LINE, f"family {change.key} jumps to {after.generation}")
        self._journal.replaced[change.key, before.generation] = after.rotated_at

    def _ending(self, commit: Commit, change: Change) -> None:
        if change.after is None:
            needed = commit.latest - self._policies.denial.memory
            if change.before.ended_at >= needed:
                self._journal.violate(PURGE_SPARES, f"ending {change.key} is still needed")

    def _new_passwords(self, commit: Commit) -> None:
        for event in commit.events:
            if isinstance(event, _NEW_PASSWORDS) and event.user_id is not None:
                kept = event.actor.session_id if isinstance(event, PasswordChanged) else None
                others = [s for s in self._live_sessions(event.user_id) if s != kept]
                if others:
                    self._journal.violate(NEW_PASSWORD, f"{others} of {event.user_id} live on")
                self._browsers.cleared(event.user_id, kept, event.name)

    # --- the rest ---

    def _keys(self, commit: Commit) -> None:
        keys = self._journal.rows["keys"].values()
        if all(key.signs_from > commit.latest for key in keys):
            self._journal.violate(A_KEY_SIGNS, "none does")

    def _event(self, commit: Commit, change: Change) -> None:
        self._journal.events -= change.after is None
        if change.after is not None:
            self._journal.violate(COMMITTED, f"event {change.key} was rewritten")
        elif change.before.at >= commit.latest - self._policies.retention.events:
            self._journal.violate(PURGE_SPARES, f"event {change.key} is still to be told")

    def _throttle(self, commit: Commit, change: Change) -> None:
        examine_throttle(self._journal, commit, change, self._policies.throttle)

    def _attempt(self, commit: Commit, change: Change) -> None:
        before, after = change.before, change.after
        if before is None or (before.sealed is None and after is None):
            return
        if before.sealed is None and after.begun_at == before.begun_at:
            return
        if before.sealed is None:
            is_over = before.begun_at < after.begun_at - ABANDONED
        else:
            is_over = before.expires_at <= (commit.latest if after is None else after.begun_at)
        if not is_over:
            self._journal.violate(DONE_ONCE, "a request is done anew under its key")
