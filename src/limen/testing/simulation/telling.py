"""Events and changes side by side: each has the other in the same transaction."""

from collections.abc import Iterator

from limen.core.events import (
    EmailSet,
    Event,
    PasswordChanged,
    PasswordHashUpgraded,
    PasswordReset,
    PasswordSet,
    RefreshTokenReuseDetected,
    RefreshTokenRotated,
    RoleCreated,
    RoleDeleted,
    RoleGranted,
    RoleReplaced,
    RoleWithdrawn,
    SessionCookieSet,
    SessionRevoked,
    SessionsRevoked,
    SignedIn,
    SigningKeyAdded,
    SignInThrottled,
    UserCreated,
    UserDeleted,
    UserDisplaced,
    UserReactivated,
    UserRegistered,
    UsersImported,
    UserSuspended,
    UserUpdated,
)
from limen.core.users.model import Status
from limen.testing.simulation import told_proofs
from limen.testing.simulation.catalogue import NO_SECRET_TOLD, TOLD, TRUE_EVENTS
from limen.testing.simulation.journal import Change, Commit, Fact, Journal
from limen.testing.simulation.people import STEM

_STATUS = {Status.SUSPENDED: "suspended", Status.ACTIVE: "reactivated"}
_SECRET = (
    *("limen_rt_", "limen_ps_", "limen_cs_", "limen_rm_"),
    *("limen_sign-in_", "limen_reset-password_", STEM, "$plain$"),
)


def examine(journal: Journal, commit: Commit) -> None:
    """Hold the events of a commit against its changes."""
    changed = {fact for change in commit.changes for fact in _facts(change, commit)}
    told = {fact for event in commit.events for fact in _told(event)}
    for fact in sorted(changed - told, key=_named):
        if not _is_implied(fact, told):
            journal.violate(TOLD, f"{_named(fact)} without an event")
    for fact in sorted(told - changed, key=_named):
        if not _is_told_anew(journal, fact):
            journal.violate(TRUE_EVENTS, f"an event tells of {_named(fact)}, which is not so")
    for event in commit.events:
        text = f"{event.payload()}{event.actor}"
        if any(secret in text for secret in _SECRET):
            journal.violate(NO_SECRET_TOLD, f"{event.name} tells a secret")


def _named(fact: Fact) -> str:
    return " ".join(str(part) for part in fact)


def _is_implied(fact: Fact, told: set[Fact]) -> bool:
    """Tell whether a change belongs to another that was told: of a user, of a session."""
    kind, *about = fact
    match kind:
        case "password" | "granted" | "withdrawn":
            return ("added", about[0]) in told or ("removed", about[0]) in told
        case "verified":
            return ("moved", about[0]) in told
        case "ended" | "api key ended":
            return any(
                other[0] in {"sessions ended", "suspended", "removed", "password", "moved"}
                and other[1] == about[0]
                for other in told
            )
    return False


def _is_told_anew(journal: Journal, fact: Fact) -> bool:
    """Tell whether an event repeats what was so already: the same grant, with the same end."""
    kind, *about = fact
    if kind == "granted":
        grants = journal.now("grants", about[0]) or ()
        return any(grant.role == about[1] for grant in grants)
    if kind == "withdrawn":
        # An ended grant goes without a word, but may be withdrawn all the same.
        grants = journal.now("grants", about[0]) or ()
        return all(grant.role != about[1] for grant in grants)
    return kind in {"sessions ended", "throttled", "risen"}


def _facts(change: Change, commit: Commit) -> Iterator[Fact]:
    match change.table:
        case "users":
            yield from _of_user(change)
        case "passwords" if change.after is not None:
            yield ("password", change.key)
        case "sessions":
            yield from _of_session(change)
        case "families" if change.before is not None and change.after is not None:
            if change.after.generation != change.before.generation:
                yield ("rotated", change.key, change.after.generation)
        case "grants":
            yield from _of_grants(change, commit)
        case "roles":
            verb = "added" if change.before is None else "replaced"
            yield (f"role {'removed' if change.after is None else verb}", change.key)
        case "keys" if change.before is None:
            yield ("key added", change.key)
        case _:
            yield from told_proofs.facts(change)


def _of_user(change: Change) -> Iterator[Fact]:
    before, after = change.before, change.after
    if before is None:
        yield ("added", change.key)
    elif after is None:
        yield ("removed", change.key)
    else:
        if before.status is not after.status:
            yield (_STATUS.get(after.status, "pending"), change.key)
        if before.email_verified_at is None and after.email_verified_at is not None:
            yield ("verified", change.key)
        if before.profile != after.profile:
            yield ("updated", change.key)
        if before.email.address != after.email.address:
            yield ("moved", change.key)


def _of_session(change: Change) -> Iterator[Fact]:
    before, after = change.before, change.after
    if before is None:
        yield ("signed in", change.key)
    elif before.ended_at is None and after is not None and after.ended_at is not None:
        yield ("ended", before.user_id)
    elif after is not None and before.authenticated_at != after.authenticated_at:
        yield ("risen", change.key)


def _of_grants(change: Change, commit: Commit) -> Iterator[Fact]:
    before = {grant.role: grant for grant in change.before or ()}
    after = {grant.role: grant for grant in change.after or ()}
    for role, grant in after.items():
        if before.get(role) != grant:
            yield ("granted", change.key, role)
    for role, grant in before.items():
        if role not in after and grant.is_live(commit.latest):
            yield ("withdrawn", change.key, role)


def _told(event: Event) -> Iterator[Fact]:
    user_id = event.user_id
    match event:
        case UserRegistered() | UserCreated():
            yield ("added", user_id)
        case UsersImported():
            yield from (("added", added) for added in event.user_ids)
        case UserDeleted() | UserDisplaced():
            yield ("removed", user_id)
        case UserSuspended():
            yield ("suspended", user_id)
        case UserReactivated():
            yield ("reactivated", user_id)
        case UserUpdated():
            yield ("updated", user_id)
        case EmailSet():
            yield ("moved", user_id)
        case PasswordSet() | PasswordChanged() | PasswordHashUpgraded() | PasswordReset():
            yield ("password", user_id)
        case SessionRevoked() | SessionsRevoked() | RefreshTokenReuseDetected():
            yield from (("ended", user_id), ("sessions ended", user_id))
        case _:
            yield from _told_of_rest(event)


def _told_of_rest(event: Event) -> Iterator[Fact]:
    match event:
        case SignedIn():
            yield ("signed in", event.session_id)
        case RefreshTokenRotated() | SessionCookieSet():
            yield ("rotated", event.session_id, event.generation)
        case RoleGranted():
            yield ("granted", event.user_id, event.role)
        case RoleWithdrawn():
            yield ("withdrawn", event.user_id, event.role)
        case RoleCreated():
            yield ("role added", event.role)
        case RoleReplaced():
            yield ("role replaced", event.role)
        case RoleDeleted():
            yield ("role removed", event.role)
        case SigningKeyAdded():
            yield ("key added", event.key_id)
        case SignInThrottled():
            yield ("throttled", event.user_id)
        case _:
            yield from told_proofs.told(event)
