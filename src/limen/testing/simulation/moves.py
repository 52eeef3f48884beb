"""Changes of address, judged at the commit that makes them."""

from limen.core.events import EmailChanged
from limen.core.ids import SessionId
from limen.core.proofs.model import Proof, Purpose
from limen.testing.simulation.catalogue import BOTH_ENDS
from limen.testing.simulation.journal import Commit, Journal


def examine_moves(journal: Journal, commit: Commit) -> None:
    """Judge that both ends of a change have agreed, and what it leaves open."""
    for event in commit.events:
        if isinstance(event, EmailChanged):
            _examine_ends(journal, commit, event)
            ids = journal.now("user_sessions", event.user_id) or ()
            sessions = [journal.now("sessions", session_id) for session_id in ids]
            others = [s.id for s in sessions if s.ended_at is None and s.id != kept_by(event)]
            if others:
                journal.violate(BOTH_ENDS, f"{others} of {event.user_id} live on")


def kept_by(event: EmailChanged) -> SessionId | None:
    """Return the session from which an address was changed, if it is its user's."""
    is_own = event.actor.person_id == event.user_id
    return event.actor.session_id if is_own else None


def _examine_ends(journal: Journal, commit: Commit, event: EmailChanged) -> None:
    moved = [c for c in commit.changes if c.table == "users" and c.key == event.user_id]
    before, after = moved[0].before, moved[0].after
    letters: list[Proof] = [
        change.before
        for change in commit.changes
        if change.table == "proofs" and change.before is not None
        if change.before.user_id == event.user_id
        if (change.before.new_email or "").lower() == after.email.key
    ]
    needed = {Purpose.CONFIRM_EMAIL_CHANGE}
    if before.email_verified_at is not None:
        needed.add(Purpose.APPROVE_EMAIL_CHANGE)
    # The last to agree does so in this very commit.
    agreed = {letter.purpose for letter in letters if letter.spent_at is not None}
    if not needed <= {letter.purpose for letter in letters} or len(needed - agreed) > 1:
        journal.violate(BOTH_ENDS, f"{event.user_id} moved, and agreed were {sorted(agreed)}")
