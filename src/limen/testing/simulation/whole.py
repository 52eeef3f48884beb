"""Looking at the whole store at once: it holds what the journal says, and nothing dangles."""

from collections.abc import Iterator
from datetime import timedelta

from limen.adapters.memory.store import TABLES, Rows
from limen.core.roles.model import ADMIN
from limen.core.users.model import Status
from limen.testing.simulation.catalogue import (
    COMMITTED,
    LINK_ONCE,
    NO_ORPHANS,
    NOTHING_BREAKS,
    ONE_OWNER,
    SHUT_OUT,
)
from limen.testing.simulation.journal import OWNED, Journal

_LONG_AGO = timedelta(hours=1)


def examine_touched(journal: Journal) -> None:
    """Hold the rows that this step's commits changed against the store."""
    rows = journal.store.rows
    for table, key in journal.touched:
        if getattr(rows, table).get(key) is not journal.now(table, key):
            journal.violate(COMMITTED, f"{table}: a committed row is not in the store")
    journal.touched.clear()
    if journal.store.lock.locked():
        journal.violate(NOTHING_BREAKS, "a unit of work that is over still holds its lock")


def examine_all(journal: Journal) -> None:
    """Hold everything against the store, and every row against those it belongs to."""
    rows = journal.store.rows
    for table in TABLES:
        stored = dict(getattr(rows, table).items())
        if table == "events":
            # Their identifiers are given in the commit: here they become known to the journal.
            if len(stored) != journal.events:
                journal.violate(COMMITTED, f"{len(stored)} events, not {journal.events}")
            journal.rows[table] = stored
        elif stored != journal.rows[table]:
            journal.violate(COMMITTED, f"{table}: the store differs from what was committed")
    for fault in _orphans(rows):
        journal.violate(NO_ORPHANS, fault)
    _examine_users(journal, rows)


def _examine_users(journal: Journal, rows: Rows) -> None:
    names = [user.email.key for user in rows.users.values()]
    if len(set(names)) != len(names):
        journal.violate(ONE_OWNER, "two users have one address")
    slots = [(one.user_id, one.purpose, one.asker) for one in rows.proofs.values()]
    if len(set(slots)) != len(slots):
        journal.violate(LINK_ONCE, "two links of one user for one purpose and asker")
    for session in rows.sessions.values():
        user = rows.users.get(session.user_id)
        is_out = user is None or user.status is not Status.ACTIVE
        if is_out and session.ended_at is None:
            journal.violate(SHUT_OUT, f"{session.user_id} is out and has a session")


def _orphans(rows: Rows) -> Iterator[str]:
    yield from _lost_names(rows)
    yield from _lost_sessions(rows)
    users = rows.users
    for name in OWNED:
        keys = [key for key, _ in getattr(rows, name).items()]
        yield from (f"{name} of {key}, who is nobody" for key in keys if key not in users)
    for name in ("proofs", "partial_sessions", "remembered"):
        owners = [one.user_id for one in getattr(rows, name).values()]
        yield from (f"{name} of {one}, who is nobody" for one in owners if one not in users)
    yield from (
        f"key {key.id} of nobody" for key in rows.api_keys.values() if key.owner_id not in users
    )
    for grants in rows.grants.values():
        yield from (f"{g.role} is granted and gone" for g in grants if g.role not in rows.roles)
    if ADMIN not in rows.roles:
        yield "the built-in role is gone"


def _lost_names(rows: Rows) -> Iterator[str]:
    for user in rows.users.values():
        if rows.emails.get(user.email.key) != user.id:
            yield f"user {user.id} is not found by their address"
    for key, user_id in [*rows.emails.items(), *rows.usernames.items()]:
        if user_id not in rows.users:
            yield f"{key} leads to nobody"


def _lost_sessions(rows: Rows) -> Iterator[str]:
    for session in rows.sessions.values():
        if session.id not in (rows.user_sessions.get(session.user_id) or ()):
            yield f"session {session.id} is not among those of its user"
        if session.id not in rows.families:
            yield f"session {session.id} has no family"
    for family in rows.families.values():
        if family.session_id not in rows.sessions:
            yield f"family {family.session_id} has no session"


def forget(journal: Journal) -> None:
    """Let go of what no later step can be judged by."""
    sessions = journal.rows["sessions"]
    for lines in (journal.successors, journal.replaced):
        for key in [key for key in lines if key[0] not in sessions]:
            del lines[key]
    kept = {credential.digest.reveal() for credential in journal.rows["passwords"].values()}
    journal.passwords = {key: value for key, value in journal.passwords.items() if key in kept}
    journal.carried &= sessions.keys()
    browsers = journal.rows["remembered"]
    journal.used = {text: key for text, key in journal.used.items() if key in browsers}
    attempts = journal.rows["attempts"]
    journal.answers = {key: value for key, value in journal.answers.items() if key[0] in attempts}
    horizon = journal.highest - _LONG_AGO
    journal.ended = {key: end for key, end in journal.ended.items() if end.highest > horizon}
